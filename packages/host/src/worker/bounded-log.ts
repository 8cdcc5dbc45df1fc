import { appendFileSync, closeSync, fchmodSync, openSync, renameSync, statSync } from 'node:fs';

/** Two files of this size are the most that a log takes. Bytes. */
const MAX_BYTES = 1024 * 1024;

/** A log that never grows beyond a bound: when it is full it becomes `FILE.1`, and a new one is begun. 0600. */
export class BoundedLog {
  readonly #file: string;
  readonly #maxBytes: number;

  constructor(file: string, maxBytes: number = MAX_BYTES) {
    this.#file = file;
    this.#maxBytes = maxBytes;
  }

  /** Appends one line with the time before it. A log that cannot be written must not end the work: gives false then. */
  line(text: string): boolean {
    try {
      this.turn();
      appendFileSync(this.#file, `${new Date().toISOString()} ${text.replaceAll('\n', '\n  ')}\n`, { mode: 0o600 });
      return true;
    } catch {
      return false;
    }
  }

  /** Begins a new file where this one is full, and makes sure that nobody else may read it. */
  turn(): void {
    const size = statSync(this.#file, { throwIfNoEntry: false })?.size;
    if (size !== undefined && size > this.#maxBytes) renameSync(this.#file, `${this.#file}.1`);
    const fd = openSync(this.#file, 'a', 0o600);
    try {
      fchmodSync(fd, 0o600);
    } finally {
      closeSync(fd);
    }
  }
}
