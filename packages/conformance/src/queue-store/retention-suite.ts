import type { PruneRequest, PruneResult, QueueStore } from '@longhaul/sync-queue';
import { describe, expect, it } from 'vitest';
import { claimed, claimRequest, enqueued, failed, newJob, pushed, reasons, running, sealRecord, stateOf, verified, verifiedOutcome } from './bench-jobs.ts';
import type { QueueStoreSubject } from './subject.ts';
import { bench } from './suite.ts';

const DAY = 86_400_000;
const REQUEST: PruneRequest = { detailsMs: 30 * DAY, jobsMs: 365 * DAY, everyMs: DAY, limit: 100 };

/** A whole pass. */
async function pruneAll(store: QueueStore, changes: Partial<PruneRequest> = {}): Promise<Omit<PruneResult, 'more'>> {
  const all = { jobs: 0, events: 0, seals: [] as string[] };
  for (let more = true; more; ) {
    const step = await store.prune({ ...REQUEST, ...changes });
    all.jobs += step.jobs;
    all.events += step.events;
    all.seals.push(...step.seals);
    more = step.more;
  }
  return all;
}

/** A further generation of the same place, proven with another content. */
async function verifiedAgain(store: QueueStore, name: string, digest: string): Promise<string> {
  const job = await running(store, name);
  await pushed(store, job, digest);
  await store.settle(job.lease, verifiedOutcome(digest));
  return job.job.id;
}

