import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { canTransition, type Job } from '@longhaul/sync-queue';
import { runToEnd, waitFor } from '@longhaul/testbed';
import type { SyncRunWorld } from './sync-run.ts';

/** What must hold when all is over: no job lost or stuck, nothing torn, nothing left behind, nobody left running. Gives what does not. */
export async function violations(world: SyncRunWorld): Promise<readonly string[]> {
  const { jobs } = await world.sync.queue.list({ limit: 500 });
  const found = await Promise.all([...jobs.map(async (job) => jobViolations(world, job)), ...world.sources.map(async (source) => resultViolations(world, source))]);
  return [...found.flat(), ...(await leftBehind(world)), ...(await leftRunning(world))];
}

async function jobViolations({ sync }: SyncRunWorld, job: Job): Promise<readonly string[]> {
  const what = `job ${job.id} (${basename(job.source)}, ${job.state})`;
  const history = await sync.queue.history(job.id);
  const proofs = await sync.queue.proofs(job.id);
  const found = job.state === 'VERIFIED' ? [] : [`${what}: not proven: ${job.hold ?? ''} ${job.lastError ?? ''}`];
  if (proofs.length !== 1 || proofs[0]?.sealDigest !== job.sealDigest) found.push(`${what}: ${String(proofs.length)} proofs`);
  for (const [index, { from, to, epoch }] of history.entries()) {
    const before = history[index - 1];
    if (from !== (before?.to ?? null)) found.push(`${what}: a gap in its history`);
    if (from !== null && from !== to && !canTransition(from, to)) found.push(`${what}: ${from} to ${to}`);
    if (epoch < (before?.epoch ?? 0)) found.push(`${what}: a lower epoch wrote after a higher one`);
  }
  return found;
}

/** The result is the source, byte by byte, and its own checksums say so. */
async function resultViolations({ place }: SyncRunWorld, source: string): Promise<readonly string[]> {
  const result = join(place, basename(source));
  if (!existsSync(result)) return [`${basename(source)} never arrived`];
  const [here, there] = [digests(source), digests(result)];
  const names = new Set([...here.keys(), ...there.keys()]);
  const found = [...names].filter((name) => here.get(name) !== there.get(name)).map((name) => `${basename(source)}/${name}: here ${here.get(name) ?? 'nothing'}, there ${there.get(name) ?? 'nothing'}`);
  const sums = await runToEnd('sha256sum', ['--quiet', '--strict', '-c', '.longhaul/checksums.sha256'], { cwd: result });
  return sums.code === 0 ? found : [...found, `${basename(source)}: its checksums do not hold: ${sums.stderr.toString()}`];
}

function digests(folder: string): ReadonlyMap<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).filter((file) => !relative(folder, file).startsWith('.longhaul/'));
  return new Map(paths.map((file) => [relative(folder, file), createHash('sha256').update(readFileSync(file)).digest('hex')]));
}

/** Of a script that is still at it: it takes them away when it notices that its connection has ended with its worker. */
const SCRAPS = /^\.(?:new|gone|probe|names|link)\./;

async function leftBehind({ place, sources, sync }: SyncRunWorld): Promise<readonly string[]> {
  const expected = new Set(sources.map((source) => basename(source)));
  const strangers = readdirSync(place).filter((name) => !expected.has(name) && !name.startsWith('.longhaul-'));
  const incoming = join(place, '.longhaul-incoming');
  const scraps = (): boolean => existsSync(incoming) && readdirSync(incoming).some((name) => SCRAPS.test(name));
  await waitFor(() => !scraps(), { what: 'the end of the scripts there', deadline: 20_000 }).catch(() => undefined);
  const staging = existsSync(incoming) ? readdirSync(incoming).filter((name) => name !== '.locks') : [];
  const locks = existsSync(join(incoming, '.locks')) ? readdirSync(join(incoming, '.locks')) : [];
  const leases = await sync.store.leases();
  return [
    ...[...strangers, ...staging, ...locks].map((name) => `left at the destination: ${name}`),
    ...leases.map(({ jobId }) => `job ${jobId} is still leased`),
    ...(await sync.store.orphans()).map(({ jobId }) => `job ${jobId} still has a process on record`),
  ];
}

/** A server side that was orphaned ends by itself when its connection does. */
async function leftRunning({ folder }: SyncRunWorld): Promise<readonly string[]> {
  const running = (): readonly string[] => readdirSync('/proc').filter((entry) => /^\d+$/.test(entry) && commandOf(entry).includes(`${folder}/place`));
  const none = await waitFor(() => running().length === 0, { what: 'the end of all processes', deadline: 20_000 }).catch(() => false);
  return none ? [] : running().map((pid) => `process ${pid} is left: ${commandOf(pid)}`);
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').replaceAll('\0', ' ');
  } catch {
    // Gone meanwhile.
    return '';
  }
}
