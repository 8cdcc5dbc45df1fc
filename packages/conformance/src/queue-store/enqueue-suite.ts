import { rawPathFromBytes, rawPathFromText } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import { claimed, enqueued, failed, newJob, pushed, reasons, RUN, running, stateOf, verified, verifiedOutcome, WORKER_B } from './bench-jobs.ts';
import type { QueueStoreSubject } from './subject.ts';
import { bench } from './suite.ts';

export function describeEnqueue(subject: QueueStoreSubject): void {
  describe('enqueue', () => {
    it('makes a QUEUED job that another process sees, with its first line of history', async () => {
      const { store, other } = await bench(subject);
      const { kind, job } = await store.enqueue(newJob('results', { run: RUN, priority: 3 }));
      expect(kind).toBe('created');
      expect(await other.get(job.id)).toEqual(job);
      expect(job).toMatchObject({ state: 'QUEUED', source: '/data/results', destination: 'nas', finalName: 'results', generation: 1, attempts: 0, epoch: 0, priority: 3, run: RUN, sealId: null });
      expect(await other.history(job.id)).toMatchObject([{ seq: 1, from: null, to: 'QUEUED', epoch: 0 }]);
    });

    it('keeps one active job per source, destination and final name, whoever asks', async () => {
      const { store, other } = await bench(subject);
      const first = await store.enqueue(newJob('results'));
      const second = await other.enqueue(newJob('results', { priority: 5 }));
      expect(second).toMatchObject({ kind: 'duplicate', because: 'active', job: { id: first.job.id, priority: 5 } });
      expect((await store.list()).jobs).toHaveLength(1);
    });

    it('tells sources, destinations and final names apart', async () => {
      const { store } = await bench(subject);
      const requests = [newJob('a'), newJob('b'), newJob('a', { destination: 'disk' }), newJob('a', { finalName: rawPathFromText('other/a') })];
      const kinds = [];
      for (const request of requests) kinds.push((await store.enqueue(request)).kind);
      expect(kinds).toEqual(['created', 'created', 'created', 'created']);
    });

    it('never makes a second job for a dedup key, also after the first is verified', async () => {
      const { store, other } = await bench(subject);
      const id = await verified(store, 'results', { dedupKey: 'run-1:0:nas' });
      const again = await other.enqueue(newJob('results', { dedupKey: 'run-1:0:nas' }));
      expect(again).toMatchObject({ kind: 'duplicate', because: 'dedupKey', job: { id, state: 'VERIFIED' } });
    });

    it('makes exactly one job when two processes enqueue the same key at the same time', async () => {
      const { store, other } = await bench(subject);
      const handles = [store, other, store, other, store, other];
      const results = await Promise.all(handles.map(async (handle) => handle.enqueue(newJob('results', { dedupKey: 'one' }))));
      expect(results.filter(({ kind }) => kind === 'created')).toHaveLength(1);
      expect(new Set(results.map(({ job }) => job.id)).size).toBe(1);
    });

    it('makes a new generation after a verified one', async () => {
      const { store } = await bench(subject);
      await verified(store);
      expect(await store.enqueue(newJob('results'))).toMatchObject({ kind: 'newGeneration', job: { generation: 2, state: 'QUEUED' } });
    });

    it('tries a failed job again instead of making another, so that what was sent is not sent twice', async () => {
      const { store } = await bench(subject);
      const id = await failed(store);
      const again = await store.enqueue(newJob('results'));
      expect(again).toMatchObject({ kind: 'duplicate', because: 'failed', job: { id, state: 'QUEUED', attempts: 0, errorKind: null } });
      expect((await claimed(store)).sealNeeded).toBe('yes');
    });

    it('makes a job of its own for a new key, beside a failed one', async () => {
      const { store } = await bench(subject);
      const id = await failed(store);
      const { kind, job } = await store.enqueue(newJob('results', { dedupKey: 'run-2:0:nas' }));
      expect({ kind, same: job.id === id }).toEqual({ kind: 'newGeneration', same: false });
      expect(await stateOf(store, id)).toBe('FAILED');
    });

    it('has a waiting job sealed again, and told of the newest run, when it is enqueued once more', async () => {
      const { store } = await bench(subject);
      const job = await running(store);
      await store.recordSeal(job.lease, { id: 's1', sourceId: job.job.sourceId, digest: 'd1', sealedAt: '2026-11-22T00:00:00.000Z', files: 1, bytes: 1 });
      await store.settle(job.lease, { kind: 'again', to: 'QUEUED', delayMs: 0, hold: null, charge: 'nothing', reason: 'interrupted' });
      await store.enqueue(newJob('results', { run: RUN }));
      expect(await claimed(store)).toMatchObject({ sealNeeded: 'yes', job: { id: job.job.id, run: RUN } });
    });

    it('follows up with a new generation when it is enqueued while running and the result does not cover that', async () => {
      const { store, other } = await bench(subject);
      const job = await running(store);
      await pushed(store, job);
      await other.enqueue(newJob('results', { run: RUN }));
      const { requests } = await store.heartbeat(job.lease, { leaseMs: 1000 });
      expect(requests).toBe(2);
      await store.settle(job.lease, verifiedOutcome('aaaa', { covers: 1 }));
      const next = await claimed(store, { owner: WORKER_B });
      expect(next.job).toMatchObject({ generation: 2, state: 'RUNNING', run: RUN });
      expect(next.job.id).not.toBe(job.job.id);
    });

    it('makes nothing further when the result covers every request that came meanwhile', async () => {
      const { store, other } = await bench(subject);
      const job = await running(store);
      await pushed(store, job);
      await other.enqueue(newJob('results'));
      await store.settle(job.lease, verifiedOutcome('aaaa', { covers: 2 }));
      expect((await store.list()).jobs).toHaveLength(1);
      expect(await reasons(store, job.job.id)).toContain('enqueued again while it is on its way: no second job');
    });

    it('keeps names as the bytes they are', async () => {
      const { store } = await bench(subject);
      const odd = rawPathFromBytes(Uint8Array.from([0x2d, 0x0a, 0xff, 0x5c, 0x27, 0x3b, 0x23]));
      const id = await enqueued(store, 'x', { finalName: odd, source: { kind: 'file', root: odd, name: odd, dev: 2n ** 63n } });
      const job = await claimed(store);
      expect(job).toMatchObject({ finalName: odd, source: { kind: 'file', root: odd, name: odd, dev: 2n ** 63n } });
      expect((await store.get(id))?.finalName).toBe(String.raw`-\n\xff\\';#`);
    });
  });
}
