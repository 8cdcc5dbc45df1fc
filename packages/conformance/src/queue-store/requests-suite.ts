import { JOB_STATES } from '@longhaul/sync-queue';
import { describe, expect, it } from 'vitest';
import { claimed, claimRequest, enqueued, failed, newJob, pushed, reasons, running, stateOf, there, verified, WORKER_A } from './bench-jobs.ts';
import type { QueueStoreSubject } from './subject.ts';
import { bench } from './suite.ts';

export function describeRequests(subject: QueueStoreSubject): void {
  describe('retry', () => {
    it('gives a failed job a fresh budget', async () => {
      const { store } = await bench(subject);
      const id = await failed(store);
      expect(await store.retry(id)).toMatchObject({ state: 'QUEUED', attempts: 0, recoveries: 0, errorKind: null, lastError: null, hold: null });
      expect((await claimed(store)).job.id).toBe(id);
    });

    it('brings a cancelled job back', async () => {
      const { store } = await bench(subject);
      const id = await enqueued(store, 'results');
      await store.cancel(id);
      expect((await store.retry(id)).state).toBe('QUEUED');
    });

    it('lets a waiting job be tried at once', async () => {
      const { store } = await bench(subject);
      const job = await running(store);
      await store.settle(job.lease, { kind: 'again', to: 'QUEUED', delayMs: 7_200_000, hold: 'backoff', charge: 'attempt', reason: 'network' });
      expect(await store.retry(job.job.id)).toMatchObject({ state: 'QUEUED', hold: null, attempts: 1 });
      expect((await claimed(store)).job.id).toBe(job.job.id);
    });

    it('is refused while a newer generation is active, naming it', async () => {
      const { store } = await bench(subject);
      const old = await failed(store);
      const { job } = await store.enqueue(newJob('results', { dedupKey: 'newer' }));
      await expect(store.retry(old)).rejects.toMatchObject({ code: 'JOB_CONFLICT', conflict: 'newer_generation', jobId: job.id });
      await store.cancel(job.id);
      expect((await store.retry(old)).generation).toBe(3);
    });

    it('is an illegal transition for a job that runs or is done', async () => {
      const { store } = await bench(subject);
      const done = await verified(store, 'done');
      await expect(store.retry(done)).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION', from: 'VERIFIED' });
      const job = await running(store, 'busy');
      await expect(store.retry(job.job.id)).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION', from: 'RUNNING' });
    });

    it('names the job that is not there', async () => {
      const { store } = await bench(subject);
      await expect(store.retry('nobody')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND', jobId: 'nobody' });
      await expect(store.cancel('nobody')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
      await expect(store.history('nobody')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
      expect(await store.get('nobody')).toBeNull();
    });
  });

  describe('cancel', () => {
    it('does not swallow what is enqueued after it: a job follows, whether its worker lets go or dies', async () => {
      for (const end of ['let go', 'died'] as const) {
        const { store, other } = await bench(subject);
        const job = await running(store, 'results');
        await store.enqueue(newJob('results'));
        await other.cancel(job.job.id);
        expect(await store.enqueue(newJob('results'))).toMatchObject({ kind: 'duplicate', because: 'active' });
        if (end === 'let go') await store.settle(job.lease, { kind: 'cancelled', reason: 'cancelled by a person' });
        else await store.recover({ dead: [WORKER_A], lapsed: 'leave', maxRecoveries: 3 });
        expect(await stateOf(store, job.job.id)).toBe('CANCELLED');
        const next = await claimed(store);
        expect(next.job).toMatchObject({ state: 'RUNNING', generation: 2 });
        expect(next.job.id).not.toBe(job.job.id);
      }
    });

    it('answers what was enqueued before it', async () => {
      const { store } = await bench(subject);
      const job = await running(store, 'results');
      await store.enqueue(newJob('results'));
      await store.cancel(job.job.id);
      await store.settle(job.lease, { kind: 'cancelled', reason: 'cancelled by a person' });
      expect(await store.claim(claimRequest())).toBeNull();
    });

    it('ends a waiting job at once, and only once', async () => {
      const { store } = await bench(subject);
      const id = await enqueued(store, 'results');
      expect(await store.cancel(id)).toMatchObject({ kind: 'cancelled', job: { state: 'CANCELLED' } });
      const history = await store.history(id);
      expect(await store.cancel(id)).toMatchObject({ kind: 'cancelled' });
      expect(await store.history(id)).toEqual(history);
      expect(await store.claim(claimRequest())).toBeNull();
    });

    it('of a job whose worker died takes effect when it is taken back', async () => {
      const { store, other } = await bench(subject);
      const job = await running(store);
      await other.cancel(job.job.id);
      await other.recover({ dead: [WORKER_A], lapsed: 'leave', maxRecoveries: 3 });
      expect(await stateOf(other, job.job.id)).toBe('CANCELLED');
    });

    it('has the staging of a job removed, once, by one worker', async () => {
      const { store, other, world } = await bench(subject);
      const job = await running(store);
      await pushed(store, job);
      await store.settle(job.lease, { kind: 'cancelled', reason: 'cancelled' });
      const request = { owner: WORKER_A, leaseMs: 1000 };
      const mine = await store.claimAbandonedStaging(request);
      expect(mine).toMatchObject({ destination: 'nas', finalName: 'results', lease: { jobId: job.job.id } });
      expect(await other.claimAbandonedStaging(request)).toBeNull();
      await store.settleAbandonedStaging(there(mine).lease, { kind: 'later', delayMs: 5000 });
      expect(await other.claimAbandonedStaging(request)).toBeNull();
      await world.advance(5000);
      const again = await other.claimAbandonedStaging(request);
      expect(again?.lease.epoch).toBeGreaterThan(there(mine).lease.epoch);
      await expect(store.settleAbandonedStaging(there(mine).lease, { kind: 'removed' })).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await other.settleAbandonedStaging(there(again).lease, { kind: 'removed' });
      expect(await other.claimAbandonedStaging(request)).toBeNull();
    });

    it('has no staging to remove where nothing was ever pushed', async () => {
      const { store } = await bench(subject);
      const job = await running(store);
      await store.settle(job.lease, { kind: 'cancelled', reason: 'cancelled' });
      expect(await store.claimAbandonedStaging({ owner: WORKER_A, leaseMs: 1000 })).toBeNull();
    });

    it('has staging removed that was made after the job was settled, and no other', async () => {
      const { store } = await bench(subject);
      const done = await verified(store, 'done');
      const waiting = await enqueued(store, 'waiting');
      const broken = await failed(store, 'broken');
      for (const id of [done, waiting, broken]) await store.reportStaging(id);
      const claim = async (): Promise<string | undefined> => (await store.claimAbandonedStaging({ owner: WORKER_A, leaseMs: 1000 }))?.lease.jobId;
      expect([await claim(), await claim()]).toEqual([done, undefined]);
    });

    it('lets a job that is asked for again wait until its staging is removed', async () => {
      const { store } = await bench(subject);
      const job = await running(store);
      await pushed(store, job);
      await store.settle(job.lease, { kind: 'cancelled', reason: 'cancelled' });
      const staging = await store.claimAbandonedStaging({ owner: WORKER_A, leaseMs: 1000 });
      await store.retry(job.job.id);
      // Asked once more, it still waits for that.
      expect(await store.retry(job.job.id)).toMatchObject({ state: 'QUEUED' });
      expect(await store.claim(claimRequest())).toBeNull();
      await store.settleAbandonedStaging(there(staging).lease, { kind: 'removed' });
      expect((await claimed(store)).stagedDigest).toBeNull();
    });
  });

  describe('move', () => {
    it('goes from VERIFIED to CLEANUP_ELIGIBLE and back, and on to CLEANED', async () => {
      const { store } = await bench(subject);
      const id = await verified(store);
      await store.move(id, { from: 'VERIFIED', to: 'CLEANUP_ELIGIBLE', reason: 'reclaim is wanted' });
      await store.move(id, { from: 'CLEANUP_ELIGIBLE', to: 'VERIFIED', reason: 'the source changed' });
      await store.move(id, { from: 'VERIFIED', to: 'CLEANUP_ELIGIBLE', reason: 'reclaim is wanted' });
      expect((await store.move(id, { from: 'CLEANUP_ELIGIBLE', to: 'CLEANED', reason: 'done', evidence: '3 files' })).state).toBe('CLEANED');
      await expect(store.cancel(id)).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION' });
      expect((await reasons(store, id)).slice(-4)).toEqual(['reclaim is wanted', 'the source changed', 'reclaim is wanted', 'done']);
    });

    it('sends damage found by an audit to be repaired', async () => {
      const { store } = await bench(subject);
      const id = await verified(store);
      await store.move(id, { from: 'VERIFIED', to: 'QUEUED', reason: 'audit found damage' });
      expect(await claimed(store)).toMatchObject({ job: { id, mismatches: 1 }, sealNeeded: 'yes' });
    });

    it('is refused from any other state than it names', async () => {
      const { store } = await bench(subject);
      const id = await verified(store);
      for (const from of JOB_STATES.filter((state) => state !== 'VERIFIED')) {
        await expect(store.move(id, { from, to: 'CLEANUP_ELIGIBLE', reason: 'x' })).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION' });
      }
      expect(await stateOf(store, id)).toBe('VERIFIED');
    });
  });
}
