import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { SyncHost } from '@longhaul/host';
import { openHost } from '@longhaul/host';
import type { Job } from '@longhaul/sync-queue';
import { tempDir, type Sshd } from '@longhaul/testbed';
import { chance, type Chance } from '../chaos/random.ts';
import { sleepThroughTheLease } from './sleep.ts';
import { violations } from './verdicts.ts';
import { startWorker, type Worker } from './worker-process.ts';

/** Where a run takes place. */
export interface SyncRunOptions {
  readonly seed: number;
  readonly sshd: Sshd;
  /** argv of the program, `longhaul`. */
  readonly program: readonly string[];
  readonly say?: (line: string) => void;
}

/** What came of it; `violations` is empty where everything was kept. */
export interface SyncRunResult {
  readonly seed: number;
  readonly kills: number;
  /** Whether a worker was stopped for longer than its lease. */
  readonly slept: boolean;
  readonly jobs: number;
  /** Recoveries, orphans and the like that were met: without any the run has shown nothing. */
  readonly recovered: number;
  readonly violations: readonly string[];
}

/** What a run works with. */
export interface SyncRunWorld {
  readonly folder: string;
  readonly place: string;
  readonly sources: readonly string[];
  readonly sync: SyncHost;
}

const MIBIT = [8, 40, 200, null] as const;
/** Events of a worker after which it is killed: in the middle of sealing, of the push, of verify and publish. */
const MOMENTS = ['jobStarted', 'jobStarted', 'progress', 'progress', 'verifying', 'transition'] as const;
/** So long a run may take to come to its end when nobody kills any more. Milliseconds. */
const PATIENCE_MS = 120_000;

/** Every so many seeds a worker is stopped for longer than its lease, which takes more than a minute. */
const SLEEP_EVERY = 20;

/**
 * Some sources on their way over a real sshd while their workers get kill -9 at random moments; then one that lives, and everything is
 * held against the sources. In every other run one source lies inside another. The seed chooses what is done, not when the machine is where.
 */
export async function syncRun({ seed, sshd, program, say = () => undefined }: SyncRunOptions): Promise<SyncRunResult> {
  await using dir = await tempDir('longhaul-chaos-sync-');
  const random = chance(seed);
  const place = join(dir.path, 'place');
  mkdirSync(place);
  writeConfig(dir.path, { sshd, place, uploadMbps: random.oneOf(MIBIT) });
  const sources = Array.from({ length: 1 + random.below(3) }, (_, index) => makeSource(join(dir.path, `source-${String(index)}`), random));
  if (seed % 2 === 0) sources.push(makeSource(join(dir.path, 'source-0', 'a', 'inside'), random));
  const stateDir = join(dir.path, 'state');
  const env = { ...process.env, LONGHAUL_STATE_DIR: stateDir, LONGHAUL_TMUX_SOCKET: join(dir.path, 'tmux.sock') };
  await using host = await openHost({ cwd: dir.path, env, stateDir, program: null });
  const sync = await host.sync();
  const world = { folder: dir.path, place, sources, sync };
  for (const source of sources) await sync.push({ source, to: ['nas'], as: null });

  const killing = { random, start: () => startWorker(program, { cwd: dir.path, env }), say };
  const kills = await killAlong(world, killing);
  const slept = seed % SLEEP_EVERY === 0;
  const sleeping = slept ? await asleep(world, killing) : [];
  await comeToAnEnd(world, () => startWorker(program, { cwd: dir.path, env, args: ['--drain'] }));
  const { jobs } = await sync.queue.list({ limit: 500 });
  const recovered = jobs.reduce((sum, { epoch }) => sum + epoch, 0) > jobs.length ? 1 : 0;
  return { seed, kills: kills + (slept ? 2 : 0), slept, jobs: jobs.length, recovered, violations: [...sleeping, ...(await violations(world))] };
}

/** By what and how workers come to their end. */
export interface Killing {
  readonly random: Chance;
  readonly start: () => Worker;
  readonly say: (line: string) => void;
}

