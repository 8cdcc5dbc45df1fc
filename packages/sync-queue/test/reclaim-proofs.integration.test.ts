import { rm } from 'node:fs/promises';
import { systemClock } from '@longhaul/sync-queue';
import { describe, expect, it, vi } from 'vitest';
import { at } from './reclaim/at-step.ts';
import { HOUR, kinds, ReclaimBench } from './reclaim/reclaim-bench.ts';

// Every publish waits for the disk, and a disk that others write to makes it wait long.
vi.setConfig({ testTimeout: 180_000 });

describe('a proof that has grown old is asked for again', () => {
  it('when the machine has slept between two batches', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const result = await bench.reclaim(job, {
      timing: { batch: 2 },
      ...at('noted', async () => {
        // The wall clock goes on in a sleep, the other one stands still.
        bench.advance(8 * HOUR);
        await rm(`${bench.root}/nas/out/results`, { recursive: true });
      }),
    });
    expect(result).toMatchObject({ kind: 'stopped', files: 2 });
    expect(kinds(result)).toEqual(['check_failed']);
    expect(bench.left()).toHaveLength(3);
  });

  it('in the middle of a batch, before the next file goes', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    let later = 0;
    const { clock = systemClock } = bench.ports();
    const result = await bench.reclaim(job, {
      // Stands for the timer that renews the lease while large files are hashed.
      policy: { leaseMs: 1000 * HOUR },
      clock: { ...clock, monotonic: () => clock.monotonic() + later },
      ...at('removed', async () => {
        later = 20 * HOUR;
        await rm(`${bench.root}/nas/out/results`, { recursive: true });
      }),
    });
    expect(result).toMatchObject({ kind: 'stopped', files: 1 });
    expect(kinds(result)).toEqual(['check_failed']);
    expect(bench.left()).toHaveLength(4);
  });

  it('and where it holds, all of it goes', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const result = await bench.reclaim(job, { policy: { leaseMs: 1000 * HOUR }, ...at('removed', () => { bench.advance(20 * HOUR); }) });
    expect(result).toMatchObject({ kind: 'done', files: 5 });
    expect((await bench.queue.proofs(job.id)).map(({ occasion }) => occasion)).toEqual(['publish', 'verify', 'reclaim', 'reclaim']);
  });
});
