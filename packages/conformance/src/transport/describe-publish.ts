import type { RawPath } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import type { TransportSubject } from './subject.ts';
import { TransportBench } from './transport-bench.ts';

const raw = (path: string): RawPath => path as RawPath;

/** Nothing is merged, nothing of somebody else is replaced, and twice is as good as once. */
export function describePublish(subject: TransportSubject): void {
  describe('publish', () => {
    it('says published again, for the same claim and for a later one', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'a', content: 'a' }]);
      await bench.deliver(seal);
      expect(await bench.publish(seal)).toEqual({ kind: 'published' });
      expect(await bench.publish(seal, { epoch: 2 })).toEqual({ kind: 'published' });
      expect(await bench.text('a')).toBe('a');
      expect(await bench.leftovers()).toEqual([]);
    });

    it('refuses to publish what was never staged', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'a', content: 'a' }]);
      await expect(bench.publish(seal)).rejects.toMatchObject({ code: 'TRANSPORT' });
      expect(await bench.destination.stat(raw('results'))).toBeNull();
    });

    it('is a conflict over the result of another source or host, and leaves that as it was', async () => {
      const bench = await TransportBench.open(subject);
      const mine = await bench.sealed([{ path: 'a', content: 'mine' }]);
      await bench.deliver(mine);
      const theirs = await bench.sealed([{ path: 'a', content: 'theirs' }], 'elsewhere');
      for (const [seal, job] of [[theirs, { jobId: 'job-2' }], [mine, { jobId: 'job-3', hostId: 'host-2' }]] as const) {
        await bench.push(seal, job);
        expect(await bench.publish(seal, job)).toMatchObject({ kind: 'conflict', holder: bench.receipt(mine) });
      }
      expect(await bench.text('a')).toBe('mine');
    });

    it.each([
      ['a folder with files', 'results/file'],
      ['an empty folder', 'results/'],
      ['a file', 'results'],
      ['a damaged receipt', 'results/.longhaul/longhaul.json'],
      ['a file where a parent must be', ''],
    ])('is a conflict over %s', async (_, path) => {
      const bench = await TransportBench.open(subject);
      const finalName = path === '' ? 'parent/results' : 'results';
      if (path.endsWith('/')) await bench.destination.makeFolder(raw('results'));
      else await bench.destination.write(raw(path === '' ? 'parent' : path), '{"half":');
      const before = await bench.destination.list(raw(''));
      const seal = await bench.sealed([{ path: 'a', content: 'a' }]);
      await bench.push(seal, { finalName });
      expect(await bench.publish(seal, { finalName })).toMatchObject({ kind: 'conflict', holder: null });
      await bench.transport.remove({ placement: bench.placement({ finalName }) });
      expect((await bench.destination.list(raw(''))).filter((found) => !found.startsWith('.longhaul-incoming'))).toEqual(before);
    });

    it('puts no result inside another one', async () => {
      const bench = await TransportBench.open(subject);
      await bench.deliver(await bench.sealed([{ path: 'a', content: 'outer' }]));
      const inner = await bench.sealed([{ path: 'a', content: 'inner' }], 'inner');
      const job = { jobId: 'job-2', finalName: 'results/inner' };
      await bench.push(inner, job);
      expect(await bench.publish(inner, job)).toMatchObject({ kind: 'conflict' });
      expect(await bench.destination.stat(raw('results/inner'))).toBeNull();
    });

    it('does not put an older generation over a newer one', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'a', content: 'newer' }]);
      await bench.deliver(seal, { generation: 5 });
      const job = { jobId: 'job-2', generation: 4 };
      await bench.push(seal, job);
      expect(await bench.publish(seal, job)).toMatchObject({ kind: 'fenced' });
    });

    it('replaces its own result with the same content when that is staged again: a repair', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'a', content: 'content' }]);
      await bench.deliver(seal);
      await bench.destination.corrupt(raw('results/a'));
      await bench.push(seal, { epoch: 2, repeat: [raw('a')] });
      expect(await bench.publish(seal, { epoch: 2 })).toEqual({ kind: 'published' });
      expect(await bench.text('a')).toBe('content');
    });

    it('lets one of two hosts win that publish the same name at the same time', async () => {
      const bench = await TransportBench.open(subject);
      const others = await bench.world.connect();
      const mine = await bench.sealed([{ path: 'a', content: 'one' }], 'one');
      const theirs = await bench.sealed([{ path: 'a', content: 'two' }], 'two');
      await bench.push(mine, { jobId: 'job-1', hostId: 'host-1' });
      await bench.push(theirs, { jobId: 'job-2', hostId: 'host-2' }, others);
      const outcomes = await Promise.all([bench.publish(mine, { jobId: 'job-1', hostId: 'host-1' }), bench.publish(theirs, { jobId: 'job-2', hostId: 'host-2' }, others)]);
      const kinds = outcomes.map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'published')).toHaveLength(1);
      expect(['conflict', 'locked']).toContain(kinds.find((kind) => kind !== 'published'));
      expect(await bench.text('a')).toBe(kinds[0] === 'published' ? 'one' : 'two');
    });

    it('tells nothing, a stranger and a receipt apart, and a damaged receipt from all of them', async () => {
      const bench = await TransportBench.open(subject);
      const read = async (finalName: string): ReturnType<typeof bench.transport.readReceipt> => bench.transport.readReceipt({ finalName: raw(finalName) });
      expect(await read('results')).toEqual({ kind: 'none' });
      expect(await read('no/such/parent')).toEqual({ kind: 'none' });
      await bench.destination.write(raw('foreign/file'), 'x');
      expect(await read('foreign')).toEqual({ kind: 'foreign' });
      await bench.destination.write(raw('damaged/.longhaul/longhaul.json'), '{"schemaVersion":1');
      await expect(read('damaged')).rejects.toMatchObject({ code: 'TRANSPORT', errorKind: 'config' });
    });
  });
}
