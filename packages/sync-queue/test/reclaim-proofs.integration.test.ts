import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { link, mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { SyncWorker, systemClock } from '@longhaul/sync-queue';
import type { DestinationRule, Job } from '@longhaul/sync-queue';
import { LocalTransport } from '@longhaul/sync-transports';
import { requireService } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { at } from './reclaim/at-step.ts';
import { HOUR, kinds, ReclaimBench } from './reclaim/reclaim-bench.ts';
import { replaced } from './world/world.ts';

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

/** `to` shows what lies at `from`. */
function bind(from: string, to: string): void {
  execFileSync('mount', ['--bind', from, to]);
  onTestFinished(() => void execFileSync('umount', ['-l', to]));
}

describe('a result is never deleted as if it were a source', () => {
  it('not as the source of another job, nor inside of one, nor below one', async () => {
    const bench = await ReclaimBench.open();
    expect(await bench.reclaim(await bench.ripe())).toMatchObject({ kind: 'done' });
    bench.transports.delete('nas');
    const result = `${bench.root}/nas/out/results`;
    for (const source of [result, `${bench.root}/nas/out`, `${result}/deep`]) {
      const job = await bench.ripe(['disk'], source);
      expect(kinds(await bench.reclaim(job))).toContain('holds_result');
      // Or it would be a neighbour of the next.
      await bench.store.cancel(job.id);
    }
    expect(existsSync(`${result}/deep/b.bin`)).toBe(true);
  });

  it('not where the folder of a destination lies around the source, or in it', async () => {
    const bench = await ReclaimBench.open();
    await mkdir(`${bench.root}/nas/mine`);
    await writeFile(`${bench.root}/nas/mine/file`, 'x');
    const job = await bench.ripe(['disk'], `${bench.root}/nas/mine`);
    expect(await bench.reclaim(job)).toMatchObject({ kind: 'done' });
    await writeFile(`${bench.root}/nas/mine/file`, 'x');
    await bench.queue.enqueue({ source: bench.source, destination: 'nas' });
    expect(await bench.reclaim(await bench.ripe(['disk'], `${bench.root}/nas/mine`))).toMatchObject({ blockers: [{ kind: 'inside_destination', destination: 'nas', lies: 'around_the_source' }] });
  });

  it('not where a receipt in it cannot be read', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    await mkdir(`${bench.source}/deep/.longhaul`);
    await writeFile(`${bench.source}/deep/.longhaul/longhaul.json`, '{ "cut of');
    expect(kinds(await bench.reclaim(job))).toEqual(['receipt_unknown']);
  });

  it('but what an earlier reclaim has left in a folder does not keep it', async () => {
    const bench = await ReclaimBench.open();
    expect(await bench.reclaim(await bench.ripe(['nas'], `${bench.source}/deep`))).toMatchObject({ kind: 'done' });
    expect(await bench.reclaim(await bench.ripe(['disk']))).toMatchObject({ kind: 'done' });
  });
});

describe('what is meant for a destination as part of another source', () => {
  const shared = async (): Promise<{ readonly bench: ReclaimBench; readonly inner: string; readonly outer: Job }> => {
    const bench = await ReclaimBench.open();
    const { job } = await bench.queue.enqueue({ source: `${bench.source}/deep`, destination: 'disk' });
    return { bench, inner: job.id, outer: await bench.ripe() };
  };

  it('is not deleted against the rules of that destination', async () => {
    const { bench, inner, outer } = await shared();
    const rules: readonly DestinationRule[] = [{ reclaim: 'never' }, { minVerifyPasses: 3 }, { minAgeMs: 100 * HOUR }];
    const said = [];
    for (const rule of rules) {
      const result = await bench.reclaim(outer, { rules: async (name) => Promise.resolve(name === 'disk' ? rule : {}) });
      if ('blockers' in result) said.push(...result.blockers.map((blocker) => (blocker.kind === 'neighbour' ? blocker.blocker.kind : blocker.kind)));
    }
    expect(said).toEqual(['never_by_rule', 'too_few_proofs', 'too_young']);
    expect(await bench.reclaim(outer)).toMatchObject({ kind: 'done', files: 5 });
    expect((await bench.queue.proofs(inner)).map(({ occasion }) => occasion)).toEqual(['publish', 'verify', 'reclaim']);
  });

  it('is not deleted where that destination holds an earlier content, or none any more', async () => {
    const { bench, outer } = await shared();
    await rm(`${bench.root}/disk/deep/b.bin`);
    expect(kinds(await bench.reclaim(outer))).toEqual(['check_failed']);
    await new SyncWorker(bench.ports()).run({ mode: 'drain' });
    await bench.write({ 'deep/b.bin': 'newer' });
    expect(await bench.reclaim(await bench.ripe())).toMatchObject({ blockers: [{ kind: 'neighbour', blocker: { kind: 'other_content', destination: 'disk' } }] });
  });
});

describe.runIf(requireService('root'))('what a destination shows of the source itself is no copy', () => {
  it('also where the source is a single file', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe(['nas'], `${bench.source}/a.bin`);
    const result = `${bench.root}/nas/a.bin`;
    await rm(bench.source, { recursive: true });
    await rename(result, bench.source);
    await mkdir(result);
    bind(bench.source, result);
    // Here it is told by the folders, over a network by the receipt alone.
    expect(kinds(await bench.reclaim(job))).toEqual(['no_answer']);
    bench.transports.set('nas', replaced(bench.transports.get('nas')!, { assertApart: () => Promise.resolve() }));
    expect(kinds(await bench.reclaim(job))).toEqual(['same_place']);
    expect(existsSync(`${bench.source}/a.bin`)).toBe(true);
    expect(existsSync(`${result}/.longhaul/longhaul.json`)).toBe(true);
  });

  it('also where it shows but a folder below the top', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const there = `${bench.root}/nas/out/results/deep`;
    await rm(`${bench.source}/deep`, { recursive: true });
    await rename(there, `${bench.source}/deep`);
    await mkdir(there);
    bind(`${bench.source}/deep`, there);
    expect(await bench.reclaim(job)).toMatchObject({ blockers: [{ kind: 'same_place', destination: 'nas', paths: ['deep', 'deep/b.bin', 'deep/er', 'deep/er/c.bin'] }] });
    expect(existsSync(`${bench.source}/deep/b.bin`)).toBe(true);
  });
});

describe('one copy is not two', () => {
  it('where two names lead to one place: both are told, and one may be left out', async () => {
    const bench = await ReclaimBench.open();
    await symlink(`${bench.root}/nas`, `${bench.root}/alias`);
    bench.transports.set('alias', new LocalTransport({ path: `${bench.root}/alias` }));
    const job = await bench.ripe(['nas', 'alias']);
    expect(await bench.reclaim(job)).toMatchObject({ blockers: [{ kind: 'one_copy', other: 'alias', destination: 'nas' }] });
    expect(bench.left()).toHaveLength(5);
    expect(await bench.reclaim(job, { ask: { without: ['alias'] } })).toMatchObject({ kind: 'done' });
  });

  it('nor is a hard link at the destination one', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    await rm(`${bench.root}/nas/out/results/a.bin`);
    await link(`${bench.source}/a.bin`, `${bench.root}/nas/out/results/a.bin`);
    expect(await bench.reclaim(job)).toMatchObject({ blockers: [{ kind: 'same_place', paths: ['a.bin'] }] });
  });
});
