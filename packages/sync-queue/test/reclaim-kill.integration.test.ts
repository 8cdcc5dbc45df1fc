import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Job, ReclaimStep } from '@longhaul/sync-queue';
import { RECLAIM_STEPS } from '@longhaul/sync-queue';
import { describe, expect, it, vi } from 'vitest';
import { FILES, filesBelow, HOUR, POLICY, ReclaimBench } from './reclaim/reclaim-bench.ts';

// Every publish waits for the disk, and a disk that others write to makes it wait long.
vi.setConfig({ testTimeout: 180_000 });

type Source = Awaited<ReturnType<ReclaimBench['anotherSource']>>;
const ALL = [...Object.keys(FILES), 'not-utf8-\xff'].sort();
const PROGRAM = fileURLToPath(new URL('./processes/reaper-process.ts', import.meta.url));

/** A reaper in a process of its own, ended by kill -9 when it has come to that step so many times. */
async function killedAt(bench: ReclaimBench, sourceId: string, { step, times }: { readonly step: ReclaimStep; readonly times: number }): Promise<void> {
  const child = spawn(process.execPath, ['--conditions=@longhaul/source', PROGRAM, bench.root, String(bench.ahead), sourceId, step, String(times)], { stdio: ['ignore', 'inherit', 'inherit'] });
  const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
  expect(signal).toBe('SIGKILL');
}

