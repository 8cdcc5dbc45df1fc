import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import type { RawPath, Seal } from '@longhaul/sync-transports';
import { PUBLISH_STEPS } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import { report } from './describe-chain.ts';
import type { JobOptions } from './transport-bench.ts';
import { TransportBench } from './transport-bench.ts';
import type { TransportSubject } from './subject.ts';

const raw = (path: string): RawPath => path as RawPath;
const JOB: JobOptions = { jobId: 'job-2', epoch: 1, generation: 2 };
const NEXT: JobOptions = { ...JOB, epoch: 2 };

/** Bytes of a file that is not to be sent twice: far more than what a tool says before it has sent anything. */
const BIG = 100_000;

/** Kill -9 after each step of publish: the next claim finds its way, whatever it does first. */
export function describeCrash(subject: TransportSubject): void {
  // Where the implementer cannot kill a publish between steps, there are no tests here rather than tests that pass for nothing.
  if (subject.crashes === 'none') return;
  describe.each(PUBLISH_STEPS)('killed after the step "%s" of publish', (step) => {
    it('publishes when it is called again', async () => {
      const { bench, seal } = await killed(subject, step);
      expect(await bench.publish(seal, NEXT)).toEqual({ kind: 'published' });
      await expectSecond(bench, seal);
      if (subject.receipts === 'chained') expect(await report(bench)).toMatchObject({ results: 1, faults: [], notes: [] });
    });

    it('publishes when staging is verified or pushed first', async () => {
      const { bench, seal } = await killed(subject, step);
      const receipt = await bench.transport.readReceipt({ finalName: raw('results') });
      const isPublished = receipt.kind === 'receipt' && receipt.receipt.sealId === seal.id;
      if (!isPublished) {
        expect(await bench.compared(seal, NEXT)).toEqual(bench.exact);
        expect(await bench.text('a')).toBe('first');
        const pushed = await bench.push(seal, NEXT);
        expect(pushed).toMatchObject({ ok: true });
        expect(pushed.bytesSent).toBeLessThan(BIG / 4);
      }
      expect(await bench.publish(seal, NEXT)).toEqual({ kind: 'published' });
      await expectSecond(bench, seal);
    });

    it('has one whole result in place when the job is given up', async () => {
      const { bench } = await killed(subject, step);
      await bench.transport.remove({ placement: bench.placement(NEXT) });
      const revealed = PUBLISH_STEPS.indexOf(step) >= PUBLISH_STEPS.indexOf('reveal');
      expect([await bench.text('a'), await bench.text('only first')]).toEqual(revealed ? ['second', undefined] : ['first', 'kept']);
      expect(await bench.leftovers()).toEqual([]);
    });
  });
}

async function killed(subject: TransportSubject, step: string): Promise<{ readonly bench: TransportBench; readonly seal: Seal }> {
  const bench = await TransportBench.open(subject);
  await bench.deliver(await bench.sealed([{ path: 'a', content: 'first' }, { path: 'only first', content: 'kept' }]));
  await bench.sealed([{ path: 'a', content: 'second' }, { path: 'big', content: randomBytes(BIG / 2).toString('hex') }]);
  rmSync(`${bench.folder}/results/only first`);
  const seal = await bench.sealAgain();
  expect(await bench.push(seal, JOB)).toMatchObject({ ok: true });
  expect(await bench.compared(seal, JOB)).toEqual(bench.exact);
  await bench.world.publishUntil?.(step, bench.publishRequest(seal, JOB));
  return { bench, seal };
}

async function expectSecond(bench: TransportBench, seal: Seal): Promise<void> {
  expect([await bench.text('a'), await bench.text('only first')]).toEqual(['second', undefined]);
  expect(await bench.compared(seal, NEXT, 'final')).toEqual(bench.exact);
  expect(await bench.leftovers()).toEqual([]);
}