async function killAlong(world: SyncRunWorld, { random, start, say }: Killing): Promise<number> {
  let kills = 0;
  for (let round = 2 + random.below(3); round > 0; round -= 1) {
    if (!(await world.sync.store.hasActive())) await changeAll(world, random);
    const workers = random.below(4) === 0 ? [start(), start()] : [start()];
    if (random.below(4) === 0) disturb(world, random);
    const moment = random.oneOf(MOMENTS);
    await Promise.race([...workers.map(async (worker) => worker.saw(moment)), delay(10_000)]);
    // At a random moment after it: this is no wait for anything.
    await delay(random.below(400));
    for (const worker of workers) worker.process.kill('SIGKILL');
    await Promise.all(workers.map(async ({ ended }) => ended));
    kills += workers.length;
    say(`killed ${String(workers.length)}: ${(await world.sync.queue.list()).jobs.map(({ state, phase }) => `${state} ${phase ?? ''}`.trim()).join(', ')}`);
  }
  return kills;
}

async function asleep(world: SyncRunWorld, killing: Killing): Promise<readonly string[]> {
  if (!(await world.sync.store.hasActive())) await changeAll(world, killing.random);
  return sleepThroughTheLease(world, killing);
}

/** A program that writes where it should not. */
function disturb({ sources }: SyncRunWorld, random: Chance): void {
  writeFileSync(join(random.oneOf(sources), 'late'), randomBytes(1 + random.below(20_000)));
}

/** All is done already: there is more to do. */
async function changeAll({ sources, sync }: SyncRunWorld, random: Chance): Promise<void> {
  for (const source of sources) {
    writeFileSync(join(source, 'more'), randomBytes(1 + random.below(500_000)));
    await sync.push({ source, to: ['nas'], as: null });
  }
}

/** The sources are quiet now, and workers live: everything that is there must be proven there. */
async function comeToAnEnd({ sync, sources }: SyncRunWorld, start: () => Worker): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (const source of sources) await sync.push({ source, to: ['nas'], as: null });
  while (Date.now() < end) {
    const open = (await sync.queue.list({ limit: 500 })).jobs.filter(({ state }) => state !== 'VERIFIED');
    if (open.length === 0 && !(await stagingLeft(sync))) return;
    await nudge(sync, open);
    await start().ended;
  }
}

async function stagingLeft(sync: SyncHost): Promise<boolean> {
  return (await sync.store.leases()).length > 0 || (await sync.store.orphans()).length > 0;
}

/** What a person does who knows that all is well again: nobody waits two minutes here. */
async function nudge({ queue }: SyncHost, jobs: readonly Job[]): Promise<void> {
  await queue.resumeDestination('nas');
  for (const { id, state, hold, lastError } of jobs) {
    // Parked by the design: it took three workers along, one after the other.
    const parked = state === 'FAILED' && lastError?.includes('worker died') === true;
    if (parked || (state === 'QUEUED' && hold !== null && hold !== 'source_changed')) await queue.retry(id);
  }
}

function makeSource(folder: string, random: Chance): string {
  const files = 3 + random.below(6);
  for (let index = 0; index < files; index += 1) {
    const file = join(folder, random.oneOf(['', 'a', 'a/b']), `file ${String(index)}`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, randomBytes(random.below(4) === 0 ? random.below(2_000_000) : random.below(50_000)));
  }
  return folder;
}

function writeConfig(folder: string, { sshd, place, uploadMbps }: { readonly sshd: Sshd; readonly place: string; readonly uploadMbps: number | null }): void {
  const nas = { type: 'rsync_ssh', target: sshd.target, path: place, port: sshd.port, sshKey: sshd.clientKey, knownHosts: sshd.knownHosts, ...(uploadMbps === null ? {} : { bandwidth: { uploadMbps } }) };
  // JSON is YAML.
  writeFileSync(join(folder, 'longhaul.yaml'), JSON.stringify({ destinations: { nas } }));
}
