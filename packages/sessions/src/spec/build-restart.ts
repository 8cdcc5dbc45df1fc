import { SessionConfigError } from '@longhaul/errors';

import type { RestartPolicy } from '../session-spec.ts';
import { NO_RESTART } from '../session-spec.ts';
import type { RestartRequest } from './start-request.ts';

/** A shorter one would be a busy loop of a program that cannot start. */
const MIN_DELAY_MS = 10;
/** Thirty days. */
const MAX_DELAY_MS = 2_592_000_000;

/**
 * `no`, `always`, `on-failure` or `on-failure:5`, and the times around it (design §4.6).
 *
 * @throws SessionConfigError for anything else
 */
export function buildRestart({ when, delayMs = NO_RESTART.delayMs, maxDelayMs = Math.max(delayMs, NO_RESTART.maxDelayMs), resetMs = NO_RESTART.resetMs }: RestartRequest = { when: 'no' }): RestartPolicy {
  const [, mode, max] = /^(no|always|on-failure)(?::(\d{1,6}))?$/.exec(when) ?? [];
  if (mode === undefined || (max !== undefined && mode !== 'on-failure')) {
    throw new SessionConfigError(`${JSON.stringify(when)} is not a restart policy`, { hint: 'Use no, always, on-failure or on-failure:MAX' });
  }
  return {
    mode: mode as RestartPolicy['mode'],
    maxRestarts: max === undefined ? null : Number(max),
    delayMs: duration(delayMs, 'the delay before a restart'),
    maxDelayMs: Math.max(duration(maxDelayMs, 'the longest delay before a restart'), delayMs),
    resetMs: duration(resetMs, 'the time after which a job counts as stable'),
  };
}

function duration(ms: number, what: string): number {
  if (Number.isSafeInteger(ms) && ms >= MIN_DELAY_MS && ms <= MAX_DELAY_MS) return ms;
  throw new SessionConfigError(`${what} cannot be ${String(ms)} ms`, { hint: 'Use 10ms to 30d' });
}
