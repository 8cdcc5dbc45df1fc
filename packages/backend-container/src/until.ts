import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 20;

/** Whether a condition came about within `ms`. Looks often: to be used with what costs little. */
export async function until(condition: () => boolean | Promise<boolean>, ms: number, pollMs: number = POLL_MS): Promise<boolean> {
  const end = performance.now() + ms;
  while (!(await condition())) {
    if (performance.now() >= end) return false;
    await delay(pollMs);
  }
  return true;
}