export function describeRetention(subject: QueueStoreSubject): void {
  describe('retention', () => {
    it('drops the steps of what ended long ago, and keeps how it began, how it ended and the proof', async () => {
      const { store, other, world } = await bench(subject);
      const id = await verified(store);
      await world.advance(29 * DAY);
      expect(await pruneAll(store)).toEqual({ jobs: 0, events: 0, seals: [] });
      await world.advance(2 * DAY);
      expect((await pruneAll(other)).events).toBeGreaterThan(0);
      expect(await reasons(store, id)).toEqual(['enqueued', 'proven and published']);
      expect(await store.proofs(id)).toHaveLength(1);
      await world.advance(2 * DAY);
      expect(await pruneAll(store)).toEqual({ jobs: 0, events: 0, seals: [] });
    });

    it('never drops the last proof of a place, however old', async () => {
      const { store, world } = await bench(subject);
      const id = await verified(store);
      await world.advance(10_000 * DAY);
      expect(await pruneAll(store)).toMatchObject({ jobs: 0, seals: [] });
      expect(await store.get(id)).toMatchObject({ state: 'VERIFIED', sealDigest: 'aaaa' });
      expect(await store.proofs(id)).toHaveLength(1);
      expect(await store.latestSeal('id-of-results')).toMatchObject({ digest: 'aaaa' });
    });

    it('drops a generation that a newer one has replaced, with its seal; its key stands for the newer one', async () => {
      const { store, world } = await bench(subject);
      const old = await verified(store, 'results', { dedupKey: 'run-1' });
      const newer = await verifiedAgain(store, 'results', 'bbbb');
      await world.advance(366 * DAY);
      expect(await pruneAll(store)).toMatchObject({ jobs: 1, seals: ['seal-aaaa'] });
      expect(await store.get(old)).toBeNull();
      expect(await store.get(newer)).toMatchObject({ state: 'VERIFIED', generation: 2 });
      expect(await store.enqueue(newJob('results', { dedupKey: 'run-1' }))).toMatchObject({ kind: 'duplicate', because: 'dedupKey', job: { id: newer } });
      expect((await store.enqueue(newJob('results'))).job.generation).toBe(3);
    });

    it('keeps what failed for a person, what is on its way, and a key that could come again', async () => {
      const { store, world } = await bench(subject);
      const broken = await failed(store, 'broken');
      const keyed = await enqueued(store, 'keyed', { dedupKey: 'run-1' });
      const dropped = await enqueued(store, 'dropped');
      for (const id of [keyed, dropped]) await store.cancel(id);
      const waiting = await enqueued(store, 'waiting');
      const held = await running(store, 'held', { priority: 1 });
      await world.advance(366 * DAY);
      expect(await pruneAll(store)).toMatchObject({ jobs: 1 });
      expect(await store.get(dropped)).toBeNull();
      expect(await Promise.all([broken, keyed, waiting, held.job.id].map(async (id) => stateOf(store, id)))).toEqual(['FAILED', 'CANCELLED', 'QUEUED', 'RUNNING']);
      expect(await store.enqueue(newJob('keyed', { dedupKey: 'run-1' }))).toMatchObject({ kind: 'duplicate', because: 'dedupKey' });
    });

    it('keeps what was sent of a failed job for as long as it can be gone on with', async () => {
      const { store, world } = await bench(subject);
      const job = await running(store);
      await store.recordSeal(job.lease, sealRecord(job.job.sourceId, 'aaaa'));
      await store.intend(job.lease, { phase: 'pushing', reason: 'pushing' });
      await store.settle(job.lease, { kind: 'cancelled', reason: 'cancelled' });
      await world.advance(366 * DAY);
      // Its staging is still to be removed: the row says where.
      expect(await pruneAll(store)).toMatchObject({ jobs: 0 });
      expect(await stateOf(store, job.job.id)).toBe('CANCELLED');
    });

    it('takes a pass in short steps that any worker goes on with, and begins the next when it is time', async () => {
      const { store, other, world } = await bench(subject);
      for (let index = 0; index < 5; index += 1) await verified(store, `job-${index}`);
      await world.advance(40 * DAY);
      const steps = [];
      for (const from of [store, other, store, other]) steps.push(await from.prune({ ...REQUEST, limit: 2 }));
      expect(steps.map(({ more }) => more)).toEqual([true, true, false, false]);
      expect(steps.map(({ events }) => events > 0)).toEqual([true, true, true, false]);
      await verified(store, 'late');
      await world.advance(DAY - 1);
      expect(await store.prune({ ...REQUEST, detailsMs: 0 })).toMatchObject({ events: 0 });
      await world.advance(1);
      expect((await pruneAll(store, { detailsMs: 0 })).events).toBeGreaterThan(0);
    });

    it('does nothing where no age is given', async () => {
      const { store, world } = await bench(subject);
      await verified(store);
      await world.advance(1_000 * DAY);
      expect(await pruneAll(store, { detailsMs: null, jobsMs: null })).toEqual({ jobs: 0, events: 0, seals: [] });
    });
  });

  describe('a pause of the whole queue', () => {
    it('lets nothing be claimed anywhere, with that reason, until it ends', async () => {
      const { store, other } = await bench(subject);
      const ids = [await enqueued(store, 'a'), await enqueued(store, 'b', { destination: 'disk' })];
      expect(await other.queueStatus()).toEqual({ pausedAt: null });
      const { pausedAt } = await other.pauseQueue();
      expect(pausedAt).not.toBeNull();
      expect(await store.claim(claimRequest())).toBeNull();
      for (const id of ids) expect(await store.get(id)).toMatchObject({ state: 'QUEUED', hold: 'paused', holdDetail: expect.stringContaining('whole queue') as string });
      expect(await store.hasActive()).toBe(false);
      expect(await other.resumeQueue()).toEqual({ pausedAt: null });
      expect([(await claimed(store)).job.id, (await claimed(store)).job.id].sort()).toEqual([...ids].sort());
    });

    it('lets go on what is in hand', async () => {
      const { store } = await bench(subject);
      const job = await running(store);
      await store.pauseQueue();
      await pushed(store, job);
      expect(await store.settle(job.lease, verifiedOutcome())).toMatchObject({ state: 'VERIFIED' });
    });

    it('keeps destinations paused that were paused one by one, and its own first time', async () => {
      const { store, world } = await bench(subject);
      await enqueued(store, 'a');
      await store.pauseDestination('nas');
      const first = await store.pauseQueue();
      await world.advance(1_000);
      expect(await store.pauseQueue()).toEqual(first);
      await store.resumeQueue();
      expect(await store.claim(claimRequest())).toBeNull();
      await store.resumeDestination('nas');
      expect(await store.claim(claimRequest())).not.toBeNull();
    });
  });
}
