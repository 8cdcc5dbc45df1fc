import { describe, expect, it } from 'vitest';
import { claimed, enqueued, failed, reasons, RUN, running, there, verified } from './bench-jobs.ts';
import type { QueueStoreSubject } from './subject.ts';
import { bench } from './suite.ts';

export function describeQueries(subject: QueueStoreSubject): void {
  describe('queries', () => {
    it('list newest first, by pages without gap or repeat, while jobs are added', async () => {
      const { store, other } = await bench(subject);
      const ids = [];
      for (let index = 0; index < 25; index += 1) ids.push(await enqueued(store, `job-${index}`));
      const first = await other.list({ limit: 10 });
      await enqueued(store, 'late');
      const second = await other.list({ limit: 10, cursor: there(first.nextCursor) });
      const third = await other.list({ limit: 10, cursor: there(second.nextCursor) });
      expect([...first.jobs, ...second.jobs, ...third.jobs].map(({ id }) => id)).toEqual(ids.reverse());
      expect(third.nextCursor).toBeNull();
    });

    it('list by state, destination, source, session, run and the beginning of an id', async () => {
      const { store } = await bench(subject);
      const done = await verified(store, 'done');
      const broken = await failed(store, 'broken');
      const ofRun = await enqueued(store, 'run', { run: RUN, destination: 'disk' });
      const found = async (filter: object): Promise<readonly string[]> => (await store.list(filter)).jobs.map(({ id }) => id);
      expect(await found({ states: ['VERIFIED'] })).toEqual([done]);
      expect(await found({ states: ['VERIFIED', 'FAILED'] })).toEqual([broken, done]);
      expect(await found({ states: [] })).toEqual([]);
      expect(await found({ destination: 'disk' })).toEqual([ofRun]);
      expect(await found({ source: '/data/broken' })).toEqual([broken]);
      expect(await found({ sourceId: 'id-of-done' })).toEqual([done]);
      expect(await found({ session: 'train' })).toEqual([ofRun]);
      expect(await found({ runId: RUN.runId, states: ['QUEUED'] })).toEqual([ofRun]);
      expect(await found({ idPrefix: broken.toLowerCase() })).toEqual([broken]);
    });

    it('count what is in each state', async () => {
      const { store } = await bench(subject);
      await verified(store, 'a');
      await verified(store, 'b');
      await enqueued(store, 'c', { destination: 'disk' });
      expect(await store.counts()).toEqual([
        { destination: 'disk', state: 'QUEUED', jobs: 1 },
        { destination: 'nas', state: 'VERIFIED', jobs: 2 },
      ]);
    });

    it('tell the whole story of a job, in order', async () => {
      const { store, other } = await bench(subject);
      const id = await verified(store);
      const history = await other.history(id);
      expect(history.map(({ seq }) => seq)).toEqual(history.map((_, index) => index + 1));
      const states = history.filter(({ from, to }) => from !== to).map(({ from, to }) => [from, to]);
      expect(states).toEqual([[null, 'QUEUED'], ['QUEUED', 'RUNNING'], ['RUNNING', 'AWAITING_VERIFY'], ['AWAITING_VERIFY', 'VERIFIED']]);
      expect(await reasons(other, id)).toEqual(['enqueued', 'claimed', 'sealed', 'pushing', 'pushed', 'proven and published']);
    });

    it('tell what happened in the whole queue after a cursor', async () => {
      const { store, other } = await bench(subject);
      await enqueued(store, 'a');
      const before = await other.events({ after: 0 });
      const last = there(before.at(-1)).cursor;
      await enqueued(store, 'b');
      const after = await other.events({ after: last });
      expect(after.map(({ to, reason }) => ({ to, reason }))).toEqual([{ to: 'QUEUED', reason: 'enqueued' }]);
      expect(there(after[0]).cursor).toBeGreaterThan(last);
      expect(await other.events({ after: 0, limit: 1 })).toEqual(before);
    });

    it('say when the next thing is due', async () => {
      const { store, world } = await bench(subject);
      expect(await store.nextDueInMs()).toBeNull();
      await enqueued(store, 'now');
      await enqueued(store, 'then');
      const job = await claimed(store);
      await store.settle(job.lease, { kind: 'again', to: 'QUEUED', delayMs: 5000, hold: 'backoff', charge: 'attempt', reason: 'network' });
      await world.advance(2000);
      expect(await store.nextDueInMs()).toBe(3000);
    });

    it('say whether anything is still on its way', async () => {
      const { store } = await bench(subject);
      expect(await store.hasActive()).toBe(false);
      await verified(store, 'done');
      await failed(store, 'broken');
      expect(await store.hasActive()).toBe(false);
      await running(store, 'busy');
      expect(await store.hasActive()).toBe(true);
      await store.pauseDestination('nas');
      expect(await store.hasActive()).toBe(false);
    });

    it('show the slot of a running job as taken, and free again after it', async () => {
      const { store } = await bench(subject);
      const job = await running(store);
      expect(await store.destination('nas')).toMatchObject({ running: 1, waiting: 0 });
      await store.settle(job.lease, { kind: 'cancelled', reason: 'x' });
      expect(await store.destination('nas')).toMatchObject({ running: 0, waiting: 0 });
      expect(await store.destination('nowhere')).toBeNull();
    });
  });
}
