import type { Blocker } from './blocker.ts';

/** What is not forgotten of sources that cannot be freed now; a reaper that starts anew looks at each once. */
const MOST = 200_000;

/** When each source, or job, is to be looked at again. Milliseconds since 1970. */
export class RetryTimes {
  readonly #times = new Map<string, number>();

  isDue(id: string, now: number): boolean {
    return (this.#times.get(id) ?? 0) <= now;
  }

  after(id: string, at: number): void {
    if (this.#times.size >= MOST) this.#times.clear();
    this.#times.set(id, at);
  }

  clear(): void {
    this.#times.clear();
  }

  forget(id: string): void {
    this.#times.delete(id);
  }
}

/** Where time alone is missing, when it has passed; otherwise after `againMs`. */
export function blockedUntil(blockers: readonly Blocker[], { now, againMs }: { readonly now: number; readonly againMs: number }): number {
  const untils = blockers.map((blocker) => untilOf(blocker));
  const known = untils.filter((until) => until !== null);
  return known.length > 0 && known.length === blockers.length ? Math.min(Math.max(...known), now + againMs) : now + againMs;
}

function untilOf(blocker: Blocker): number | null {
  if (blocker.kind === 'neighbour') return untilOf(blocker.blocker);
  return blocker.kind === 'too_young' ? blocker.until : null;
}
