import type { DestinationInfo, SyncHost, TrustOffer } from '@longhaul/host';
import type { ProbeReport } from '@longhaul/sync-transports';

import type { Cli } from '../cli-context.ts';
import type { CommandModule } from '../command-module.ts';
import { confirm } from '../confirm.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from '../output/printable.ts';
import { formatBytes } from '../output/quantities.ts';
import { UsageError } from '../usage-error.ts';
import { withHost } from '../with-host.ts';

export const syncDestinations: CommandModule = {
  usage: '[VERB [NAME]] [options]',
  about:
    'Without words: what is configured, what was used before, and how it stands. Verbs with NAME: probe asks a destination now (6 when it cannot be used). trust shows the fingerprints of an ssh host and, once you agree, writes its keys into the known hosts. pause lets its jobs wait, resume ends that; what runs goes on. renew is for a destination that was emptied or replaced on purpose: it is used again although nothing that was proven is there, and what the audit misses is sent again where the local copy is still there. With --all they hold for the whole queue.',
  examples: [
    { line: 'longhaul sync destinations', text: 'list them' },
    { line: 'longhaul sync destinations probe nas', text: 'is it reachable, how much is free, which tools are there' },
    { line: 'longhaul sync destinations trust nas', text: 'after comparing the fingerprint' },
    { line: 'longhaul sync destinations pause nas', text: 'let its jobs wait' },
    { line: 'longhaul sync destinations renew nas', text: 'its disk was replaced by an empty one' },
    { line: 'longhaul sync destinations pause --all', text: 'send nothing anywhere until: longhaul sync destinations resume --all' },
  ],
  options: [
    { flags: '-y, --yes', text: 'trust: accept the keys without a question' },
    { flags: '--all', text: 'pause, resume: the whole queue' },
    { flags: '--dry-run', text: 'trust: only show the keys' },
  ],
  operands: { min: 0, max: 2 },
  run: async (cli, { operands: [verb, name], options }) => {
    if (verb === undefined) return await withHost(cli, async (host) => await listAll(await host.sync(), cli));
    if (options.has('all')) return await wholeQueue(verb, { cli, name });
    const act = ACTS[verb];
    if (act === undefined || name === undefined) throw new UsageError(`"${verb}${name === undefined ? '' : ` ${name}`}" is not understood`, 'longhaul sync destinations [probe|trust|pause|resume|renew NAME]');
    if (act !== trust && (options.has('dryRun') || options.has('yes'))) throw new UsageError('--dry-run and --yes go with trust', `longhaul sync destinations ${verb} ${name}`);
    const answer = options.has('dryRun') ? 'dry-run' : options.has('yes') ? 'yes' : 'ask';
    return await withHost(cli, async (host) => await act(name, { cli, sync: await host.sync(), answer }));
  },
};

interface Acting {
  readonly cli: Cli;
  readonly sync: SyncHost;
  readonly answer: 'ask' | 'yes' | 'dry-run';
}

const ACTS: Readonly<Record<string, (name: string, acting: Acting) => Promise<number>>> = { probe, trust, pause, resume, renew };

/** pause --all, resume --all. */
async function wholeQueue(verb: string, { cli, name }: { readonly cli: Cli; readonly name: string | undefined }): Promise<number> {
  if ((verb !== 'pause' && verb !== 'resume') || name !== undefined) throw new UsageError('--all goes with pause or resume, and with no name', 'longhaul sync destinations pause --all');
  return await withHost(cli, async (host) => {
    const sync = await host.sync();
    const status = verb === 'pause' ? await sync.queue.pauseAll() : await sync.queue.resumeAll();
    if (verb === 'resume') await sync.ensureWorker();
    cli.printer.result(status, () => (verb === 'pause' ? 'the whole queue is paused; what runs goes on\n' : 'the queue works again\n'));
    return EXIT.OK;
  });
}

