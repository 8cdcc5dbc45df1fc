const NEWLINE = 0x0a;
const RETURN = 0x0d;
const DEFAULT_MAX_LINE_BYTES = 1024 * 1024;

export interface LineOptions {
  /** See {@link OutputCapture.lineEnd}. */
  readonly lineEnd?: 'newline' | 'newline-or-return' | undefined;
  /** See {@link OutputCapture.maxLineBytes}. */
  readonly maxLineBytes?: number | undefined;
}

/** Cuts bytes into lines. Decoding happens per line, so a character that was split between two chunks stays whole. */
export class LineSplitter {
  readonly #splitAtReturn: boolean;
  readonly #maxLineBytes: number;
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** The last line ended with `\r`; a `\n` that follows belongs to it. */
  #afterReturn = false;

  constructor({ lineEnd = 'newline', maxLineBytes = DEFAULT_MAX_LINE_BYTES }: LineOptions = {}) {
    this.#splitAtReturn = lineEnd === 'newline-or-return';
    this.#maxLineBytes = maxLineBytes;
  }

  /** The lines that are whole with this chunk. */
  push(chunk: Uint8Array): string[] {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const lines: string[] = [];
    let start = this.#skipNewlineOfReturn(bytes);
    for (let end = this.#findEnd(bytes, start); end !== -1; end = this.#findEnd(bytes, start)) {
      this.#keep(bytes.subarray(start, end), lines);
      lines.push(this.#take());
      start = end + 1;
      if (bytes[end] !== RETURN) continue;
      this.#afterReturn = start === bytes.length;
      if (bytes[start] === NEWLINE) start += 1;
    }
    this.#keep(bytes.subarray(start), lines);
    return lines;
  }

  /** The last line, where the output did not end with a line end. */
  end(): string[] {
    return this.#pendingBytes === 0 ? [] : [this.#take()];
  }

  #skipNewlineOfReturn(bytes: Buffer): number {
    if (!this.#afterReturn || bytes.length === 0) return 0;
    this.#afterReturn = false;
    return bytes[0] === NEWLINE ? 1 : 0;
  }

  #findEnd(bytes: Buffer, from: number): number {
    const newline = bytes.indexOf(NEWLINE, from);
    if (!this.#splitAtReturn) return newline;
    const carriageReturn = bytes.indexOf(RETURN, from);
    if (carriageReturn === -1) return newline;
    return newline === -1 ? carriageReturn : Math.min(newline, carriageReturn);
  }

  #keep(part: Buffer, lines: string[]): void {
    if (this.#pendingBytes + part.length > this.#maxLineBytes) this.#hold(this.#deliverPieces(part, lines));
    // Copied, because the chunk it belongs to may be large and this may be a few bytes of it.
    else if (part.length > 0) this.#hold(Buffer.from(part));
  }

  /** Cuts what is too long, where possible between characters, and gives back what is left. */
  #deliverPieces(part: Buffer, lines: string[]): Buffer {
    let rest = Buffer.concat([...this.#pending, part]);
    this.#pending = [];
    this.#pendingBytes = 0;
    while (rest.length > this.#maxLineBytes) {
      // A character that is longer than the bound itself is cut.
      const end = characterStart(rest, this.#maxLineBytes) || this.#maxLineBytes;
      lines.push(rest.toString('utf8', 0, end));
      rest = rest.subarray(end);
    }
    return rest;
  }

  #hold(part: Buffer): void {
    this.#pending.push(part);
    this.#pendingBytes += part.length;
  }

  #take(): string {
    const line = Buffer.concat(this.#pending, this.#pendingBytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    const length = line.at(-1) === RETURN ? line.length - 1 : line.length;
    return line.toString('utf8', 0, length);
  }
}

/** The last position at or before `at` where no character is cut. */
function characterStart(bytes: Buffer, at: number): number {
  let start = at;
  while (start > 0 && start > at - 4 && ((bytes[start] ?? 0) & 0xc0) === 0x80) start -= 1;
  return start;
}
