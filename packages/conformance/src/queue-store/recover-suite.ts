import { describe, expect, it } from 'vitest';
import { claimed, enqueued, LEASE, pushed, running, stateOf, there, WORKER_A, WORKER_B } from './bench-jobs.ts';
import type { QueueStoreSubject } from './subject.ts';
import { bench } from './suite.ts';

export function describeRecover(subject: QueueStoreSubject): void {
  describe('recover', () => {
    it('takes the jobs of a dead owner back at once, and nobody else’s', async () => {
      const { store, other } = await bench(subject);
      await enqueued(store, 'a');
      await enqueued(store, 'b');
      const mine = await claimed(store, { owner: WORKER_A });
      const theirs = await claimed(other, { owner: WORKER_B });
      const back = await other.recover({ dead: [WORKER_A], lapsed: 'recover', maxRecoveries: 3 });
      expect(back.map(({ id, state }) => ({ id, state }))).toEqual([{ id: mine.job.id, state: 'QUEUED' }]);
      expect(await other.get(mine.job.id)).toMatchObject({ recoveries: 1, attempts: 0, owner: null });
      expect(await stateOf(store, theirs.job.id)).toBe('RUNNING');
    });

    it('takes a silent owner’s job back when its lease has lapsed, not before', async () => {
      const { store, other, world } = await bench(subject);
      const job = await running(store);
      await world.advance(LEASE - 1);
      expect(await other.recover({ dead: [], lapsed: 'recover', maxRecoveries: 3 })).toEqual([]);
      await world.advance(1);
      expect(await other.recover({ dead: [], lapsed: 'leave', maxRecoveries: 3 })).toEqual([]);
      expect(await other.recover({ dead: [], lapsed: 'recover', maxRecoveries: 3 })).toMatchObject([{ id: job.job.id, state: 'QUEUED' }]);
    });

    it('tells a process apart from a later one with the same pid', async () => {
      const { store, other } = await bench(subject);
      const job = await running(store);
      await other.recover({ dead: [{ ...WORKER_A, processStartTime: '1' }, { ...WORKER_A, bootId: 'boot-0' }, { ...WORKER_A, host: 'beta' }], lapsed: 'leave', maxRecoveries: 3 });
      expect(await stateOf(store, job.job.id)).toBe('RUNNING');
    });

    it('goes on with the verify where the push was complete', async () => {
      const { store, other } = await bench(subject);
      const job = await running(store);
      await pushed(store, job);
      await other.recover({ dead: [WORKER_A], lapsed: 'leave', maxRecoveries: 3 });
      expect(await claimed(other, { owner: WORKER_B })).toMatchObject({ stagedDigest: 'aaaa', job: { state: 'AWAITING_VERIFY', recoveries: 1 } });
    });

    it('parks a job that took its worker along three times in a row', async () => {
      const { store } = await bench(subject);
      await enqueued(store, 'results');
      for (let crash = 1; crash <= 3; crash += 1) {
        await claimed(store);
        await store.recover({ dead: [WORKER_A], lapsed: 'leave', maxRecoveries: 3 });
      }
      const [job] = (await store.list()).jobs;
      expect(job).toMatchObject({ state: 'FAILED', recoveries: 3, attempts: 0, errorKind: 'unknown' });
      expect(job?.lastError).toMatch(/died 3 times in a row/);
      expect((await store.retry(there(job).id)).recoveries).toBe(0);
    });

    it('begins to count anew after an attempt that ended by itself', async () => {
      const { store } = await bench(subject);
      await enqueued(store, 'results');
      for (let round = 0; round < 4; round += 1) {
        await claimed(store);
        await store.recover({ dead: [WORKER_A], lapsed: 'leave', maxRecoveries: 3 });
        await claimed(store);
        await store.recover({ dead: [WORKER_A], lapsed: 'leave', maxRecoveries: 3 });
        const job = await claimed(store);
        await store.settle(job.lease, { kind: 'again', to: 'QUEUED', delayMs: 0, hold: null, charge: 'nothing', reason: 'interrupted' });
      }
      expect((await store.list()).jobs).toMatchObject([{ state: 'QUEUED', recoveries: 0 }]);
    });

    it('does it once when two processes notice the same death', async () => {
      const { store, other } = await bench(subject);
      const job = await running(store);
      const request = { dead: [WORKER_A], lapsed: 'recover', maxRecoveries: 3 } as const;
      const back = await Promise.all([store.recover(request), other.recover(request)]);
      expect(back.flat()).toHaveLength(1);
      expect((await store.get(job.job.id))?.recoveries).toBe(1);
    });

    it('takes back the removal of staging too', async () => {
      const { store } = await bench(subject);
      const job = await running(store);
      await pushed(store, job);
      await store.settle(job.lease, { kind: 'cancelled', reason: 'cancelled' });
      await store.claimAbandonedStaging({ owner: WORKER_A, leaseMs: LEASE });
      await store.recover({ dead: [WORKER_A], lapsed: 'leave', maxRecoveries: 3 });
      expect(await store.claimAbandonedStaging({ owner: WORKER_B, leaseMs: LEASE })).not.toBeNull();
      expect(await stateOf(store, job.job.id)).toBe('CANCELLED');
    });
  });
}
