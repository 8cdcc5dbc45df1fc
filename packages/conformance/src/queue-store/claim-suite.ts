import { describe, expect, it } from 'vitest';
import { claimed, claimRequest, enqueued, LEASE, running, there, WORKER_A, WORKER_B } from './bench-jobs.ts';
import type { QueueStoreSubject } from './subject.ts';
import { bench } from './suite.ts';

export function describeClaim(subject: QueueStoreSubject): void {
  describe('claim', () => {
    it('gives a job to one worker: state, owner, lease, epoch and history in one', async () => {
      const { store, other } = await bench(subject);
      const id = await enqueued(store, 'results');
      const job = await claimed(store);
      expect(job).toMatchObject({ lease: { jobId: id }, sealNeeded: 'yes', stagedDigest: null, orphans: [], waited: null });
      expect(job.lease.epoch).toBeGreaterThan(0);
      expect(await other.get(id)).toMatchObject({ state: 'RUNNING', owner: WORKER_A, epoch: job.lease.epoch, hold: null });
      expect(await other.claim(claimRequest({ owner: WORKER_B }))).toBeNull();
      expect((await other.history(id)).at(-1)).toMatchObject({ from: 'QUEUED', to: 'RUNNING', epoch: job.lease.epoch });
    });

    it('gives each of many jobs to exactly one of several workers that ask at once', async () => {
      const { store, other } = await bench(subject);
      for (let index = 0; index < 40; index += 1) await enqueued(store, `job-${index}`);
      const asks = Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? store.claim(claimRequest()) : other.claim(claimRequest({ owner: WORKER_B }))));
      const ids = (await Promise.all(asks)).flatMap((job) => (job === null ? [] : [job.job.id]));
      expect(ids).toHaveLength(40);
      expect(new Set(ids).size).toBe(40);
    });

    it('grows the epoch with every claim, over all jobs', async () => {
      const { store } = await bench(subject);
      await enqueued(store, 'a');
      await enqueued(store, 'b');
      const first = await claimed(store);
      const second = await claimed(store);
      await store.settle(first.lease, { kind: 'again', to: 'QUEUED', delayMs: 0, hold: null, charge: 'nothing', reason: 'interrupted' });
      const third = await claimed(store);
      expect(second.lease.epoch).toBeGreaterThan(first.lease.epoch);
      expect(third.lease.epoch).toBeGreaterThan(second.lease.epoch);
      expect(third.job.id).toBe(first.job.id);
    });

    it('takes the higher priority first, then the older', async () => {
      const { store } = await bench(subject);
      for (const [name, priority] of [['low', 0], ['high', 9], ['high-2', 9], ['mid', 5]] as const) await enqueued(store, name, { priority });
      const order = [];
      for (let index = 0; index < 4; index += 1) order.push((await claimed(store)).job.source);
      expect(order).toEqual(['/data/high', '/data/high-2', '/data/mid', '/data/low']);
    });

    it('holds to the slots of a destination, all workers counted', async () => {
      const { store, other } = await bench(subject);
      for (const name of ['a', 'b', 'c']) await enqueued(store, name);
      await enqueued(store, 'd', { destination: 'disk' });
      const slots = { slots: 1, slotsOf: { nas: 2 } };
      const taken = [await claimed(store, slots), await claimed(other, { ...slots, owner: WORKER_B }), await claimed(store, slots)];
      expect(taken.map(({ job }) => job.source).sort()).toEqual(['/data/a', '/data/b', '/data/d']);
      expect(await other.claim(claimRequest({ ...slots, owner: WORKER_B }))).toBeNull();
      await store.settle(there(taken[0]).lease, { kind: 'cancelled', reason: 'test' });
      expect((await claimed(other, slots)).job.source).toBe('/data/c');
    });

    it('does not let a long queue for one destination keep another waiting', async () => {
      const { store } = await bench(subject);
      for (const name of ['a', 'b', 'c']) await enqueued(store, name);
      await enqueued(store, 'late', { destination: 'disk' });
      await claimed(store);
      expect((await claimed(store)).job.source).toBe('/data/late');
    });

    it('takes only the destinations it is asked for', async () => {
      const { store } = await bench(subject);
      await enqueued(store, 'a');
      expect(await store.claim(claimRequest({ destinations: ['disk'] }))).toBeNull();
      expect((await claimed(store, { destinations: ['disk', 'nas'] })).job.source).toBe('/data/a');
    });

    it('leaves a delayed job until its time has come by the clock of the store', async () => {
      const { store, other, world } = await bench(subject);
      const job = await running(store);
      await store.settle(job.lease, { kind: 'again', to: 'QUEUED', delayMs: 30_000, hold: 'backoff', holdDetail: 'network', charge: 'attempt', reason: 'network' });
      expect(await store.get(job.job.id)).toMatchObject({ state: 'QUEUED', hold: 'backoff', holdDetail: 'network', attempts: 1 });
      expect(await store.nextDueInMs()).toBe(30_000);
      await world.advance(29_999);
      expect(await other.claim(claimRequest())).toBeNull();
      await world.advance(1);
      expect(await other.get(job.job.id)).toMatchObject({ hold: null, nextAttemptAt: null });
      expect(await claimed(other)).toMatchObject({ job: { id: job.job.id }, waited: { reason: 'backoff', ms: 30_000 } });
    });

    it('claims what awaits verification and nobody holds, in its own state', async () => {
      const { store } = await bench(subject);
      const job = await running(store);
      await store.settle(job.lease, { kind: 'pushed', where: 'published', reason: 'there already' });
      await store.settle(job.lease, { kind: 'again', to: 'AWAITING_VERIFY', delayMs: 0, hold: null, charge: 'nothing', reason: 'interrupted' });
      expect(await claimed(store, { owner: WORKER_B })).toMatchObject({ job: { id: job.job.id, state: 'AWAITING_VERIFY', owner: WORKER_B } });
    });

    it('says how long a lease still holds', async () => {
      const { store, other, world } = await bench(subject);
      const job = await running(store);
      await world.advance(20_000);
      expect(await other.leases()).toEqual([{ ...job.lease, owner: WORKER_A, remainingMs: LEASE - 20_000 }]);
    });
  });
}
