import type { Clock } from '../clock.ts';

interface Moment {
  readonly now: number;
  readonly monotonic: number;
}

/** A process that is awake notices so often that it is. Milliseconds. */
const TICK_MS = 5_000;

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
    using awake = new AwakeTime(this.#clock);
    await check();
    // Without the time that the machine or this process slept in it: what was read before that is old.
    const tookMs = awake.ms;
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

/** How long this process has been running since, by its own ticks: one that is stopped, or in a machine that is, misses them. */
class AwakeTime implements Disposable {
  readonly #clock: Clock;
  #counted = 0;
  #last: number;
  #cancelTimer: () => void = () => undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#last = clock.monotonic();
    this.#tick();
  }

  get ms(): number {
    // Late by as much again is no sleep yet, only a busy machine.
    return this.#counted + Math.min(this.#clock.monotonic() - this.#last, 2 * TICK_MS);
  }

  [Symbol.dispose](): void {
    this.#cancelTimer();
  }

  #tick(): void {
    this.#counted = this.ms;
    this.#last = this.#clock.monotonic();
    this.#cancelTimer = this.#clock.after(TICK_MS, () => this.#tick());
  }
}
