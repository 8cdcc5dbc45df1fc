import type { LogChunk } from '@longhaul/sessions';

import type { Printer } from './printer.ts';
import { EscapeStripper } from './strip-escapes.ts';

/** Writes pieces of a log to stdout. A character that two pieces share is not torn. */
export class LogWriter {
  readonly #printer: Printer;
  readonly #form: 'raw' | 'plain';
  readonly #decoder = new TextDecoder();
  readonly #stripper = new EscapeStripper();

  constructor(printer: Printer, form: 'raw' | 'plain') {
    this.#printer = printer;
    this.#form = form;
  }

  async write({ bytes, stream, endOffset }: LogChunk): Promise<void> {
    if (this.#printer.format === 'human' && this.#form === 'raw') {
      await this.#printer.bytes(bytes);
      return;
    }
    const decoded = this.#decoder.decode(bytes, { stream: true });
    const text = this.#form === 'plain' ? this.#stripper.push(decoded) : decoded;
    if (this.#printer.format === 'json') this.#printer.event('log', { stream, text, endOffset });
    else await this.#printer.bytes(Buffer.from(text, 'utf8'));
  }

  /** What was held back. */
  async end(): Promise<void> {
    const decoded = this.#decoder.decode();
    const rest = this.#form === 'plain' ? this.#stripper.push(decoded) + this.#stripper.end() : decoded;
    if (rest !== '' && this.#printer.format === 'human') await this.#printer.bytes(Buffer.from(rest, 'utf8'));
  }
}
