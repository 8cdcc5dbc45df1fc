import { isUtf8 } from 'node:buffer';

import type { SessionLogEvent } from '@longhaul/sessions';
import { asRunId, formatCursor } from '@longhaul/sessions';

import { describeError } from '../report-error.ts';
import type { OutputEvent } from './log-style.ts';
import type { LogWriter } from './log-writer.ts';
import { PlainTexts } from './plain-texts.ts';
import type { Printer } from './printer.ts';

/**
 * One record per piece: `{"type":"log","session","runId","cursor","stream","text","endOffset"}`, `at` with times, and `base64` where the bytes are no
 * UTF-8, so that nothing is lost; `{"type":"notice","kind":…}` for everything else.
 */
export function jsonLogWriter(printer: Printer, form: 'raw' | 'plain'): LogWriter {
  const pieces = new Map<string, Pieces>();
  const flush = (session: string | null): void => {
    for (const [name, held] of pieces) {
      if (session !== null && session !== name) continue;
      pieces.delete(name);
      held.end();
    }
  };
  return {
    write: async (event) => {
      if (event.kind === 'output') {
        const held = pieces.get(event.session) ?? (form === 'plain' ? new PlainPieces(printer) : new RawPieces(printer));
        pieces.set(event.session, held);
        held.add(event);
        // Settles when there is room for more.
        await printer.bytes(new Uint8Array());
        return;
      }
      if (event.kind !== 'uncapped' && event.kind !== 'unreachable') flush(event.session);
      printer.event('notice', noticeOf(event));
    },
    end: () => {
      flush(null);
      return Promise.resolve();
    },
  };
}

function noticeOf(event: SessionLogEvent): Readonly<Record<string, unknown>> {
  return event.kind === 'failed' ? { ...event, error: describeError(event.error) } : { ...event };
}

interface Pieces {
  add(event: OutputEvent): void;
  end(): void;
}

/** Where offsets count bytes, a piece that ends within a character waits for its rest, and the cursor stands before it. */
class RawPieces implements Pieces {
  readonly #printer: Printer;
  #held: { readonly event: OutputEvent; readonly bytes: Buffer } | null = null;

  constructor(printer: Printer) {
    this.#printer = printer;
  }

  add(event: OutputEvent): void {
    const bytes = Buffer.concat([this.#held?.bytes ?? Buffer.alloc(0), event.chunk.bytes]);
    const tail = event.chunk.offsets === 'bytes' ? incompleteTail(bytes) : 0;
    this.#held = tail === 0 ? null : { event, bytes: bytes.subarray(bytes.length - tail) };
    if (tail < bytes.length) this.#put(event, bytes.subarray(0, bytes.length - tail), event.chunk.endOffset - tail);
  }

  end(): void {
    if (this.#held !== null) this.#put(this.#held.event, this.#held.bytes, this.#held.event.chunk.endOffset);
    this.#held = null;
  }

  #put(event: OutputEvent, bytes: Buffer, endOffset: number): void {
    const { session, runId, chunk } = event;
    const text = { text: bytes.toString('utf8'), ...(isUtf8(bytes) ? {} : { base64: bytes.toString('base64') }) };
    this.#printer.event('log', { session, runId, cursor: cursorAt(event, endOffset), stream: chunk.stream, ...atOf(event), ...text, endOffset });
  }
}

/** Plain text comes in lines; the cursor is that of a place whose lines are all out. */
class PlainPieces implements Pieces {
  readonly #printer: Printer;
  readonly #texts = new PlainTexts();
  #last: OutputEvent | null = null;
  #held: number = 0;
  #cursor: string | null = null;

  constructor(printer: Printer) {
    this.#printer = printer;
  }

  add(event: OutputEvent): void {
    const { bytes, stream, endOffset, offsets } = event.chunk;
    this.#last = event;
    const newline = bytes.lastIndexOf(0x0a);
    this.#held = newline === -1 ? this.#held + bytes.length : bytes.length - newline - 1;
    if (offsets === 'bytes') this.#cursor = cursorAt(event, endOffset - this.#held);
    else if (this.#held === 0) this.#cursor = event.cursor;
    const text = this.#texts.push(stream, bytes);
    if (text !== '') this.#put(event, text);
  }

  end(): void {
    const rest = this.#texts.end();
    if (this.#last === null || rest === '') return;
    this.#cursor = this.#last.cursor;
    this.#put(this.#last, rest);
  }

  #put(event: OutputEvent, text: string): void {
    const { session, runId, chunk: { stream, endOffset } } = event;
    this.#printer.event('log', { session, runId, cursor: this.#cursor, stream, ...atOf(event), text, endOffset });
  }
}

/** When it was printed, where that was asked for. */
function atOf({ chunk: { at } }: OutputEvent): { readonly at?: string } {
  return at === undefined ? {} : { at };
}

/** The cursor of a place before the end of a piece. */
function cursorAt({ runId, cursor }: OutputEvent, offset: number): string | null {
  const id = cursor === null || runId === null ? null : asRunId(runId);
  return id === null ? cursor : formatCursor({ runId: id, offset });
}

/** How many bytes at the end are the beginning of a character whose rest has not come; at most three. */
export function incompleteTail(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & 0b1100_0000) === 0b1000_0000) continue;
    const length = byte >= 0xf0 && byte < 0xf5 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc2 ? 2 : 1;
    return byte < 0xf5 && length > back ? back : 0;
  }
  return 0;
}
