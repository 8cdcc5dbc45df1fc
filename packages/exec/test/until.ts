import { setTimeout as delay } from 'node:timers/promises';

/** Polls a condition that no event announces. The deadline is for a machine that is busy, not for the condition. */
export async function until(what: string, holds: () => boolean, deadlineMs = 30_000): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!holds()) {
    if (Date.now() > end) throw new Error(`still waiting, after ${String(deadlineMs)} ms, until ${what}`);
    await delay(5);
  }
}
