import { TransportErrorKind } from '@longhaul/errors';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decideRetry, DEFAULT_RETRY_POLICY, MAX_ATTEMPTS, RETRY_RULES } from '../src/retry-policy.ts';
import type { RetryDecision, RetryQuestion } from '../src/retry-policy.ts';

const KINDS: readonly (TransportErrorKind | null)[] = [...Object.values(TransportErrorKind), null];
const SECONDS = [30, 120, 480, 1_800, 7_200];

const question: fc.Arbitrary<RetryQuestion> = fc.record({
  kind: fc.constantFrom(...KINDS),
  attempts: fc.nat(8),
  reseals: fc.nat(8),
  repeats: fc.nat(3),
  retryAfterMs: fc.option(fc.nat(10_000_000), { nil: null }),
  destination: fc.constantFrom('answers' as const, 'down' as const),
  sealBytes: fc.option(fc.nat(1_000), { nil: null }),
  diskBytes: fc.option(fc.nat(1_000), { nil: null }),
});
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function decide(changes: Partial<RetryQuestion>, draw = 0.5): RetryDecision {
  return decideRetry({ kind: 'network', attempts: 0, reseals: 0, repeats: 0, ...changes }, () => draw);
}

/** Design §5.4, told as a person would, to hold the code against. */
function expectedAction({ kind, attempts, reseals, repeats, destination, sealBytes = null, diskBytes = null }: RetryQuestion): RetryDecision['action'] {
  const last = attempts + 1 >= MAX_ATTEMPTS;
  if (kind === null) return repeats > 0 || last ? 'fail' : 'retryNow';
  if (kind === 'network' || kind === 'unknown' || kind === 'throttled') return destination === 'down' ? 'waitForDestination' : last ? 'fail' : 'retryAfter';
  if (kind === 'hash_mismatch') return repeats > 0 ? 'fail' : 'retryNow';
  if (kind === 'source_changed') return reseals >= 4 ? 'fail' : 'reseal';
  if (kind === 'no_space') return sealBytes !== null && diskBytes !== null && sealBytes > diskBytes ? 'fail' : 'waitForDestination';
  return kind === 'interrupted' ? 'requeue' : 'fail';
}

describe('the retry policy', () => {
  it('has a rule for every kind of failure, and for one without a kind', () => {
    expect(Object.keys(RETRY_RULES).sort()).toEqual([...Object.values(TransportErrorKind), 'none'].sort());
  });

  it('decides as the design says, whatever is asked', () => {
    fc.assert(fc.property(question, random, (asked, draw) => {
        expect(decideRetry(asked, () => draw).action).toBe(expectedAction(asked));
      }), { numRuns: 2_000 });
  });

  it('gives the same answer to the same question', () => {
    fc.assert(fc.property(question, random, (asked, draw) => {
        expect(decideRetry(asked, () => draw)).toEqual(decideRetry({ ...asked }, () => draw));
      }));
  });

  it.each(SECONDS.map((seconds, attempts) => ({ seconds, attempts })))('waits $seconds s after $attempts charged attempts, a fifth more or less', ({ seconds, attempts }) => {
    const policy = { ...DEFAULT_RETRY_POLICY, maxAttempts: 10 };
    const wait = (draw: number): RetryDecision => decideRetry({ kind: 'network', attempts, reseals: 0, repeats: 0 }, () => draw, policy);
    expect(wait(0.5)).toEqual({ action: 'retryAfter', delayMs: seconds * 1000, charged: true });
    expect(wait(0)).toMatchObject({ delayMs: seconds * 800 });
    expect(wait(0.999_999_999)).toMatchObject({ delayMs: seconds * 1200 });
  });

  it('gives up with the fifth charged attempt', () => {
    expect(decide({ attempts: 3 }).action).toBe('retryAfter');
    expect(decide({ attempts: 4 })).toEqual({ action: 'fail', charged: true, why: 'attempts' });
  });

  it('never comes back sooner than the other side asked for', () => {
    fc.assert(
      fc.property(fc.nat(100_000_000), fc.nat(3), random, (retryAfterMs, attempts, draw) => {
        const decision = decide({ kind: 'throttled', retryAfterMs, attempts }, draw);
        expect(decision.action === 'retryAfter' && decision.delayMs).toBeGreaterThanOrEqual(retryAfterMs);
      }),
    );
  });

  it('charges nothing for what is nobody’s fault', () => {
    const free = [decide({ kind: 'interrupted' }), decide({ kind: 'no_space' }), decide({ kind: 'source_changed' }), decide({ kind: 'network', destination: 'down', attempts: 4 })];
    expect(free.map(({ charged }) => charged)).toEqual([false, false, false, false]);
  });

  it('does not come back at once to what is interrupted again and again', () => {
    expect([0, 1, 2, 3, 9].map((repeats) => decide({ kind: 'interrupted', repeats }))).toMatchObject([0, 5_000, 30_000, 120_000, 120_000].map((delayMs) => ({ action: 'requeue', delayMs })));
  });

  it('takes five seals of a source and no more', () => {
    expect([0, 1, 2, 3, 4].map((reseals) => decide({ kind: 'source_changed', reseals }).action)).toEqual(['reseal', 'reseal', 'reseal', 'reseal', 'fail']);
    expect(decide({ kind: 'source_changed' })).toMatchObject({ delayMs: 10_000 });
  });
});
