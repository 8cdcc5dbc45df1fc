import type { ClaimedJob, QueueStore } from '@longhaul/sync-queue';
import { describe, expect, it } from 'vitest';
import { claimed, claimRequest, LEASE, running, sealRecord, stateOf, verifiedOutcome, WORKER_A, WORKER_B } from './bench-jobs.ts';
import type { QueueStoreSubject } from './subject.ts';
import { bench } from './suite.ts';

const PROGRESS = { bytesDone: 5, bytesTotal: 10, filesDone: 1, filesTotal: 2, bytesSent: 5, currentFile: null };
const HASHING = { phase: 'sealing', bytesDone: 5, bytesTotal: 10, filesDone: 1, filesTotal: 2 } as const;
const PROCESS = { host: 'alpha', bootId: 'boot-1', pid: 4711, startTime: '99' };

/** Everything a worker writes under its lease. */
const FENCED: readonly { readonly name: string; readonly write: (store: QueueStore, job: ClaimedJob) => Promise<unknown> }[] = [
  { name: 'heartbeat', write: async (store, { lease }) => store.heartbeat(lease, { leaseMs: LEASE }) },
  { name: 'progress', write: async (store, { lease }) => store.progress(lease, PROGRESS) },
  { name: 'hashing', write: async (store, { lease }) => store.hashing(lease, HASHING) },
  { name: 'intend', write: async (store, { lease }) => store.intend(lease, { phase: 'pushing', reason: 'pushing' }) },
  { name: 'recordProcess', write: async (store, { lease }) => store.recordProcess(lease, PROCESS) },
  { name: 'recordSeal', write: async (store, { lease, job }) => store.recordSeal(lease, sealRecord(job.sourceId, 'late')) },
  { name: 'raiseGeneration', write: async (store, { lease }) => store.raiseGeneration(lease, { above: 7 }) },
  { name: 'settle pushed', write: async (store, { lease }) => store.settle(lease, { kind: 'pushed', where: 'staged', reason: 'late' }) },
  { name: 'settle verified', write: async (store, { lease }) => store.settle(lease, verifiedOutcome()) },
  { name: 'settle cancelled', write: async (store, { lease }) => store.settle(lease, { kind: 'cancelled', reason: 'late' }) },
];

