import type { Clock } from '@longhaul/sync-queue';

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly call: () => void;
}

const START = Date.UTC(2026, 10, 22);

/** Time that goes on only when nothing else can: the next timer is called when every promise that could settle has. */
export class VirtualClock implements Clock {
  #elapsed = 0;
  #order = 0;
  #wallOffset = 0;
  readonly #timers = new Set<Timer>();

  now(): number {
    return START + this.#elapsed + this.#wallOffset;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#elapsed + Math.max(0, ms), order: (this.#order += 1), call };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  /** Sets the wall clock forward without time passing, as after a sleep of the machine. */
  jump(ms: number): void {
    this.#wallOffset += ms;
  }

  /** So much time passes at once: what was to happen meanwhile happens after it, as where every process of the machine was stopped. */
  oversleep(ms: number): void {
    this.#elapsed += ms;
  }

  /** Lets time pass until `work` has settled. Fails when nothing is left that could settle it, or after `limitMs` of this time. */
  async until<T>(work: Promise<T>, limitMs: number = 7 * 24 * 3_600_000): Promise<T> {
    const state = { settled: false };
    const watched = work.finally(() => {
      state.settled = true;
    });
    watched.catch(() => undefined);
    const end = this.#elapsed + limitMs;
    for (;;) {
      await idle();
      if (state.settled) return watched;
      if (!this.#next(end)) throw new Error(`nothing is left to wait for, or ${limitMs} ms have passed`);
    }
  }

  /** Lets so much time pass. */
  async pass(ms: number): Promise<void> {
    const end = this.#elapsed + ms;
    await idle();
    while (this.#next(end)) await idle();
    this.#elapsed = Math.max(this.#elapsed, end);
  }

  /** Lets time pass until the condition holds. */
  async when(condition: () => boolean | Promise<boolean>, limitMs: number = 24 * 3_600_000): Promise<void> {
    const end = this.#elapsed + limitMs;
    await idle();
    while (!(await condition())) {
      if (!this.#next(end)) throw new Error('the condition did not come about');
      await idle();
    }
  }

  #next(end: number): boolean {
    let next: Timer | undefined;
    for (const timer of this.#timers) if (next === undefined || timer.at < next.at || (timer.at === next.at && timer.order < next.order)) next = timer;
    if (next === undefined || next.at > end) return false;
    this.#timers.delete(next);
    this.#elapsed = Math.max(this.#elapsed, next.at);
    next.call();
    return true;
  }
}

/** When this returns, every promise that could settle without time or the outside world has settled. */
async function idle(): Promise<void> {
  await new Promise<void>((resolve) => setImmediate(resolve));
}
