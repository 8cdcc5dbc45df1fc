import type { SerializedError } from '@longhaul/errors';

import type { Colours } from './colours.ts';
import { coloursFor } from './colours.ts';
import { printableMessage } from './printable.ts';
import type { Column } from './table.ts';
import { renderPlain, renderTable } from './table.ts';

/** The version of every JSON that the command line writes; it grows when a field changes its meaning or goes. */
export const SCHEMA_VERSION = 1;

export interface PrinterOptions {
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly format: 'human' | 'json';
}

/** Where everything that a command says goes through: data to stdout, all else to stderr (design §8). */
export class Printer {
  readonly format: 'human' | 'json';
  readonly colours: Colours;
  readonly #stdout: NodeJS.WriteStream;
  readonly #stderr: NodeJS.WriteStream;
  readonly #errorColours: Colours;
  readonly #warnings: string[] = [];

  constructor({ stdout, stderr, env, format }: PrinterOptions) {
    this.#stdout = stdout;
    this.#stderr = stderr;
    this.format = format;
    this.colours = coloursFor(env, stdout.isTTY);
    this.#errorColours = coloursFor(env, stderr.isTTY);
  }

  /** Whether a person looks at stdout. */
  get isTerminal(): boolean {
    return this.#stdout.isTTY;
  }

  /** Columns of the terminal. */
  get width(): number {
    return this.#stdout.isTTY ? this.#stdout.columns : 80;
  }

  /** The one result of a command: the envelope with `--json`, else what `human` writes. */
  result(data: unknown, human: () => string): void {
    if (this.format === 'json') this.#stdout.write(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, data, warnings: this.#warnings }, safeNumbers)}\n`);
    else this.#stdout.write(human());
  }

  /** Rows: a table on a terminal, tab-separated lines elsewhere. */
  rows<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
    return this.isTerminal ? renderTable(rows, columns, this.width) : renderPlain(rows, columns);
  }

  /** One line of a stream (NDJSON). Each line says its version, for it may be read alone. */
  event(type: string, data: Readonly<Record<string, unknown>>): void {
    this.#stdout.write(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, type, ...data }, safeNumbers)}\n`);
  }

  /** Bytes as they are; settles when there is room for more, or nobody reads them any more. */
  async bytes(chunk: Uint8Array): Promise<void> {
    if (this.#stdout.destroyed || this.#stdout.write(chunk)) return;
    await new Promise<void>((resolve) => {
      // Of a stream that has failed, no 'drain' ever comes.
      const events = ['drain', 'error', 'close'] as const;
      const settle = (): void => {
        for (const event of events) this.#stdout.off(event, settle);
        resolve();
      };
      for (const event of events) this.#stdout.on(event, settle);
    });
  }

  /** A remark for a person; it is no part of the data. */
  note(text: string): void {
    this.#stderr.write(`${printableMessage(text)}\n`);
  }

  /** A remark that a program must learn too: it stands in `warnings` of the envelope. Said before the result. */
  warn(text: string): void {
    this.#warnings.push(text);
    this.#stderr.write(`${this.#errorColours.waiting('warning:')} ${printableMessage(text)}\n`);
  }

  /** An error, and what to do about it. With `--json` also as an envelope whose data is null. */
  error(error: SerializedError): void {
    this.#stderr.write(`${this.#errorColours.bad('longhaul:')} ${printableMessage(error.message)}\n`);
    if (error.hint !== null) this.#stderr.write(`${this.#errorColours.bold('hint:')} ${printableMessage(error.hint)}\n`);
    if (this.format === 'json') this.#stdout.write(`${JSON.stringify({ schemaVersion: SCHEMA_VERSION, data: null, warnings: this.#warnings, error })}\n`);
  }

  /** Settles when both streams have taken what was written. */
  async flush(): Promise<void> {
    for (const stream of [this.#stdout, this.#stderr]) {
      if (stream.writable) await new Promise<void>((resolve) => stream.write('', () => { resolve(); }));
    }
  }
}

/** JSON has no bigint, and a Map would become `{}` in silence. */
function safeNumbers(_key: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  return value instanceof Map ? Object.fromEntries(value as Map<string, unknown>) : value;
}