export function describeLease(subject: QueueStoreSubject): void {
  describe('lease', () => {
    it.each(FENCED)('has no effect when it is lost: $name', async ({ write }) => {
      const { store, other, world } = await bench(subject);
      const old = await running(store);
      await world.advance(LEASE);
      await other.recover({ dead: [], lapsed: 'recover', maxRecoveries: 3 });
      const now = await claimed(other, { owner: WORKER_B });
      const before = { job: await other.get(old.job.id), history: await other.history(old.job.id) };
      await expect(write(store, old)).rejects.toMatchObject({ code: 'LEASE_LOST', jobId: old.job.id });
      expect({ job: await other.get(old.job.id), history: await other.history(old.job.id) }).toEqual(before);
      expect(now.job.owner).toEqual(WORKER_B);
    });

    it.each(FENCED)('has no effect after the job is settled: $name', async ({ write }) => {
      const { store } = await bench(subject);
      const job = await running(store);
      await store.settle(job.lease, { kind: 'cancelled', reason: 'test' });
      await expect(write(store, job)).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect(await stateOf(store, job.job.id)).toBe('CANCELLED');
    });

    it('holds as long as it is renewed, however long that is', async () => {
      const { store, other, world } = await bench(subject);
      const job = await running(store);
      for (let beat = 0; beat < 5; beat += 1) {
        await world.advance(LEASE - 1);
        await store.heartbeat(job.lease, { leaseMs: LEASE });
        expect(await other.recover({ dead: [], lapsed: 'recover', maxRecoveries: 3 })).toEqual([]);
      }
      expect(await stateOf(store, job.job.id)).toBe('RUNNING');
    });

    it('is still good after it has lapsed, until somebody takes the job', async () => {
      const { store, world } = await bench(subject);
      const job = await running(store);
      await world.advance(10 * LEASE);
      await expect(store.heartbeat(job.lease, { leaseMs: LEASE })).resolves.toMatchObject({ cancel: 'no' });
    });

    it('keeps the last progress and shows it to others', async () => {
      const { store, other } = await bench(subject);
      const job = await running(store);
      await store.progress(job.lease, PROGRESS);
      expect((await other.get(job.job.id))?.progress).toEqual(PROGRESS);
      const last = { ...PROGRESS, bytesDone: 10 };
      await store.settle(job.lease, { kind: 'pushed', where: 'staged', reason: 'pushed', progress: last });
      expect((await other.get(job.job.id))?.progress).toEqual(last);
    });

    it('shows how far the hashing is, as long as that phase lasts', async () => {
      const { store, other } = await bench(subject);
      const job = await running(store);
      const shown = async (): Promise<unknown> => (await other.get(job.job.id))?.hashing;
      await store.intend(job.lease, { phase: 'sealing', reason: 'sealing' });
      expect(await shown()).toBeNull();
      await store.hashing(job.lease, HASHING);
      expect(await shown()).toEqual(HASHING);
      await store.intend(job.lease, { phase: 'pushing', reason: 'pushing' });
      expect(await shown()).toBeNull();
      await store.settle(job.lease, { kind: 'pushed', where: 'staged', reason: 'pushed' });
      await store.hashing(job.lease, { ...HASHING, phase: 'verifying' });
      expect(await shown()).toEqual({ ...HASHING, phase: 'verifying' });
      await store.settle(job.lease, verifiedOutcome());
      expect(await shown()).toBeNull();
    });

    it('says what is about to be done before it is done', async () => {
      const { store, other } = await bench(subject);
      const job = await running(store);
      await store.intend(job.lease, { phase: 'publishing', reason: 'publishing as results', evidence: 'intent' });
      expect((await other.get(job.job.id))?.phase).toBe('publishing');
      expect((await other.history(job.job.id)).at(-1)).toMatchObject({ from: 'RUNNING', to: 'RUNNING', reason: 'publishing as results', evidence: 'intent', epoch: job.lease.epoch });
    });

    it('hands the processes of a dead worker to whoever has the job next, until they are forgotten', async () => {
      const { store, other } = await bench(subject);
      const job = await running(store);
      await store.recordProcess(job.lease, PROCESS);
      expect(await other.orphans()).toEqual([]);
      await other.recover({ dead: [WORKER_A], lapsed: 'leave', maxRecoveries: 3 });
      expect(await other.orphans()).toEqual([{ jobId: job.job.id, process: PROCESS }]);
      expect((await claimed(other, { owner: WORKER_B })).orphans).toEqual([PROCESS]);
      await other.forgetProcess(job.job.id, PROCESS);
      await other.recover({ dead: [WORKER_B], lapsed: 'leave', maxRecoveries: 3 });
      expect(await other.orphans()).toEqual([]);
    });

    it('counts a new generation when the seal is another content, and only then', async () => {
      const { store } = await bench(subject);
      const job = await running(store);
      const { sourceId } = job.job;
      expect(await store.recordSeal(job.lease, sealRecord(sourceId, 'one'))).toMatchObject({ generation: 1, sealDigest: 'one', filesTotal: 3, bytesTotal: 300 });
      expect(await store.recordSeal(job.lease, { ...sealRecord(sourceId, 'one'), id: 'fresh' })).toMatchObject({ generation: 1, sealId: 'fresh' });
      expect(await store.recordSeal(job.lease, sealRecord(sourceId, 'two'))).toMatchObject({ generation: 2, sealDigest: 'two' });
      expect(await store.latestSeal(sourceId)).toMatchObject({ sourceId, files: 3 });
      expect(await store.latestSeal('nobody')).toBeNull();
    });

    it('passes the generation that the destination holds', async () => {
      const { store } = await bench(subject);
      const job = await running(store);
      expect((await store.raiseGeneration(job.lease, { above: 4 })).generation).toBe(5);
      expect((await store.raiseGeneration(job.lease, { above: 4 })).generation).toBe(5);
    });

    it('is not given for a job that waits', async () => {
      const { store } = await bench(subject);
      const job = await running(store);
      await store.settle(job.lease, { kind: 'again', to: 'QUEUED', delayMs: 1000, hold: 'backoff', charge: 'attempt', reason: 'network' });
      expect(await store.claim(claimRequest())).toBeNull();
      expect(await store.leases()).toEqual([]);
    });
  });
}
