import type { AbortFlag } from './abort-flag.ts';

const LARGEST_PIECE = 1 << 20;
/** At least so many pieces a second, so that an abort is seen and the line is not used in bursts. */
const PIECES_PER_SECOND = 8;
const SMALLEST_PIECE = 4096;

/** Holds a copy to a number of bytes per second by sleeping between pieces. */
export class Pace {
  /** How much to copy at a time, in bytes. */
  readonly piece: number;
  readonly #bytesPerMs: number | null;
  readonly #abort: AbortFlag;
  #dueAt = 0;

  constructor(bytesPerSecond: number | null, abort: AbortFlag) {
    this.#bytesPerMs = bytesPerSecond === null ? null : Math.max(1, bytesPerSecond) / 1000;
    this.piece = bytesPerSecond === null ? LARGEST_PIECE : Math.min(LARGEST_PIECE, Math.max(SMALLEST_PIECE, Math.floor(bytesPerSecond / PIECES_PER_SECOND)));
    this.#abort = abort;
  }

  /** Call after each piece. Time that was not used is not saved up: a stall is no licence for a burst. */
  spend(bytes: number): void {
    this.#abort.check();
    if (this.#bytesPerMs === null) return;
    const now = performance.now();
    this.#dueAt = Math.max(this.#dueAt, now) + bytes / this.#bytesPerMs;
    this.#abort.sleep(this.#dueAt - now);
  }
}
