import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import type { Job, ReclaimStep } from '@longhaul/sync-queue';
import { RECLAIM_STEPS } from '@longhaul/sync-queue';
import { describe, expect, it, vi } from 'vitest';
import { FILES, filesBelow, POLICY, ReclaimBench } from './reclaim/reclaim-bench.ts';

// Every publish waits for the disk, and a disk that others write to makes it wait long.
vi.setConfig({ testTimeout: 180_000 });

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
});
