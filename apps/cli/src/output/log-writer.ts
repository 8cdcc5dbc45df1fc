import type { SessionLogEvent } from '@longhaul/sessions';

import { jsonLogWriter } from './json-log-writer.ts';
import { noticeText } from './log-notice.ts';
import type { Lines, LogStyle, OutputEvent } from './log-style.ts';
import { PlainTexts } from './plain-texts.ts';
import { PrefixedLines } from './prefixed-lines.ts';
import type { Printer } from './printer.ts';

/** Takes the events of logs and writes them: output to stdout, everything else to stderr; with `--json` all as NDJSON. */
export interface LogWriter {
  write(event: SessionLogEvent): Promise<void>;
  /** What was held back. */
  end(): Promise<void>;
}

export function logWriter(printer: Printer, style: LogStyle): LogWriter {
  if (printer.format === 'json') return jsonLogWriter(printer, style.form);
  return new TextLogWriter(printer, style);
}

/** Output as bytes or as text, and a line on stderr for what is to be known beside it. */
class TextLogWriter implements LogWriter {
  readonly #printer: Printer;
  readonly #lines: Lines;

  constructor(printer: Printer, style: LogStyle) {
    this.#printer = printer;
    if (style.prefix === 'name' || style.times === 'line') this.#lines = new PrefixedLines(printer, style);
    else this.#lines = style.form === 'plain' ? new PlainLines(printer) : new RawLines(printer);
  }

  async write(event: SessionLogEvent): Promise<void> {
    if (event.kind === 'output') {
      await this.#lines.output(event);
      return;
    }
    const text = noticeText(event, Date.now());
    // A line of the old run has no end any more, and what is said stands on a line of its own.
    await this.#lines.breakLine(event.kind === 'began' || event.kind === 'ended' ? event.session : null);
    if (text !== null) this.#printer.note(`longhaul: ${text}`);
  }

  async end(): Promise<void> {
    await this.#lines.breakLine('all');
  }
}

/** Byte for byte. */
class RawLines implements Lines {
  readonly #printer: Printer;
  #isInLine: boolean = false;

  constructor(printer: Printer) {
    this.#printer = printer;
  }

  async output({ chunk: { bytes } }: OutputEvent): Promise<void> {
    this.#isInLine = bytes.at(-1) !== 0x0a;
    await this.#printer.bytes(bytes);
  }

  async breakLine(whose: string | null): Promise<void> {
    // For people only: a file gets the job's bytes and no other.
    if (whose === 'all' || !this.#isInLine || !this.#printer.isTerminal) return;
    this.#isInLine = false;
    await this.#printer.bytes(Buffer.from('\r\n'));
  }
}

class PlainLines implements Lines {
  readonly #printer: Printer;
  readonly #texts = new PlainTexts();

  constructor(printer: Printer) {
    this.#printer = printer;
  }

  async output({ chunk: { bytes, stream } }: OutputEvent): Promise<void> {
    await this.#put(this.#texts.push(stream, bytes));
  }

  async breakLine(whose: string | null): Promise<void> {
    if (whose !== null) await this.#put(this.#texts.end());
  }

  async #put(text: string): Promise<void> {
    if (text !== '') await this.#printer.bytes(Buffer.from(text, 'utf8'));
  }
}
