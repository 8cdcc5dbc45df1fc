import type { FileHandle } from 'node:fs/promises';
import { open } from 'node:fs/promises';

import { isErrno } from '../errno.ts';

/** Bytes read at a time, forwards and backwards. */
const BLOCK_BYTES = 64 * 1024;

/** A log that may still grow. */
export class LogFile implements AsyncDisposable {
  readonly #handle: FileHandle;

  private constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  /** The log, or null where there is none yet. */
  static async open(path: string): Promise<LogFile | null> {
    try {
      return new LogFile(await open(path, 'r'));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return null;
      throw error;
    }
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  /** The bytes from `from` to `to`, or as many as there are. */
  async slice(from: number, to: number): Promise<Buffer> {
    const buffer = Buffer.allocUnsafe(Math.max(0, to - from));
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await this.#handle.read(buffer, filled, buffer.length - filled, from + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  }

  /** The same range in blocks. */
  async *blocks(from: number, to: number): AsyncGenerator<Buffer> {
    for (let at = from; at < to; ) {
      const block = await this.slice(at, Math.min(to, at + BLOCK_BYTES));
      if (block.length === 0) return;
      yield block;
      at += block.length;
    }
  }

  /** Where the last `lines` lines between two offsets begin; a line without its end counts. Reads backwards, no more than needed. */
  async lastLines({ from, to, lines }: { readonly from: number; readonly to: number; readonly lines: number }): Promise<number> {
    if (lines <= 0) return to;
    let missing = lines;
    // The end of the last line ends no line before it.
    for (let end = to - 1; end > from; ) {
      const begin = Math.max(from, end - BLOCK_BYTES);
      const block = await this.slice(begin, end);
      for (let at = block.lastIndexOf(0x0a); at !== -1; at = at === 0 ? -1 : block.lastIndexOf(0x0a, at - 1)) {
        missing -= 1;
        if (missing === 0) return begin + at + 1;
      }
      end = begin;
    }
    return Math.min(from, to);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}
