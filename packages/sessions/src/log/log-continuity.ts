import { readDropped } from './dropped-range.ts';
import type { LogFile } from './log-file.ts';
import { HEADER_WINDOW } from './log-frame.ts';

/** Bytes before a reader's place that are looked at again: a log that was cut and has grown again has others there. */
const MARK_BYTES = 64;

interface Piece {
  readonly at: number;
  readonly bytes: Buffer;
}

/** Where a reader goes on in a log that was cut. `anew`: at its beginning. `here`: at this offset, past what reads as zeros. */
export type AfterCut = { readonly kind: 'anew' } | { readonly kind: 'here'; readonly at: number };

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

  /** Where to go on if the log was cut since; null where it is what it was. */
  async cut(file: LogFile, at: number): Promise<AfterCut | null> {
    const size = await file.size();
    const known = this.#mark ?? this.#head;
    if (size >= at && (known === null || (await this.#isUnchanged(file, known)))) return null;
    const isBegunAnew = size === 0 || (this.#head !== null && !(await this.#isUnchanged(file, this.#head)) && !(await isZero(file)));
    this.#mark = null;
    if (!isBegunAnew) return { kind: 'here', at: Math.min(at, size) };
    this.#head = null;
    return { kind: 'anew' };
  }

  /** Compares as far as the log goes, and only what was not dropped. */
  async #isUnchanged(file: LogFile, { at, bytes }: Piece): Promise<boolean> {
    const found = await file.slice(at, at + bytes.length);
    if (found.equals(bytes.subarray(0, found.length))) return true;
    // Looked at after the bytes: the record is made before the hole.
    const dropped = readDropped(this.#runPath);
    if (dropped === null) return false;
    const outside = (_byte: number, index: number): boolean => at + index < dropped.from || at + index >= dropped.to;
    return Buffer.from(found.filter(outside)).equals(Buffer.from(bytes.subarray(0, found.length).filter(outside)));
  }
}

async function isZero(file: LogFile): Promise<boolean> {
  return (await file.slice(0, 1))[0] === 0;
}

/** The beginning of a log, as far as it is compared. */
export async function headOf(file: LogFile): Promise<Buffer> {
  return file.slice(0, HEADER_WINDOW);
}
