import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { TransferEstimate } from '../src/output/transfer-estimate.ts';

const SECOND = 1000;

/** How much travels in each second. */
function leftOf(perSecond: readonly number[], { total, had = 0 }: { readonly total: number; readonly had?: number }): readonly (number | null)[] {
  const estimate = new TransferEstimate();
  let sent = 0;
  return perSecond.map((bytes, second) => {
    const shown = estimate.add({ bytesDone: Math.min(total, had + sent), bytesTotal: total, bytesSent: sent }, second * SECOND).leftMs;
    sent += bytes;
    return shown;
  });
}

describe('the time left', () => {
  it('is exact where the speed is even, and counts only what travelled', () => {
    for (const had of [0, 600_000]) {
      const shown = leftOf(Array.from({ length: 30 }, () => 10_000), { total: 1_000_000, had });
      expect(shown[0]).toBeNull();
      expect(shown[20]).toBeCloseTo(((1_000_000 - had - 200_000) / 10_000) * SECOND, 6);
    }
  });

  it('never runs backwards, but for one new word after twenty seconds that were clearly worse, whatever the network does', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50_000 }), { minLength: 2, maxLength: 200 }), fc.integer({ min: 1, max: 10_000_000 }), (perSecond, total) => {
        const shown = leftOf(perSecond, { total });
        let grownAt = Number.NEGATIVE_INFINITY;
        let firstAt: number | null = null;
        for (const [second, left] of shown.entries()) {
          if (left !== null) expect(left).toBeGreaterThanOrEqual(0);
          const before = shown[second - 1] ?? null;
          if (left !== null) firstAt ??= second;
          if (before === null || left === null || left <= before) continue;
          expect(second - Math.max(grownAt, firstAt ?? 0)).toBeGreaterThanOrEqual(20);
          grownAt = second;
        }
      }),
    );
  });

  it('does not mind a slow second, and believes a network that has become slow', () => {
    const even = Array.from({ length: 30 }, () => 10_000);
    const stumbling = leftOf([...even, 0, ...even], { total: 2_000_000 });
    expect(stumbling[32]).toBe(stumbling[30]);
    const slowed = leftOf([...even, ...Array.from({ length: 120 }, () => 1000)], { total: 2_000_000 });
    expect(slowed.at(-1) ?? 0).toBeGreaterThan(1000 * SECOND);
  });

  it('is not told while nothing is known, when nothing has moved for long, or a new attempt begins; and is nothing at the end', () => {
    const estimate = new TransferEstimate();
    for (let second = 0; second <= 10; second += 1) estimate.add({ bytesDone: second * 100, bytesTotal: 10_000, bytesSent: second * 100 }, second * SECOND);
    for (let second = 11; second <= 200; second += 1) estimate.add({ bytesDone: 1000, bytesTotal: 10_000, bytesSent: 1000 }, second * SECOND);
    expect(estimate.add({ bytesDone: 1000, bytesTotal: 10_000, bytesSent: 1000 }, 201 * SECOND)).toEqual({ bytesPerSecond: 0, leftMs: null });
    expect(estimate.add({ bytesDone: 1000, bytesTotal: 10_000, bytesSent: 0 }, 202 * SECOND)).toEqual({ bytesPerSecond: null, leftMs: null });
    expect(estimate.add({ bytesDone: 10_000, bytesTotal: 10_000, bytesSent: 9000 }, 203 * SECOND).leftMs).toBe(0);
  });
});
