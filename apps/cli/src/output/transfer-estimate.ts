/** How far a transfer is, and how much of it has travelled. Bytes. */
export interface TransferPosition {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Without what was there already. */
  readonly bytesSent: number;
}

/** What can be told of a transfer; null while it cannot. */
export interface Estimate {
  /** Of the last seconds, so that it follows the network. */
  readonly bytesPerSecond: number | null;
  readonly leftMs: number | null;
}

interface Sample {
  readonly at: number;
  readonly sent: number;
}

/** What a person sees as the speed is the mean of so long. Milliseconds. */
const RATE_WINDOW_MS = 8000;
/** The time left goes by a longer mean: one slow second is no news. Milliseconds. */
const LEFT_WINDOW_MS = 60_000;
/** Nothing is said before so much was seen. Milliseconds. */
const LEAST_WINDOW_MS = 1000;
/** Only what has been slower for so long makes the time left grow. Milliseconds. */
const DOUBT_MS = 20_000;
/** And only if it is so much longer. */
const DOUBT_FACTOR = 1.25;

/**
 * Speed and time left of one transfer. The time left does not run backwards: it stands still while things look a little worse, and is given anew,
 * once, when they have been clearly worse for twenty seconds. Holds no clock.
 */
export class TransferEstimate {
  #samples: readonly Sample[] = [];
  #shownMs: number | null = null;
  #doubtSince: number | null = null;

  /** Takes in how far it is now; `now` in milliseconds, never less than before. */
  add({ bytesDone, bytesTotal, bytesSent }: TransferPosition, now: number): Estimate {
    // A new attempt counts from nothing again.
    if (bytesSent < (this.#samples.at(-1)?.sent ?? 0)) this.#forget();
    this.#samples = [...this.#samples.filter(({ at }) => now - at <= LEFT_WINDOW_MS), { at: now, sent: bytesSent }];
    const longRate = this.#rate(LEFT_WINDOW_MS, now);
    const left = Math.max(0, bytesTotal - bytesDone);
    const honest = left === 0 ? 0 : longRate === null || longRate === 0 ? null : (left / longRate) * 1000;
    return { bytesPerSecond: this.#rate(RATE_WINDOW_MS, now), leftMs: this.#settled(honest, now) };
  }

  #forget(): void {
    this.#samples = [];
    this.#shownMs = null;
    this.#doubtSince = null;
  }

  #rate(windowMs: number, now: number): number | null {
    const first = this.#samples.find(({ at }) => now - at <= windowMs);
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < LEAST_WINDOW_MS) return null;
    return ((last.sent - first.sent) * 1000) / (last.at - first.at);
  }

  #settled(honest: number | null, now: number): number | null {
    const shown = this.#shownMs;
    if (shown === null || (honest !== null && honest <= shown)) {
      this.#doubtSince = null;
      this.#shownMs = honest;
    } else if (honest !== null && honest <= shown * DOUBT_FACTOR + LEAST_WINDOW_MS) {
      this.#doubtSince = null;
    } else {
      this.#doubtSince ??= now;
      if (now - this.#doubtSince >= DOUBT_MS) {
        this.#doubtSince = null;
        this.#shownMs = honest;
      }
    }
    return this.#shownMs;
  }
}
