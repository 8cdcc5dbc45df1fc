import type { HashsumProgress } from '@longhaul/sync-transports';

import { partText } from './job-text.ts';
import { printable } from './printable.ts';
import type { Printer } from './printer.ts';
import { cutText } from './text-width.ts';

/** Off a terminal a line this often, not more. Milliseconds. */
const PLAIN_EVERY_MS = 10_000;

/** How far the reading of results is. */
export interface VerifyProgress extends HashsumProgress {
  /** Counted from 1. */
  readonly result: number;
  readonly results: number;
  readonly name: string;
}

/** One line on stderr, rewritten on a terminal. */
export class VerifyLine {
  readonly #printer: Printer;
  readonly #stderr: NodeJS.WriteStream;
  #lastPlain: number;
  #drawn = false;

  constructor(printer: Printer, stderr: NodeJS.WriteStream, now: number) {
    this.#printer = printer;
    this.#stderr = stderr;
    this.#lastPlain = now;
  }

  show(progress: VerifyProgress, now: number): void {
    if (this.#printer.format === 'json') return;
    const { result, results, name } = progress;
    const text = `reading ${String(result)} of ${String(results)}: ${printable(name)}  ${partText(progress)}`;
    if (this.#stderr.isTTY) {
      this.#stderr.write(`\r\u001b[K${cutText(text, Math.max(10, this.#stderr.columns - 1))}`);
      this.#drawn = true;
    } else if (now - this.#lastPlain >= PLAIN_EVERY_MS) {
      this.#lastPlain = now;
      this.#stderr.write(`${text}\n`);
    }
  }

  /** Takes the line away, so that what follows stands alone. */
  clear(): void {
    if (this.#drawn) this.#stderr.write('\r\u001b[K');
    this.#drawn = false;
  }
}
