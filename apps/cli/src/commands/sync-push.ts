import path from 'node:path';

import type { PushedJob, SyncHost, WorkerPresence } from '@longhaul/host';
import type { Job } from '@longhaul/sync-queue';

import type { Cli } from '../cli-context.ts';
import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { showPreview } from '../output/push-preview.ts';
import { printable } from '../output/printable.ts';
import { ProgressLine } from '../output/progress-line.ts';
import { jobText } from '../output/job-text.ts';
import { UsageError } from '../usage-error.ts';
import { withHost } from '../with-host.ts';

export const syncPush: CommandModule = {
  usage: 'SOURCE --to DEST [options]',
  about:
    'SOURCE, a folder or a file, is sealed (every file hashed), sent, hashed again at the destination, and only then put under its final name, with checksums and a receipt beside it in .longhaul/. Nothing local is deleted. Without --wait a worker in the background does the work.',
  examples: [
    { line: 'longhaul sync push results --to nas --wait', text: 'send a folder, and wait until it is proven there' },
    { line: 'longhaul sync push results --to nas --to /mnt/backup', text: 'to two places; an absolute path is a mounted disk' },
    { line: `longhaul sync push results --to nas --exclude '*.tmp' --exclude cache/`, text: 'without these; a .longhaulignore in the folder says it for good' },
    { line: 'longhaul sync push results --to nas --as "{host}/{date}/{name}"', text: 'under another name' },
    { line: 'longhaul sync push results --to nas --dry-run', text: 'what would be sent, what is in the way' },
    { line: 'longhaul sync push paper-figures --to nas --priority 10', text: 'before all others that wait' },
  ],
  options: [
    { flags: '--to <DEST>', text: 'where to: a destination of longhaul.yaml, or the absolute path of a folder; may be repeated', repeat: 'yes' },
    { flags: '--as <TEMPLATE>', text: 'final name, made of {name} {host} {date}; {name} if not said' },
    { flags: '--priority <N>', text: 'higher goes first, from -100 to 100; 0 if not said' },
    { flags: '--include <PATTERN>', text: 'only what matches, as in a .gitignore, folders with everything in them; may be repeated', repeat: 'yes' },
    { flags: '--exclude <PATTERN>', text: 'not what matches, as in a .gitignore; may be repeated', repeat: 'yes' },
    { flags: '--dry-run', text: 'only look and say what would be sent; nothing is changed, here or there' },
    { flags: '-w, --wait', text: 'wait for the end and show the progress; Ctrl-C only stops waiting' },
    { flags: '--no-worker', text: 'only put it into the queue' },
  ],
  operands: { min: 1, max: 1 },
  run: async (cli, { operands: [source = ''], options }) => {
    const to = options.list('to');
    if (to.length === 0) throw new UsageError('where to? --to DEST is missing', 'see longhaul sync destinations');
    if (options.has('wait') && !options.has('worker')) throw new UsageError('--wait would wait for ever with --no-worker', 'leave one of them out');
    return await withHost(cli, async (host) => {
      const ahead = options.has('wait') && !options.has('dryRun') ? await host.startWorkerAhead() : null;
      const sync = await host.sync();
      const filter = { include: options.list('include'), exclude: options.list('exclude') };
      const priority = priorityOf(options.text('priority') ?? '0');
      const input = { source: path.resolve(cli.cwd, source), to, as: options.text('as'), priority, filter };
      if (options.has('dryRun')) return showPreview(await sync.preview(input, cli.interrupted), cli);
      const pushed = await sync.push(input);
      const worker = options.has('worker') ? await sync.ensureWorker(ahead) : 'none';
      if (options.has('wait')) return await waitFor(pushed, { sync, cli });
      cli.printer.result({ jobs: pushed, worker }, () => pushed.map(pushedText).join(''));
      sayWorker(worker, cli);
      return EXIT.OK;
    });
  },
};

function priorityOf(text: string): number {
  const priority = /^[+-]?\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (priority >= -100 && priority <= 100) return priority;
  throw new UsageError(`--priority ${text} cannot be used`, 'a whole number from -100 to 100');
}

function pushedText({ job, kind, because }: PushedJob): string {
  const said = kind === 'duplicate' ? DUPLICATES[because ?? 'active'] : kind === 'newGeneration' ? 'queued, as a new generation' : 'queued';
  return `${job.id}  ${said}  ${printable(job.source)} -> ${printable(job.destination)}: ${printable(job.finalName)}\n`;
}

const DUPLICATES = { active: 'on its way already', dedupKey: 'queued before', failed: 'had failed, is tried again' } as const;

function sayWorker(worker: WorkerPresence, { printer }: Cli): void {
  if (worker === 'none') printer.note('no worker runs: longhaul sync work');
}

interface Waiting {
  readonly sync: SyncHost;
  readonly cli: Cli;
}

async function waitFor(pushed: readonly PushedJob[], { sync, cli }: Waiting): Promise<number> {
  const line = new ProgressLine(cli.printer, process.stderr);
  cli.answerInterrupts();
  let jobs: readonly Job[] = pushed.map(({ job }) => job);
  for await (const current of sync.follow(jobs.map(({ id }) => id), cli.interrupted)) {
    jobs = current;
    line.show(jobs, Date.now());
  }
  line.clear();
  return report(jobs, cli);
}

function report(jobs: readonly Job[], { printer, interrupted }: Cli): number {
  if (interrupted.aborted) printer.note('the transfer goes on in the background. See longhaul sync list');
  const text = (): string => jobs.map((job) => `${printable(job.source)} -> ${printable(job.destination)}: ${printable(job.finalName)}  ${jobText(job, printer.colours)}\n`).join('');
  if (printer.format === 'json') printer.event('result', { data: { jobs } });
  else printer.result(null, text);
  for (const { id, hint } of jobs) if (hint !== null) printer.note(`hint for ${id}: ${hint}`);
  if (interrupted.aborted) return EXIT.OK;
  const proven = jobs.filter(({ state }) => PROVEN.has(state)).length;
  if (proven === jobs.length) return EXIT.OK;
  return proven === 0 ? EXIT.FAILED : EXIT.PROBLEMS;
}

const PROVEN: ReadonlySet<Job['state']> = new Set(['VERIFIED', 'CLEANUP_ELIGIBLE', 'CLEANED']);