async function listAll(sync: SyncHost, { printer }: Cli): Promise<number> {
  const [destinations, queue] = await Promise.all([sync.destinations(), sync.queue.status()]);
  if (queue.pausedAt !== null) printer.note(`the whole queue is paused since ${queue.pausedAt}: longhaul sync destinations resume --all`);
  printer.result({ destinations, queue }, () =>
    printer.rows<DestinationInfo>(destinations, [
      { title: 'NAME', cell: ({ id }) => printable(id), priority: 0 },
      { title: 'TYPE', cell: ({ type }) => type, priority: 2 },
      { title: 'PLACE', cell: ({ place }) => printable(place), priority: 1, fit: 'cut' },
      { title: 'WAITING', cell: ({ status }) => String(status?.waiting ?? 0), priority: 3, align: 'right' },
      { title: 'RUNNING', cell: ({ status }) => String(status?.running ?? 0), priority: 3, align: 'right' },
      { title: 'STANDS', cell: standing, priority: 1, fit: 'cut' },
    ]),
  );
  if (destinations.length === 0) printer.note('none yet. Add one to longhaul.yaml, or send to a folder: longhaul sync push SOURCE --to /mnt/nas/lab');
  return EXIT.OK;
}

function standing({ id, status, stale }: DestinationInfo): string {
  if (stale !== null) return `last known settings: ${printable(stale)}`;
  if (status?.paused === true) return 'paused';
  // What to do goes first: the end is cut.
  if ((status?.block ?? status?.lastProbe)?.errorKind === 'host_key') return `host key not trusted: longhaul sync destinations trust ${printable(id)}`;
  if (status?.block != null) return printable(status.block.detail);
  return status === null || status.lastProbe === null ? 'not asked yet' : status.lastProbe.reachable ? 'answers' : 'did not answer';
}

async function probe(name: string, { cli, sync }: Acting): Promise<number> {
  const report = await sync.probe(name, cli.interrupted);
  cli.printer.result({ destination: name, probe: report }, () => probeText(name, report));
  if (report.hint !== null) cli.printer.note(`hint: ${report.hint}`);
  return report.reachable && report.errorKind === null ? EXIT.OK : EXIT.PROBLEMS;
}

function probeText(name: string, { reachable, errorKind, evidence, freeBytes, hash, tools }: ProbeReport): string {
  if (!reachable || errorKind !== null) return `${printable(name)} cannot be used${errorKind === null ? '' : ` (${errorKind})`}: ${printable(evidence ?? 'it gave no reason')}\n`;
  const free = freeBytes === null ? '' : `, ${formatBytes(freeBytes)} free`;
  return `${printable(name)} answers${free}, proof by ${hash}${tools.length === 0 ? '' : `; ${printable(tools.join(', '))}`}\n`;
}

async function trust(name: string, { cli, sync, answer }: Acting): Promise<number> {
  const offer = await sync.offerTrust(name);
  const fresh = offer.keys.filter(({ standing: keyStanding }) => keyStanding !== 'known');
  cli.printer.note(offerText(offer));
  const wanted = answer === 'yes' || (answer === 'ask' && fresh.length > 0 && (await confirm('Are these the fingerprints of that host? Compare them with what its operator says.', cli)));
  const added = wanted ? sync.acceptTrust(offer) : [];
  cli.printer.result({ ...offer, added }, () => (fresh.length === 0 ? 'known already\n' : added.length === 0 ? 'nothing was written\n' : `written to ${printable(offer.knownHosts)}\n`));
  if (added.length > 0) cli.printer.note(`what failed for want of it goes again with: longhaul sync retry --all --to ${printable(name)}`);
  return fresh.length === 0 || added.length > 0 || answer === 'dry-run' ? EXIT.OK : EXIT.FAILED;
}

function offerText({ knownAs, keys }: TrustOffer): string {
  const marks = { new: '', known: '  (known already)', changed: '  (ANOTHER KEY OF THIS TYPE IS KNOWN)' } as const;
  return `${knownAs} shows these keys:\n${keys.map(({ type, fingerprint, standing: keyStanding }) => `  ${type}  ${fingerprint}${marks[keyStanding]}`).join('\n')}`;
}

async function pause(name: string, { cli, sync }: Acting): Promise<number> {
  const status = await sync.queue.pauseDestination(await sync.destinationId(name));
  cli.printer.result(status, () => `${printable(name)} is paused\n`);
  return EXIT.OK;
}

async function resume(name: string, { cli, sync }: Acting): Promise<number> {
  const status = await sync.queue.resumeDestination(await sync.destinationId(name));
  await sync.ensureWorker();
  cli.printer.result(status, () => `${printable(name)} is in use again\n`);
  return EXIT.OK;
}

async function renew(name: string, { cli, sync }: Acting): Promise<number> {
  const status = await sync.queue.renewDestination(await sync.destinationId(name));
  await sync.ensureWorker();
  cli.printer.result(status, () => `${printable(name)} is used as it is now; what was proven there before: longhaul sync verify --to ${printable(name)}\n`);
  return EXIT.OK;
}
