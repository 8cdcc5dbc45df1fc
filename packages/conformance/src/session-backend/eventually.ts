import { setTimeout as delay } from 'node:timers/promises';

/** Generous: it decides only when a test that has failed says so. */
const DEADLINE_MS = 60_000;
const POLL_MS = 20;

/** Asks until there is an answer other than null. */
export async function eventually<T>(what: string, ask: () => Promise<T | null>): Promise<T> {
  const end = performance.now() + DEADLINE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > end) throw new Error(`${what} did not come about within ${String(DEADLINE_MS)} ms`);
    await delay(POLL_MS);
  }
}
