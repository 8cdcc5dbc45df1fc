import type { DestinationBlock, QueueStore } from '@longhaul/sync-queue';
import { describe, expect, it } from 'vitest';
import { claimed, claimRequest, enqueued, failure, newJob, running, stateOf, verified, WORKER_A } from './bench-jobs.ts';
import type { QueueStoreSubject } from './subject.ts';
import { bench } from './suite.ts';

const BLOCK: DestinationBlock = { reason: 'breaker', detail: 'no route to host', errorKind: 'network', probeInMs: 10_000, neededBytes: null };
const ANSWER = { reachable: true, errorKind: null, evidence: null, hint: null, freeBytes: 1_000, tools: ['rsync 3.5'] } as const;
const SILENCE = { reachable: false, errorKind: 'network', evidence: 'timed out', hint: null, freeBytes: null, tools: [] } as const;

/** A job of this name failed as the destination refused it, which blocks it. */
async function refused(store: QueueStore, name: string): Promise<string> {
  const job = await running(store, name);
  await store.settle(job.lease, { kind: 'failed', charge: 'attempt', failure: failure('auth'), whenDestinationAnswers: 'requeue', reason: 'auth', block: { ...BLOCK, errorKind: 'auth' } });
  return job.job.id;
}

export function describeDestinations(subject: QueueStoreSubject): void {
  describe('destinations', () => {
    it('are known from their first job on', async () => {
      const { store, other } = await bench(subject);
      expect(await store.destinations()).toEqual([]);
      await enqueued(store, 'a');
      await enqueued(store, 'b', { destination: 'disk' });
      await running(store, 'c');
      expect((await other.destinations()).map(({ name, waiting, running: busy }) => ({ name, waiting, busy }))).toEqual([
        { name: 'disk', waiting: 1, busy: 0 },
        { name: 'nas', waiting: 1, busy: 1 },
      ]);
    });

    it('keep their jobs while they are paused, with that reason', async () => {
      const { store, other } = await bench(subject);
      const id = await enqueued(store, 'a');
      expect(await other.pauseDestination('nas')).toMatchObject({ paused: true });
      expect(await store.claim(claimRequest())).toBeNull();
      expect(await store.get(id)).toMatchObject({ state: 'QUEUED', hold: 'paused' });
      await other.resumeDestination('nas');
      expect((await claimed(store)).job.id).toBe(id);
    });

    it('keep all their jobs while they are blocked, at no charge, and let others through', async () => {
      const { store } = await bench(subject);
      const waiting = await enqueued(store, 'waiting');
      await store.settle((await claimed(store)).lease, { kind: 'again', to: 'QUEUED', delayMs: 0, hold: null, charge: 'nothing', reason: 'network', block: BLOCK });
      await enqueued(store, 'other', { destination: 'disk' });
      expect(await store.get(waiting)).toMatchObject({ hold: 'breaker', holdDetail: 'no route to host', attempts: 0 });
      expect((await claimed(store)).job.destination).toBe('disk');
      expect(await store.claim(claimRequest())).toBeNull();
    });

    it('tell what is proven there and which place it is, but for what was known before a person renewed them', async () => {
      const { store, other, world } = await bench(subject);
      expect(await store.knownPlace('nas', { limit: 5 })).toEqual({ place: null, proven: [] });
      await verified(store, 'a');
      await world.advance(1_000);
      await verified(store, 'b');
      await store.rememberPlace('nas', 'the first');
      await store.rememberPlace('nas', 'this one');
      expect(await other.knownPlace('nas', { limit: 5 })).toMatchObject({ place: 'this one', proven: { length: 2 } });
      expect((await other.knownPlace('nas', { limit: 1 })).proven.length).toBe(1);
      expect(await other.knownPlace('disk', { limit: 5 })).toEqual({ place: null, proven: [] });
      await world.advance(1_000);
      expect(await store.renewDestination('nas')).toMatchObject({ name: 'nas' });
      expect(await other.knownPlace('nas', { limit: 5 })).toEqual({ place: null, proven: [] });
    });

    it('are probed by one worker, when it is time', async () => {
      const { store, other, world } = await bench(subject);
      await refused(store, 'a');
      expect(await store.claimProbe({ leaseMs: 60_000 })).toBeNull();
      await world.advance(10_000);
      expect(await store.claimProbe({ leaseMs: 60_000 })).toEqual({ name: 'nas', reason: 'breaker', errorKind: 'auth', neededBytes: null, strikes: 1, failedProbes: 0 });
      expect(await other.claimProbe({ leaseMs: 60_000 })).toBeNull();
      await world.advance(60_000);
      expect(await other.claimProbe({ leaseMs: 60_000 })).not.toBeNull();
    });

    it('stay blocked after a probe without answer, and tell when the next one is', async () => {
      const { store, world } = await bench(subject);
      await refused(store, 'a');
      await world.advance(10_000);
      await store.claimProbe({ leaseMs: 60_000 });
      const { status, requeued } = await store.settleProbe('nas', { report: SILENCE, verdict: { kind: 'stay', detail: 'timed out', probeInMs: 20_000 } });
      expect(requeued).toBe(0);
      expect(status).toMatchObject({ block: { detail: 'timed out', failedProbes: 1 }, lastProbe: { reachable: false, evidence: 'timed out' } });
      expect(await store.nextDueInMs()).toBe(20_000);
    });

    it('try what they had refused once more when they answer again, and only once', async () => {
      const { store, world } = await bench(subject);
      const id = await refused(store, 'a');
      await world.advance(10_000);
      expect(await store.settleProbe('nas', { report: ANSWER, verdict: { kind: 'release' } })).toMatchObject({ requeued: 1, status: { block: null, everWorked: true, lastProbe: ANSWER } });
      expect(await store.get(id)).toMatchObject({ state: 'QUEUED', attempts: 0 });
      const again = await claimed(store);
      await store.settle(again.lease, { kind: 'failed', charge: 'attempt', failure: failure('auth'), whenDestinationAnswers: 'requeue', reason: 'auth', block: BLOCK });
      expect(await store.settleProbe('nas', { report: ANSWER, verdict: { kind: 'release' } })).toMatchObject({ requeued: 0 });
      expect(await stateOf(store, id)).toBe('FAILED');
    });

    it('leave what failed for another reason to a person, and what a newer generation has taken over', async () => {
      const { store } = await bench(subject);
      const vanished = await running(store, 'vanished');
      await store.settle(vanished.lease, { kind: 'failed', charge: 'attempt', failure: failure('local_file_vanished'), whenDestinationAnswers: 'stay', reason: 'vanished' });
      const old = await refused(store, 'old');
      await store.enqueue(newJob('old', { dedupKey: 'newer' }));
      const other = await store.settleProbe('nas', { report: ANSWER, verdict: { kind: 'release' } });
      expect(other.requeued).toBe(0);
      expect([await stateOf(store, vanished.job.id), await stateOf(store, old)]).toEqual(['FAILED', 'FAILED']);
    });

    it('are probed at once when a person retries or resumes', async () => {
      const { store } = await bench(subject);
      const id = await refused(store, 'a');
      await store.retry(id);
      expect(await store.get(id)).toMatchObject({ state: 'QUEUED', hold: 'breaker' });
      expect(await store.claimProbe({ leaseMs: 1000 })).not.toBeNull();
    });

    it('count jobs that failed together as one strike', async () => {
      const { store } = await bench(subject);
      await enqueued(store, 'a');
      await enqueued(store, 'b');
      const jobs = [await claimed(store), await claimed(store)];
      for (const { lease } of jobs) await store.settle(lease, { kind: 'again', to: 'QUEUED', delayMs: 0, hold: null, charge: 'nothing', reason: 'network', block: BLOCK });
      expect(await store.destination('nas')).toMatchObject({ strikes: 1 });
    });

    it('are not asked to remove staging while they are blocked', async () => {
      const { store } = await bench(subject);
      await enqueued(store, 'a');
      await enqueued(store, 'b');
      const [a, b] = [await claimed(store), await claimed(store)];
      await store.intend(a.lease, { phase: 'pushing', reason: 'pushing' });
      await store.settle(a.lease, { kind: 'cancelled', reason: 'cancelled' });
      await store.settle(b.lease, { kind: 'again', to: 'QUEUED', delayMs: 0, hold: null, charge: 'nothing', reason: 'network', block: BLOCK });
      expect(await store.claimAbandonedStaging({ owner: WORKER_A, leaseMs: 1000 })).toBeNull();
    });
  });
}
