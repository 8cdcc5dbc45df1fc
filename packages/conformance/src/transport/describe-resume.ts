import { rmSync } from 'node:fs';
import type { RawPath } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import type { TransportSubject } from './subject.ts';
import { TransportBench } from './transport-bench.ts';

const raw = (path: string): RawPath => path as RawPath;
const MIB = 1 << 20;

/** What was sent once is not sent again. */
export function describeResume(subject: TransportSubject): void {
  describe('going on', () => {
    it('ends as interrupted when aborted, keeps nothing half under its real name, and goes on later', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed(Array.from({ length: 16 }, (_, index) => ({ path: `f${String(index).padStart(2, '0')}`, content: Buffer.alloc(MIB / 4, index) })));
      const abort = new AbortController();
      const first = await bench.push(seal, {
        bandwidth: 2 * MIB,
        signal: abort.signal,
        onProgress: ({ filesDone }) => {
          if (filesDone >= 4) abort.abort();
        },
      });
      expect(first).toMatchObject({ ok: false, errorKind: 'interrupted' });
      const staged = await bench.compared(seal);
      if (bench.traits.partials === 'apart') expect(staged.mismatched).toEqual([]);
      expect(staged.extra).toEqual([]);
      const lacking = staged.missing.length + staged.mismatched.length;
      expect(lacking).toBeGreaterThan(0);
      expect(lacking).toBeLessThan(16);
      const second = await bench.push(seal, { epoch: 2 });
      expect(second).toMatchObject({ ok: true });
      expect(second.bytesSent).toBeLessThan(seal.totals.bytes);
      expect(await bench.compared(seal, { epoch: 2 })).toEqual(bench.exact);
    });

    it('does not start when it is aborted already', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'a', content: 'a' }]);
      expect(await bench.push(seal, { signal: AbortSignal.abort() })).toMatchObject({ ok: false, errorKind: 'interrupted', bytesSent: 0 });
    });

    it('sends nothing again that is there', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'a', content: Buffer.alloc(200_000, 1) }, { path: 'b', content: Buffer.alloc(200_000, 2) }]);
      await bench.push(seal);
      const again = await bench.push(seal, { epoch: 2 });
      expect(again.ok).toBe(true);
      expect(again.bytesSent).toBeLessThan(10_000);
    });

    it('sends of a second generation what changed, and puts it in the place of the first', async () => {
      const bench = await TransportBench.open(subject);
      const big = { path: 'big', content: Buffer.alloc(MIB, 3) };
      await bench.deliver(await bench.sealed([big, { path: 'small', content: 'first' }, { path: 'goes/away', content: 'x' }]));
      const firstStat = await bench.destination.stat(raw('results/big'));
      rmSync(`${bench.folder}/results/goes`, { recursive: true });
      const seal = await bench.sealed([{ path: 'small', content: 'second' }, { path: 'new', content: 'new' }]);
      const job = { jobId: 'job-2', generation: 2 };
      const result = await bench.push(seal, job);
      expect(result.ok).toBe(true);
      if (bench.traits.generations === 'difference') expect(result.bytesSent).toBeLessThan(MIB / 2);
      expect(await bench.compared(seal, job)).toEqual(bench.exact);
      expect(await bench.text('small')).toBe('first');
      expect(await bench.publish(seal, job)).toEqual({ kind: 'published' });
      expect([await bench.text('small'), await bench.text('new'), await bench.text('goes/away')]).toEqual(['second', 'new', undefined]);
      if (bench.traits.times === 'kept') expect((await bench.destination.stat(raw('results/big')))?.mtimeMs).toBe(firstStat?.mtimeMs);
      expect(await bench.compared(seal, job, 'final')).toEqual(bench.exact);
      expect(await bench.leftovers()).toEqual([]);
    });

    it('does not let damage of the first generation into the second', async () => {
      const bench = await TransportBench.open(subject);
      await bench.deliver(await bench.sealed([{ path: 'kept', content: 'kept content' }, { path: 'small', content: '1' }]));
      await bench.destination.corrupt(raw('results/kept'));
      const seal = await bench.sealed([{ path: 'small', content: '2' }]);
      const job = { jobId: 'job-2', generation: 2 };
      await bench.push(seal, job);
      const { mismatched } = await bench.compared(seal, job);
      if (mismatched.length > 0) await bench.push(seal, { ...job, repeat: mismatched });
      expect(await bench.compared(seal, job)).toEqual(bench.exact);
    });

    it('holds to the bandwidth', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'big', content: Buffer.alloc(MIB, 5) }]);
      const started = performance.now();
      expect(await bench.push(seal, { bandwidth: MIB })).toMatchObject({ ok: true });
      // A lower bound only: how much longer it takes is the machine's affair.
      expect(performance.now() - started).toBeGreaterThan(500);
    });
  });
}
