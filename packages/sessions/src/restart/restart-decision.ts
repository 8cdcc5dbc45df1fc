import type { ExitReason } from '../run-record.ts';
import type { RestartPolicy } from '../session-spec.ts';

/** What is known of an attempt that has ended. */
export interface EndedAttempt {
  /** 1 for the first run of a start. */
  readonly attempt: number;
  /** Restarts in a row that led to it. */
  readonly restarts: number;
  readonly reason: ExitReason;
  readonly exitCode: number | null;
  /** Milliseconds; null where nobody knows. */
  readonly livedMs: number | null;
}

/** Whether another attempt follows. `row`: the restarts in a row before that one. */
export type RestartDecision = { readonly kind: 'again'; readonly row: number } | { readonly kind: 'stopped' | 'succeeded' | 'not-started' | 'gave-up' };

/**
 * Whether a job is started again (design §4.6). A stop always ends it, and so does a first attempt that could not be executed: its
 * start was reported as failed. Pure, and the same as `lh_decide` of the launcher, which is the one that acts.
 */
export function decideRestart({ mode, maxRestarts, resetMs }: RestartPolicy, { attempt, restarts, reason, exitCode, livedMs }: EndedAttempt): RestartDecision {
  if (reason === 'stopped') return { kind: 'stopped' };
  if (reason === 'start-failed' && attempt <= 1) return { kind: 'not-started' };
  if (mode === 'on-failure' && reason === 'exit' && exitCode === 0) return { kind: 'succeeded' };
  const row = livedMs !== null && livedMs >= resetMs ? 0 : restarts;
  return maxRestarts !== null && row >= maxRestarts ? { kind: 'gave-up' } : { kind: 'again', row };
}

/**
 * Milliseconds before the next attempt: the first delay, doubled for each restart in a row before it, never above the longest one, and
 * up to a quarter shorter by chance, so that jobs that failed together do not come back together. Pure, and the same as `lh_growing`
 * of the launcher.
 *
 * @param chance a whole number from 0 to 999
 */
export function restartDelay(row: number, { delayMs, maxDelayMs }: Pick<RestartPolicy, 'delayMs' | 'maxDelayMs'>, chance: number): number {
  let delay = delayMs;
  for (let count = row; count > 0 && delay < maxDelayMs; count -= 1) delay *= 2;
  delay = Math.min(delay, maxDelayMs);
  return delay - Math.floor((Math.floor(delay / 4) * chance) / 999);
}
