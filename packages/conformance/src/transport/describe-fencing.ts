import { lockPath, printLockHolder } from '@longhaul/sync-transports';
import type { RawPath } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import type { TransportSubject } from './subject.ts';
import { TransportBench } from './transport-bench.ts';

const raw = (path: string): RawPath => path as RawPath;
const NONCE = '0'.repeat(32);

/** A worker that wakes late does no harm, and nobody takes what is another's. */
export function describeFencing(subject: TransportSubject): void {
  describe('fencing', () => {
    it('stops every call of an earlier claim once a later one was there', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'a', content: 'a' }]);
      await bench.push(seal, { epoch: 2 });
      expect(await bench.push(seal, { epoch: 1 })).toMatchObject({ ok: false, errorKind: 'interrupted', bytesSent: 0 });
      expect(await bench.publish(seal, { epoch: 1 })).toMatchObject({ kind: 'fenced' });
      await expect(bench.compared(seal, { epoch: 1 })).rejects.toMatchObject({ errorKind: 'interrupted' });
      await expect(bench.transport.prune({ placement: bench.placement({ epoch: 1 }), extras: [raw('a')] })).rejects.toMatchObject({ errorKind: 'interrupted' });
      await expect(bench.transport.remove({ placement: bench.placement({ epoch: 1 }) })).rejects.toMatchObject({ errorKind: 'interrupted' });
      expect(await bench.compared(seal, { epoch: 2 })).toEqual(bench.exact);
      expect(await bench.publish(seal, { epoch: 2 })).toEqual({ kind: 'published' });
    });

    it('leaves the lock of another host alone and says whose it is', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'a', content: 'a' }]);
      const holder = `${lockPath(raw('results'))}/holder`;
      const text = printLockHolder({ host: 'host-2', job: 'job-9', epoch: 1, nonce: NONCE, name: 'their machine' });
      await bench.push(seal, { epoch: 7 });
      await bench.destination.write(raw(holder), text);
      const outcome = await bench.publish(seal, { epoch: 7 });
      expect(outcome).toMatchObject({ kind: 'locked' });
      expect(JSON.stringify(outcome)).toContain('their machine');
      expect((await bench.destination.read(raw(holder)))?.toString()).toBe(text);
      expect(await bench.destination.stat(raw('results'))).toBeNull();
    });

    it.each([
      ['breaks the lock that an earlier claim of the same job has left', { job: 'job-1', epoch: 1 }, 'published'],
      ['leaves the lock of another job of the same host', { job: 'job-9', epoch: 1 }, 'locked'],
      ['leaves the lock of a later claim', { job: 'job-1', epoch: 9 }, 'locked'],
    ])('%s', async (_, { job, epoch }, kind) => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'a', content: 'a' }]);
      await bench.push(seal, { epoch: 3 });
      await bench.destination.write(raw(`${lockPath(raw('results'))}/holder`), printLockHolder({ host: 'host-1', job, epoch, nonce: NONCE, name: 'here' }));
      expect((await bench.publish(seal, { epoch: 3 })).kind).toBe(kind);
    });

    it('does not break a lock that cannot be read', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'a', content: 'a' }]);
      await bench.push(seal, { epoch: 3 });
      await bench.destination.write(raw(`${lockPath(raw('results'))}/holder`), 'garbage');
      expect(await bench.publish(seal, { epoch: 3 })).toMatchObject({ kind: 'locked' });
    });

    it('removes staging and the lock of a job that is given up, and nothing published', async () => {
      const bench = await TransportBench.open(subject);
      await bench.deliver(await bench.sealed([{ path: 'a', content: 'published' }]));
      const seal = await bench.sealed([{ path: 'a', content: 'given up' }]);
      await bench.push(seal, { jobId: 'job-2', generation: 2 });
      await bench.destination.write(raw(`${lockPath(raw('results'))}/holder`), printLockHolder({ host: 'host-1', job: 'job-2', epoch: 1, nonce: NONCE, name: 'here' }));
      const placement = bench.placement({ jobId: 'job-2', epoch: 2 });
      await bench.transport.remove({ placement });
      await bench.transport.remove({ placement });
      expect(await bench.leftovers()).toEqual([]);
      expect(await bench.text('a')).toBe('published');
    });
  });
}
