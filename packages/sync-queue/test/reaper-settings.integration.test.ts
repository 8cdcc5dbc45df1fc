import { Verifier } from '@longhaul/sync-queue';
import { describe, expect, it } from 'vitest';
import { at } from './reclaim/at-step.ts';
import { HOUR, POLICY, ReclaimBench } from './reclaim/reclaim-bench.ts';

describe('settings that a reaper adopts', () => {
  it('let what it has begun come to its end where they allow it too', async () => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const reaper = bench.reaper({ timing: { batch: 2 }, ...at('removed', () => { reaper.adopt({ ...POLICY, minVerifyPasses: 1 }); }) });
    expect(await reaper.reclaim({ sourceId: job.sourceId, askedBy: 'reaper' })).toMatchObject({ kind: 'done', files: 5 });
    expect((await bench.job(job.id)).state).toBe('CLEANED');
  });

  it.each([
    ['off', { ...POLICY, reclaim: 'off' }, 'off'],
    ['not automatic', { ...POLICY, when: 'asked' }, 'only_asked'],
    ['stricter', { ...POLICY, minVerifyPasses: 9 }, 'too_few_proofs'],
  ] as const)('end it before its next files where they do not: %s', async (_, policy, kind) => {
    const bench = await ReclaimBench.open();
    const job = await bench.ripe();
    const reaper = bench.reaper({ timing: { batch: 2 }, ...at('removed', () => { reaper.adopt(policy); }) });
    expect(await reaper.reclaim({ sourceId: job.sourceId, askedBy: 'reaper' })).toMatchObject({ kind: 'stopped', files: 2, blockers: [{ kind }] });
    expect(bench.left()).toHaveLength(3);
    expect((await bench.job(job.id)).state).toBe('VERIFIED');
    expect(await bench.store.openReclaims()).toEqual([]);
  });

  it('have what was blocked looked at again, and what failed left alone until its time has come', async () => {
    const bench = await ReclaimBench.open();
    const young = await bench.anotherSource('young');
    const failed = await bench.ripe();
    await bench.push(['nas'], young.path);
    const verifier = new Verifier(bench.ports());
    const asked: string[] = [];
    const reaper = bench.reaper({
      lastCheck: async (jobId, signal) => {
        asked.push(jobId);
        if (jobId === failed.id) return { kind: 'looked', job: await bench.job(jobId), outcome: { kind: 'unknown', evidence: 'it does not answer', delayMs: 1_000 } };
        return verifier.verify(jobId, { occasion: 'reclaim', signal });
      },
    });
    await reaper.sweep();
    await reaper.sweep();
    expect(asked).toEqual([failed.id]);
    reaper.adopt({ ...POLICY, minAgeMs: 0, minVerifyPasses: 1 });
    await reaper.sweep();
    expect(young.left()).toEqual([]);
    expect(asked.filter((jobId) => jobId === failed.id)).toHaveLength(1);
    expect(await bench.store.reclaimFacts(failed.sourceId)).toMatchObject({ last: { state: 'stopped', reason: expect.stringContaining('it does not answer') as string } });
    bench.advance(2 * HOUR);
    await reaper.sweep();
    expect(asked.filter((jobId) => jobId === failed.id)).toHaveLength(2);
  });
});
