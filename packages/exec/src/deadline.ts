/** Node fires a longer timer at once. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Calls `onDue` after `ms` milliseconds, however many these are: a limit of thirty days is longer than a timer of Node. */
export class Deadline {
  #timer: NodeJS.Timeout | undefined;

  constructor(ms: number, onDue: () => void) {
    this.#arm(ms, onDue);
  }

  clear(): void {
    clearTimeout(this.#timer);
  }

  #arm(ms: number, onDue: () => void): void {
    if (ms <= MAX_TIMER_MS) this.#timer = setTimeout(onDue, ms);
    else this.#timer = setTimeout(() => { this.#arm(ms - MAX_TIMER_MS, onDue); }, MAX_TIMER_MS);
  }
}
