import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { SqliteQueueStore, SyncQueue } from '@longhaul/sync-queue';
import { tempDir, waitFor } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';
import { namedSealer } from './processes/memory-seals.ts';
import { startTime } from './processes/proc-owners.ts';

const WORKER = fileURLToPath(new URL('processes/worker-process.ts', import.meta.url));

interface Bench {
  readonly root: string;
  readonly path: string;
  readonly store: SqliteQueueStore;
  readonly queue: SyncQueue;
}

async function bench(jobs: number): Promise<Bench> {
  const dir = await tempDir();
  onTestFinished(async () => dir[Symbol.asyncDispose]());
  const path = dir.join('queue.db');
  const store = await SqliteQueueStore.open({ path });
  onTestFinished(async () => store[Symbol.asyncDispose]());
  const queue = new SyncQueue({ store, resolveSource: async (source) => namedSealer.resolve(source), hostId: 'host-1', hostName: 'alpha' });
  for (let index = 0; index < jobs; index += 1) await queue.enqueue({ source: `/data/job-${index}`, destination: 'disk' });
  return { root: dir.path, path, store, queue };
}

interface Worker {
  readonly child: ChildProcess;
  readonly lines: string[];
  readonly errors: string[];
  readonly ended: Promise<number | null>;
}

/** A worker in a process of its own, killed at the end of the test whatever becomes of it. */
function startWorker({ path, root }: Bench, mode: 'drain' | 'hang' = 'drain'): Worker {
  const child = spawn(process.execPath, ['--conditions=@longhaul/source', WORKER, path, root, mode], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [lines, errors]: [string[], string[]] = [[], []];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  createInterface({ input: child.stderr }).on('line', (line) => errors.push(line));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  onTestFinished(() => void child.kill('SIGKILL'));
  return { child, lines, errors, ended };
}

async function log({ root }: Bench): Promise<readonly (readonly string[])[]> {
  const text = await readFile(`${root}/log`, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').map((line) => line.split(' '));
}

describe('worker processes that share a queue file', () => {
  it('do 200 jobs, each exactly once', async () => {
    const on = await bench(200);
    const workers = [startWorker(on), startWorker(on)];
    expect(await Promise.all(workers.map(async ({ ended }) => ended))).toEqual([0, 0]);
    expect(workers.flatMap(({ errors }) => errors)).toEqual([]);
    const steps = await log(on);
    for (const step of ['push', 'pushed', 'published']) {
      const ids = steps.filter(([name]) => name === step).map(([, id]) => id);
      expect({ step, all: ids.length, different: new Set(ids).size }).toEqual({ step, all: 200, different: 200 });
    }
    expect(await on.store.counts()).toEqual([{ destination: 'disk', state: 'VERIFIED', jobs: 200 }]);
    // Both did some of it, or it was no test of sharing.
    expect(new Set(steps.map(([, , , pid]) => pid)).size).toBe(2);
  });

  it('lose none and publish none twice, however often they are killed', async () => {
    const on = await bench(60);
    for (let kill = 1; kill <= 10; kill += 1) {
      const workers = [startWorker(on), startWorker(on)];
      const before = (await log(on)).length;
      // Killed at some moment of the work, or when nothing is left to do.
      await waitFor(async () => (await log(on)).length >= before + 3 * kill || !(await on.store.hasActive()), { interval: 1 });
      for (const { child } of workers) child.kill('SIGKILL');
      await Promise.all(workers.map(async ({ ended }) => ended));
    }
    const last = startWorker(on);
    expect(await last.ended).toBe(0);
    expect(await on.store.counts()).toEqual([{ destination: 'disk', state: 'VERIFIED', jobs: 60 }]);
    const published = (await log(on)).filter(([name]) => name === 'published').map(([, id]) => id);
    expect(new Set(published).size).toBe(published.length);
    for (const { id } of (await on.store.list({ limit: 500 })).jobs) expect(await on.store.proofs(id)).toHaveLength(1);
    expect(await on.store.leases()).toEqual([]);
  });

  it('lose none when one is killed: another takes over within seconds, after it has ended the orphan', async () => {
    const on = await bench(1);
    const first = startWorker(on, 'hang');
    const [, jobId = '', orphan = ''] = (await waitFor(() => first.lines.find((line) => line.startsWith('hanging')))).split(' ');
    await waitFor(async () => (await on.store.get(jobId))?.phase === 'pushing');
    const second = startWorker(on);
    await waitFor(() => second.lines.includes('ready'));
    first.child.kill('SIGKILL');
    expect(await second.ended).toBe(0);
    expect(second.lines).toEqual(['ready', `recovered ${jobId}`, `ended ${orphan}`, 'done']);
    expect(startTime(Number(orphan))).toBeNull();
    expect(await on.store.get(jobId)).toMatchObject({ state: 'VERIFIED', attempts: 0 });
    const history = await on.store.history(jobId);
    const [lost, back] = [history.findIndex(({ reason }) => reason.startsWith('pushing')), history.findIndex(({ reason }) => reason.startsWith('its worker is gone'))];
    // From the death to the recovery, by the queue's own clock; a lease would be 60 s.
    expect(Date.parse(history[back]!.at) - Date.parse(history[lost]!.at)).toBeLessThan(30_000);
  });

  it('end a job that was cancelled while its worker was killed, and its orphan with it', async () => {
    const on = await bench(1);
    const worker = startWorker(on, 'hang');
    const [, jobId = '', orphan = ''] = (await waitFor(() => worker.lines.find((line) => line.startsWith('hanging')))).split(' ');
    onTestFinished(() => killQuietly(Number(orphan)));
    await on.queue.cancel(jobId);
    // Its push never ends by itself: only the signal or a kill would; the row says that it is to be cancelled.
    expect(await on.store.get(jobId)).toMatchObject({ state: 'RUNNING', cancelRequested: true });
    worker.child.kill('SIGKILL');
    await worker.ended;
    const next = startWorker(on);
    expect(await next.ended).toBe(0);
    expect(await on.store.get(jobId)).toMatchObject({ state: 'CANCELLED' });
    expect(startTime(Number(orphan))).toBeNull();
  });
});

function killQuietly(pid: number): void {
  if (startTime(pid) !== null) process.kill(pid, 'SIGKILL');
}
