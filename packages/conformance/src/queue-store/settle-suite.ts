import { describe, expect, it } from 'vitest';
import { claimed, failure, newJob, pushed, reasons, running, stateOf, verified, verifiedOutcome, WORKER_B } from './bench-jobs.ts';
import type { QueueStoreSubject } from './subject.ts';
import { bench } from './suite.ts';

export function describeSettle(subject: QueueStoreSubject): void {
  describe('settle', () => {
    it('goes on to verify under the same lease after a push', async () => {
      const { store, other } = await bench(subject);
      const job = await running(store);
      await pushed(store, job);
      expect(await other.get(job.job.id)).toMatchObject({ state: 'AWAITING_VERIFY', epoch: job.lease.epoch, phase: 'verifying' });
      await store.settle(job.lease, verifiedOutcome());
      expect(await other.get(job.job.id)).toMatchObject({ state: 'VERIFIED', owner: null, leaseUntil: null, errorKind: null });
    });

    it('writes proof and VERIFIED together', async () => {
      const { store, other } = await bench(subject);
      const id = await verified(store);
      expect(await other.proofs(id)).toMatchObject([{ jobId: id, sealId: 'seal-aaaa', sealDigest: 'aaaa', destination: 'nas', strength: 'sha256', files: 3, bytes: 300 }]);
      expect((await other.get(id))?.verifiedAt).toBe((await other.proofs(id))[0]?.at);
    });

    it('refuses a transition that the table does not have, and changes nothing', async () => {
      const { store } = await bench(subject);
      const job = await running(store);
      const before = await store.history(job.job.id);
      await expect(store.settle(job.lease, verifiedOutcome())).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION', from: 'RUNNING', to: 'VERIFIED' });
      expect(await store.history(job.job.id)).toEqual(before);
      expect(await store.proofs(job.job.id)).toEqual([]);
      await expect(store.heartbeat(job.lease, { leaseMs: 1000 })).resolves.toMatchObject({ cancel: 'no' });
    });

    it('keeps what went wrong, charged or not', async () => {
      const { store, other } = await bench(subject);
      const job = await running(store);
      await store.settle(job.lease, { kind: 'again', to: 'QUEUED', delayMs: 0, hold: null, charge: 'nothing', failure: failure('network'), reason: 'network', evidence: 'reset by peer' });
      expect(await other.get(job.job.id)).toMatchObject({ state: 'QUEUED', attempts: 0, errorKind: 'network', lastError: 'it failed: network', evidence: 'evidence of network', hint: 'do something' });
      expect((await other.history(job.job.id)).at(-1)).toMatchObject({ from: 'RUNNING', to: 'QUEUED', reason: 'network', evidence: 'reset by peer' });
      const next = await claimed(store);
      await store.settle(next.lease, { kind: 'failed', charge: 'attempt', failure: failure('auth'), whenDestinationAnswers: 'stay', reason: 'auth' });
      expect(await other.get(job.job.id)).toMatchObject({ state: 'FAILED', attempts: 1, errorKind: 'auth', hold: null, nextAttemptAt: null });
    });

    it('counts reseals and mismatches, each for itself', async () => {
      const { store } = await bench(subject);
      const job = await running(store);
      await pushed(store, job);
      await store.settle(job.lease, { kind: 'again', to: 'QUEUED', delayMs: 0, hold: null, charge: 'attempt', counts: 'mismatch', failure: failure('hash_mismatch'), reason: 'mismatch' });
      const second = await claimed(store);
      expect(second).toMatchObject({ sealNeeded: 'no', stagedDigest: 'aaaa', job: { mismatches: 1, reseals: 0 } });
      await store.settle(second.lease, { kind: 'again', to: 'QUEUED', delayMs: 0, hold: 'source_changed', charge: 'nothing', counts: 'reseal', reason: 'changed' });
      expect(await claimed(store)).toMatchObject({ sealNeeded: 'yes', job: { mismatches: 0, reseals: 1 } });
    });

    it('remembers immediate repeats only while nothing else happened', async () => {
      const { store } = await bench(subject);
      const blind = { kind: 'again', to: 'QUEUED', delayMs: 0, hold: null, charge: 'attempt', reason: 'no program', failure: failure(null) } as const;
      await store.settle((await running(store)).lease, { ...blind, counts: 'blind' });
      const second = await claimed(store);
      expect(second.blindRepeats).toBe(1);
      await store.settle(second.lease, { ...blind, failure: failure('network') });
      expect((await claimed(store)).blindRepeats).toBe(0);
    });

    it('counts how long the same reason to wait has lasted', async () => {
      const { store, world } = await bench(subject);
      const wait = { kind: 'again', to: 'QUEUED', delayMs: 1000, hold: 'source_changed', charge: 'nothing', reason: 'changed' } as const;
      await store.settle((await running(store)).lease, wait);
      await world.advance(1000);
      await store.settle((await claimed(store)).lease, wait);
      await world.advance(1000);
      const third = await claimed(store);
      expect(third.waited).toEqual({ reason: 'source_changed', ms: 2000 });
      await store.settle(third.lease, { ...wait, hold: 'source_busy' });
      await world.advance(1000);
      expect((await claimed(store)).waited).toEqual({ reason: 'source_busy', ms: 1000 });
    });

    it('tries a verify again without a push in between', async () => {
      const { store } = await bench(subject);
      const job = await running(store);
      await pushed(store, job);
      await store.settle(job.lease, { kind: 'again', to: 'AWAITING_VERIFY', delayMs: 0, hold: 'backoff', charge: 'attempt', failure: failure('network'), reason: 'network' });
      expect(await claimed(store, { owner: WORKER_B })).toMatchObject({ stagedDigest: 'aaaa', job: { state: 'AWAITING_VERIFY', attempts: 1 } });
    });

    it('lets a cancel go before every further attempt', async () => {
      const { store, other } = await bench(subject);
      const job = await running(store);
      expect(await other.cancel(job.job.id)).toMatchObject({ kind: 'requested', job: { state: 'RUNNING', cancelRequested: true } });
      expect(await store.heartbeat(job.lease, { leaseMs: 1000 })).toMatchObject({ cancel: 'requested' });
      await store.settle(job.lease, { kind: 'again', to: 'QUEUED', delayMs: 0, hold: null, charge: 'nothing', reason: 'interrupted' });
      expect(await other.get(job.job.id)).toMatchObject({ state: 'CANCELLED', cancelRequested: false });
    });

    it('lets a publish that was quicker go before a cancel, and says so', async () => {
      const { store, other } = await bench(subject);
      const job = await running(store);
      await pushed(store, job);
      await other.cancel(job.job.id);
      await store.settle(job.lease, verifiedOutcome());
      expect(await stateOf(other, job.job.id)).toBe('VERIFIED');
      expect((await reasons(other, job.job.id)).at(-1)).toMatch(/came too late/);
    });

    it('blocks the destination in the same transaction', async () => {
      const { store, other } = await bench(subject);
      const job = await running(store);
      const block = { reason: 'breaker', detail: 'no route to host', errorKind: 'network', probeInMs: 10_000, neededBytes: null } as const;
      await store.settle(job.lease, { kind: 'again', to: 'QUEUED', delayMs: 0, hold: null, charge: 'nothing', failure: failure('network'), reason: 'network', block });
      expect(await other.get(job.job.id)).toMatchObject({ hold: 'breaker', holdDetail: 'no route to host', attempts: 0 });
      expect(await other.destination('nas')).toMatchObject({ strikes: 1, block: { reason: 'breaker', detail: 'no route to host', errorKind: 'network', failedProbes: 0 } });
    });

    it('ends a row of blocks with a push that got through', async () => {
      const { store } = await bench(subject);
      const block = { reason: 'breaker', detail: 'x', errorKind: 'network', probeInMs: 0, neededBytes: null } as const;
      await store.settle((await running(store)).lease, { kind: 'again', to: 'QUEUED', delayMs: 0, hold: null, charge: 'nothing', reason: 'x', block });
      await store.settleProbe('nas', { report: { reachable: true, errorKind: null, evidence: null, hint: null, freeBytes: null, tools: [] }, verdict: { kind: 'release' } });
      await pushed(store, await claimed(store));
      expect(await store.destination('nas')).toMatchObject({ strikes: 0, everWorked: true, block: null });
    });

    it('keeps a second generation apart from the first', async () => {
      const { store } = await bench(subject);
      const first = await verified(store);
      await store.enqueue(newJob('results'));
      const second = await claimed(store);
      await pushed(store, second, 'bbbb');
      await store.settle(second.lease, verifiedOutcome('bbbb'));
      expect((await store.proofs(first)).map(({ sealDigest }) => sealDigest)).toEqual(['aaaa']);
      expect((await store.proofs(second.job.id)).map(({ sealDigest }) => sealDigest)).toEqual(['bbbb']);
    });
  });
}
