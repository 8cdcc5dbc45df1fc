import { readDropped } from './dropped-range.ts';
import type { LogFile } from './log-file.ts';
import { HEADER_WINDOW } from './log-frame.ts';

/** Bytes before a reader's place that are looked at again: a log that was cut and has grown again has others there. */
const MARK_BYTES = 64;

interface Piece {
  readonly at: number;
  readonly bytes: Buffer;
}

/**
 * Whether a log still is what it was when a reader read it. Somebody may truncate it (`copytruncate` of logrotate, `> output.log`).
 * A writer that appends then begins at 0; script(1) goes on where it was, and leaves zeros before it.
 */
export class LogContinuity {
  readonly #runPath: string;
  #head: Piece | null = null;
  #mark: Piece | null = null;

  constructor(runPath: string) {
    this.#runPath = runPath;
  }

  /** Remembers how the log begins. */
  setHead(head: Buffer): void {
    this.#head = head.length === 0 || head[0] === 0 ? null : { at: 0, bytes: Buffer.from(head) };
  }

  /** Remembers the end of what was read. */
  setMark(block: Buffer, end: number): void {
    const bytes = Buffer.from(block.subarray(-MARK_BYTES));
    this.#mark = { at: end - bytes.length, bytes };
  }

  /**
   * Where to go on if the log was cut since; null where it is what it was. From there on what reads as zeros is a hole. What was shown
   * before and still is there is not shown again.
   */
  async cut(file: LogFile, at: number): Promise<number | null> {
    const size = await file.size();
    const known = this.#mark ?? this.#head;
    if (size >= at && (known === null || (await this.#differsFrom(file, known)) === null)) return null;
    this.#mark = null;
    const differs = this.#head === null ? null : await this.#differsFrom(file, this.#head);
    if (size === 0) this.#head = null;
    return size === 0 || differs === null ? Math.min(at, size) : lineStartBefore(await headOf(file), differs);
  }

  /** Offset of the first byte that is another one now, as far as the log goes; what was dropped does not count. */
  async #differsFrom(file: LogFile, { at, bytes }: Piece): Promise<number | null> {
    const found = await file.slice(at, at + bytes.length);
    if (found.equals(bytes.subarray(0, found.length))) return null;
    // Looked at after the bytes: the record is made before the hole.
    const dropped = readDropped(this.#runPath);
    const index = found.findIndex((byte, place) => byte !== bytes[place] && !(dropped !== null && at + place >= dropped.from && at + place < dropped.to));
    return index === -1 ? null : at + index;
  }
}

function lineStartBefore(head: Buffer, offset: number): number {
  return offset === 0 ? 0 : head.lastIndexOf(0x0a, offset - 1) + 1;
}

/** The beginning of a log, as far as it is compared. */
export async function headOf(file: LogFile): Promise<Buffer> {
  return file.slice(0, HEADER_WINDOW);
}
