import { execFileSync } from 'node:child_process';
import { LocalTransport } from '@longhaul/sync-transports';
import { SqliteQueueStore, SyncQueue, SyncWorker, Verifier } from '@longhaul/sync-queue';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { filesBelow, kinds, ReclaimBench } from './reclaim/reclaim-bench.ts';

vi.setConfig({ testTimeout: 180_000 });

it('proves no source by itself, although a receipt of its own lies in it', async () => {
  const bench = await ReclaimBench.open();
  expect(kinds(await bench.reclaim(await bench.ripe(['disk'])))).toEqual(['done']);
  execFileSync('cp', ['-a', `${bench.root}/disk/out/results/.`, bench.source]);
  await symlink(bench.root, `${bench.root}/alias`);
  bench.transports.set('parent', new LocalTransport({ path: `${bench.root}/alias` }));
  const before = filesBelow(bench.source);
  const same = await bench.queue.enqueue({ source: bench.source, destination: 'parent', finalNameTemplate: 'source' });
  const inside = await bench.queue.enqueue({ source: bench.source, destination: 'parent', finalNameTemplate: 'source/copy' });
  const around = await bench.queue.enqueue({ source: `${bench.source}/deep`, destination: 'parent', finalNameTemplate: 'source' });
  await bench.push([]);
  for (const { job } of [same, inside, around]) {
    expect(await bench.job(job.id)).toMatchObject({ state: 'FAILED', errorKind: 'config', lastError: expect.stringContaining('no second copy') as string });
    expect(await bench.queue.proofs(job.id)).toEqual([]);
  }
  expect(filesBelow(bench.source)).toEqual(before);
});

it('takes the source under the final name for no proof, once it got there after the push', async () => {
  const bench = await ReclaimBench.open();
  const job = await bench.ripe();
  const result = `${bench.root}/nas/out/results`;
  await rm(bench.source, { recursive: true });
  await rename(result, bench.source);
  await symlink(bench.source, result);
  expect(await new Verifier(bench.ports()).verify(job.id)).toMatchObject({ outcome: { kind: 'unknown', evidence: expect.stringContaining('no second copy') as string } });
});

it('does not replace the only copy of what was freed here, also when the queue was lost since', async () => {
  const bench = await ReclaimBench.open();
  expect(kinds(await bench.reclaim(await bench.ripe()))).toEqual(['done']);
  await bench.write({ 'next.bin': 'of the next run' });
  const store = await SqliteQueueStore.open({ path: `${bench.root}/queue2.db` });
  onTestFinished(async () => store[Symbol.asyncDispose]());
  const queue = new SyncQueue({ store, resolveSource: async (path) => bench.sealer.resolve(path), hostId: 'host-1', hostName: 'alpha' });
  const work = async (): Promise<void> => new SyncWorker({ ...bench.ports(), store }).run({ mode: 'drain' });
  const { job } = await queue.enqueue({ source: bench.source, destination: 'nas', finalNameTemplate: 'out/results' });
  await work();
  expect(await queue.get(job.id)).toMatchObject({ state: 'FAILED', errorKind: 'config', lastError: expect.stringContaining('may be the only copy') as string, hint: expect.stringContaining('--as') as string });
  expect(filesBelow(`${bench.root}/nas/out/results`)).toContain('a.bin');
  // Brought back and proven once more, it may be replaced by what comes after it.
  await rm(bench.source, { recursive: true });
  await mkdir(bench.source);
  execFileSync('cp', ['-a', `${bench.root}/nas/out/results/.`, bench.source]);
  await queue.retry(job.id);
  await work();
  expect((await queue.get(job.id)).state).toBe('VERIFIED');
});
