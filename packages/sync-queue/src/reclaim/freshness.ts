import type { Clock } from '../clock.ts';

interface Moment {
  readonly now: number;
  readonly monotonic: number;
}

/**
 * How long the word of the destinations counts, from when they began to read: one clock may jump, the other stands still while the machine sleeps, so the
 * one that says more has passed is believed. Cheap enough to be asked before each file.
 */
export class Freshness {
  readonly #clock: Clock;
  readonly #leastMs: number;
  #began: Moment | null = null;
  #lastsMs = 0;

  /** `leastMs`: a check counts for so long after it has ended, or for as long as it took, whichever is longer. */
  constructor(clock: Clock, { leastMs }: { readonly leastMs: number }) {
    this.#clock = clock;
    this.#leastMs = leastMs;
  }

  /** Runs a check; what it found counts from the moment it began. Where it throws nothing is fresh. */
  async renew(check: () => Promise<void>): Promise<void> {
    this.#began = null;
    const began = this.#moment();
    await check();
    // Without the time that the machine slept in it: what was read before that is old.
    const tookMs = this.#clock.monotonic() - began.monotonic;
    this.#lastsMs = tookMs + Math.max(this.#leastMs, tookMs);
    this.#began = began;
  }

  isFresh(): boolean {
    if (this.#began === null) return false;
    const { now, monotonic } = this.#moment();
    return Math.max(now - this.#began.now, monotonic - this.#began.monotonic) < this.#lastsMs;
  }

  #moment(): Moment {
    return { now: this.#clock.now(), monotonic: this.#clock.monotonic() };
  }
}
