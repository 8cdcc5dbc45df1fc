import type { TransportErrorKind } from '@longhaul/errors';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** How many charged attempts a job has before a person must look at it (design §5.4). */
export const MAX_ATTEMPTS = 5;

/** How many seals a source may need because it changed under the push (design §5.1). */
export const MAX_SEALS = 5;

/** The numbers of design §5.4. Milliseconds. */
export interface RetryPolicy {
  /** The attempt that makes this many charged ones and fails is the last. */
  readonly maxAttempts: number;
  /** Wait after the first, second, … charged attempt; the last one holds for all beyond. */
  readonly backoffMs: readonly number[];
  /** 0.2: each wait is up to a fifth shorter or longer, so that jobs that failed together do not come back together. */
  readonly jitter: number;
  readonly maxSeals: number;
  /** How long a source must be quiet before it is sealed again. */
  readonly quietMs: number;
  /** Wait after the first, second, … interruption in a row: it costs nothing, but what interrupts at once each time must not make a busy loop. */
  readonly interruptedMs: readonly number[];
}

export const DEFAULT_RETRY_POLICY: RetryPolicy = {
  maxAttempts: MAX_ATTEMPTS,
  backoffMs: [30 * SECOND, 2 * MINUTE, 8 * MINUTE, 30 * MINUTE, 2 * HOUR],
  jitter: 0.2,
  maxSeals: MAX_SEALS,
  quietMs: 10 * SECOND,
  interruptedMs: [0, 5 * SECOND, 30 * SECOND, 2 * MINUTE],
};

/** What the table of design §5.4 says about one kind. */
export type RetryRule = 'backoff' | 'fail' | 'repeat' | 'reseal' | 'hold' | 'requeue' | 'once';

/**
 * The table of design §5.4 as data. `none` is a failure without a kind: the program is missing.
 * `backoff` waits and is charged; `fail` ends at once; `repeat` and `once` are repeated at once, one time;
 * `reseal` waits for quiet; `hold` stops the destination; `requeue` costs nothing.
 */
export const RETRY_RULES: Readonly<Record<TransportErrorKind | 'none', RetryRule>> = {
  network: 'backoff',
  unknown: 'backoff',
  throttled: 'backoff',
  auth: 'fail',
  host_key: 'fail',
  permission: 'fail',
  config: 'fail',
  hash_mismatch: 'repeat',
  local_file_vanished: 'fail',
  source_changed: 'reseal',
  no_space: 'hold',
  interrupted: 'requeue',
  none: 'once',
};

/** Everything the decision depends on. */
export interface RetryQuestion {
  /** null: a failure without a kind, the program is missing. */
  readonly kind: TransportErrorKind | null;
  /** Charged so far, without this one. */
  readonly attempts: number;
  /** Seals taken again so far because the source changed. */
  readonly reseals: number;
  /** How often in a row this very kind has been answered by a repeat already. */
  readonly repeats: number;
  /** What the other side asked for (Retry-After). Milliseconds. */
  readonly retryAfterMs?: number | null;
  /** While the destination's own probe fails nothing is charged: its jobs wait for it. */
  readonly destination?: 'answers' | 'down';
  /** For `no_space`: bytes of the seal, and bytes the whole disk has; null where nobody tells. */
  readonly sealBytes?: number | null;
  readonly diskBytes?: number | null;
}

/** What happens next with a job that failed. `charged`: it costs one of the attempts. */
export type RetryDecision =
  | { readonly action: 'retryNow'; readonly charged: true }
  | { readonly action: 'retryAfter'; readonly delayMs: number; readonly charged: true }
  | { readonly action: 'waitForDestination'; readonly reason: 'breaker' | 'no_space'; readonly charged: false }
  | { readonly action: 'requeue'; readonly delayMs: number; readonly charged: false }
  | { readonly action: 'reseal'; readonly delayMs: number; readonly charged: false }
  | { readonly action: 'fail'; readonly charged: boolean; readonly why: 'kind' | 'attempts' | 'repeats' | 'seals' | 'larger_than_disk' };

/** Where jitter comes from: at least 0, below 1. */
export type Random = () => number;

/** The retry policy of design §5.4: a pure function of what happened, the numbers and one random draw. */
export function decideRetry(question: RetryQuestion, random: Random, policy: RetryPolicy = DEFAULT_RETRY_POLICY): RetryDecision {
  const rule = RETRY_RULES[question.kind ?? 'none'];
  switch (rule) {
    case 'backoff':
      return backoff(question, random, policy);
    case 'once':
      if (question.repeats > 0) return { action: 'fail', charged: true, why: 'repeats' };
      return question.attempts + 1 >= policy.maxAttempts ? outOfAttempts() : { action: 'retryNow', charged: true };
    case 'repeat':
      return question.repeats > 0 ? { action: 'fail', charged: true, why: 'repeats' } : { action: 'retryNow', charged: true };
    case 'reseal':
      // The first seal counts too: with five allowed, four can be taken again.
      if (question.reseals + 1 >= policy.maxSeals) return { action: 'fail', charged: false, why: 'seals' };
      return { action: 'reseal', delayMs: policy.quietMs, charged: false };
    case 'hold':
      return hold(question);
    case 'requeue':
      return { action: 'requeue', delayMs: nth(policy.interruptedMs, question.repeats), charged: false };
    case 'fail':
      return { action: 'fail', charged: true, why: 'kind' };
  }
}

function backoff(question: RetryQuestion, random: Random, policy: RetryPolicy): RetryDecision {
  if (question.destination === 'down') return { action: 'waitForDestination', reason: 'breaker', charged: false };
  if (question.attempts + 1 >= policy.maxAttempts) return outOfAttempts();
  const asked = question.kind === 'throttled' ? (question.retryAfterMs ?? null) : null;
  const delayMs = asked === null ? jittered(nth(policy.backoffMs, question.attempts), random, policy) : notBefore(asked, random, policy);
  return { action: 'retryAfter', delayMs, charged: true };
}

function hold({ sealBytes = null, diskBytes = null }: RetryQuestion): RetryDecision {
  if (sealBytes !== null && diskBytes !== null && sealBytes > diskBytes) return { action: 'fail', charged: false, why: 'larger_than_disk' };
  return { action: 'waitForDestination', reason: 'no_space', charged: false };
}

function outOfAttempts(): RetryDecision {
  return { action: 'fail', charged: true, why: 'attempts' };
}

/** The last wait holds for all beyond. */
function nth(waits: readonly number[], index: number): number {
  return waits[Math.min(index, waits.length - 1)] ?? 0;
}

/** Around the wait, so that its mean is what the table says. */
function jittered(ms: number, random: Random, { jitter }: RetryPolicy): number {
  return Math.round(ms * (1 - jitter + 2 * jitter * random()));
}

/** Never earlier than the other side asked for. */
function notBefore(ms: number, random: Random, { jitter }: RetryPolicy): number {
  return Math.round(ms * (1 + jitter * random()));
}