describe('a reaper that is killed', () => {
  // The steps of a batch come by several times: the second batch, the third file.
  const moments = [...RECLAIM_STEPS.map((step) => ({ step, times: 1 })), { step: 'batch', times: 2 }, { step: 'removed', times: 3 }] as const;

  it('at any step is gone on with by the next: all is freed on proof, counted right, and nothing is stuck', async () => {
    const bench = await ReclaimBench.open();
    const sources = await Promise.all(moments.map(async ({ step, times }) => bench.anotherSource(`${step}-${String(times)}`)));
    const jobs = await bench.ripeAll(sources.map(({ path }) => path));
    for (const source of sources) await source.write('extra.bin', 'made after the seal');
    // Two at a time: there are as many processors.
    for (let next = 0; next < moments.length; next += 2) {
      await Promise.all(moments.slice(next, next + 2).map(async (moment, index) => killedAt(bench, jobs[next + index]!.sourceId, moment)));
    }
    for (const [index, { step, times }] of moments.entries()) {
      const left = sources[index]!.left();
      expect(left, step).toContain('extra.bin');
      // Before its intent nothing has gone.
      if (RECLAIM_STEPS.indexOf(step) <= RECLAIM_STEPS.indexOf('batch') && times === 1) expect(left, step).toEqual([...ALL, 'extra.bin'].sort());
    }

    const results = await bench.reaper({ reclaim: { ...POLICY, minAgeMs: 0, occasionMs: 1 } }).recover();

    // All but the one that had come to its end.
    expect(results).toHaveLength(moments.length - 1);
    for (const result of results) expect(result).toMatchObject({ kind: 'done', files: 5 });
    for (const [index, source] of sources.entries()) {
      expect(source.left()).toEqual(['extra.bin']);
      expect((await bench.job(jobs[index]!.id)).state).toBe('CLEANED');
      expect((await bench.store.reclaimFacts(jobs[index]!.sourceId))?.last).toMatchObject({ state: 'done', filesFreed: 5 });
      expect(filesBelow(`${bench.root}/nas/${source.name}`).filter((path) => ALL.includes(path))).toEqual(ALL);
    }
    expect(await bench.store.openReclaims()).toEqual([]);
  });

  it('goes on with nothing when the copy was damaged, or reclaim was switched off, in the meantime', async () => {
    const bench = await ReclaimBench.open();
    const first = await bench.anotherSource('first');
    const second = await bench.anotherSource('second');
    const [damaged, off] = (await bench.ripeAll([first.path, second.path])) as [Job, Job];
    await Promise.all([damaged, off].map(async (job) => killedAt(bench, job.sourceId, { step: 'removed', times: 3 })));
    await bench.damage(`nas/${first.name}/deep/b.bin`);
    const [openFirst, openSecond] = [first.left(), second.left()];
    expect(openFirst).toHaveLength(2);
    expect(await bench.reaper({ reclaim: { ...POLICY, reclaim: 'off' } }).recover()).toMatchObject([{ kind: 'stopped' }, { kind: 'stopped' }]);
    expect([(await bench.job(off.id)).state, (await bench.store.reclaimFacts(off.sourceId))?.last]).toMatchObject(['VERIFIED', { state: 'stopped', filesFreed: 2 }]);
    await bench.reaper({ reclaim: { ...POLICY, minAgeMs: 0, occasionMs: 1 } }).sweep();
    expect(first.left()).toEqual(openFirst);
    expect(second.left()).toEqual([]);
    expect(openSecond).toHaveLength(2);
    expect(await bench.job(damaged.id)).toMatchObject({ state: 'VERIFIED', damage: expect.stringContaining('deep/b.bin') as string });
    expect(await readFile(`${bench.root}/nas/${second.name}/deep/b.bin`, 'utf8')).toBe('second');
  });

  it('has what it deleted counted by the next, also where that one stops before it deletes anything itself', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    await killedAt(bench, job.sourceId, { step: 'removed', times: 3 });
    await bench.damage('nas/out/results/deep/b.bin');
    expect(await bench.reaper({ reclaim: { ...POLICY, minAgeMs: 0, occasionMs: 1 } }).recover()).toMatchObject([{ kind: 'stopped', files: 3, blockers: [{ kind: 'check_failed' }] }]);
    expect((await bench.store.reclaimFacts(job.sourceId))?.last).toMatchObject({ state: 'stopped', filesFreed: 3, evidence: expect.stringContaining('deleted before, on proof: 3 files') as string });
  });

  it('before its first deletion stands in nobody\'s way: what has changed since is sent in place of what lies there', async () => {
    const bench = await ReclaimBench.open();
    const sources = await Promise.all(['intended', 'batch', 'replaced', 'removed', 'asleep'].map(async (name) => bench.anotherSource(name)));
    const jobs = await bench.ripeAll(sources.map(({ path }) => path));
    const steps = ['intended', 'batch', 'batch', 'removed', 'intended'] as const;
    for (const [index, step] of steps.entries()) await killedAt(bench, jobs[index]!.sourceId, { step, times: 1 });
    const [intended, batch, replaced, removed, asleep] = sources as [Source, Source, Source, Source, Source];
    for (const source of [intended, batch, removed, asleep]) await source.write('deep/b.bin', 'another');
    // All that was to go is there, but who has put this one there?
    await rm(`${replaced.path}/a.bin`);
    await replaced.write('a.bin', 'another');

    // One is taken over while nobody knows whether its owner is dead.
    const sourceId = jobs[4]!.sourceId;
    const [open] = (await bench.store.openReclaims()).filter((reclaim) => reclaim.sourceId === sourceId);
    bench.advance(HOUR);
    const { self } = bench.ports().owners;
    await bench.store.takeOverReclaim({ lease: open!.lease, owner: { ...self, pid: 77 }, leaseMs: 60_000, dead: [] });
    const results = await bench.reaper({ reclaim: { ...POLICY, minAgeMs: 0, occasionMs: 1 } }).recover();
    expect(results.map(({ kind }) => kind)).toEqual(Array(5).fill('stopped'));

    for (const { path } of sources) await bench.push(['nas'], path);
    const states = new Map((await bench.store.list({ limit: 100 })).jobs.filter(({ generation }) => generation === 2).map(({ source, state }) => [source, state]));
    expect(sources.map(({ name, path }) => [name, states.get(path)])).toEqual([['intended', 'VERIFIED'], ['batch', 'VERIFIED'], ['replaced', 'FAILED'], ['removed', 'FAILED'], ['asleep', 'FAILED']]);
    expect(await readFile(`${bench.root}/nas/batch/deep/b.bin`, 'utf8')).toBe('another');
    expect(await readFile(`${bench.root}/nas/replaced/a.bin`, 'utf8')).toBe('first');
    expect((await bench.store.reclaimFacts(jobs[1]!.sourceId))?.last).toMatchObject({ state: 'stopped', filesFreed: 0, reason: expect.stringContaining('not gone on with') as string, evidence: expect.stringContaining('no file was deleted') as string });
  });
});
