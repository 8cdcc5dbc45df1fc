import { setTimeout as delay } from 'node:timers/promises';

/** How long {@link waitFor} asks, and how often. Milliseconds. */
export interface WaitOptions {
  /** From now. Generous: it only decides when a test that has failed says so. Default 20 s. */
  readonly deadline?: number;
  /** Between two questions. Default 20 ms. */
  readonly interval?: number;
  /** What is waited for, for the message of the failure. */
  readonly what?: string;
}

/**
 * Asks `condition` until it gives something other than `undefined`, `null` or `false`, and returns that. An error that
 * `condition` throws counts as "not yet"; the last one is the cause of the failure at the deadline.
 */
export async function waitFor<T>(condition: () => T | Promise<T>, options: WaitOptions = {}): Promise<Exclude<T, false | null | undefined>> {
  const { deadline = 20_000, interval = 20, what = 'the condition' } = options;
  const end = Date.now() + deadline;
  let cause: unknown;
  for (;;) {
    try {
      const value = await condition();
      if (value !== undefined && value !== null && value !== false) return value as Exclude<T, false | null | undefined>;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (Date.now() > end) throw new Error(`${what} did not come about within ${String(deadline)} ms`, { cause });
    await delay(interval);
  }
}
