import type { Stats } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { open, stat } from 'node:fs/promises';

import { isErrno } from '../errno.ts';

/** Bytes read at a time, forwards and backwards. */
const BLOCK_BYTES = 64 * 1024;

/** Where the last lines of a range begin. */
export interface LastLines {
  readonly from: number;
  /** How many of the lines asked for are not in the range. */
  readonly missing: number;
}

/** A log that may still grow. */
export class LogFile implements AsyncDisposable {
  readonly #path: string;
  readonly #handle: FileHandle;

  private constructor(path: string, handle: FileHandle) {
    this.#path = path;
    this.#handle = handle;
  }

  /** The log, or null where there is none yet. */
  static async open(path: string): Promise<LogFile | null> {
    try {
      return new LogFile(path, await open(path, 'r'));
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return null;
      throw error;
    }
  }

  async size(): Promise<number> {
    return (await this.#handle.stat()).size;
  }

  /** What stands under the log's name now: this file, another one (with its size), or nothing (the run was dropped, or the log moved away). */
  async successor(): Promise<'same' | 'none' | { readonly size: number }> {
    let named: Stats;
    try {
      named = await stat(this.#path);
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR')) return 'none';
      throw error;
    }
    const own = await this.#handle.stat();
    return named.ino === own.ino && named.dev === own.dev ? 'same' : { size: named.size };
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

  /** The first block of a range; empty where the file ends before it. */
  async block(from: number, to: number): Promise<Buffer> {
    return this.slice(from, Math.min(to, from + BLOCK_BYTES));
  }

  /** Where the first byte that is not NUL stands in a range; its end where there is none. */
  async firstWritten(from: number, to: number): Promise<number> {
    for (let at = from; at < to; ) {
      const block = await this.block(at, to);
      if (block.length === 0) return to;
      const found = block.findIndex((byte) => byte !== 0);
      if (found !== -1) return at + found;
      at += block.length;
    }
    return to;
  }

  /** Where the last `lines` lines between two offsets begin; a line without its end counts. Reads backwards, no more than needed. */
  async lastLines({ from, to, lines }: { readonly from: number; readonly to: number; readonly lines: number }): Promise<LastLines> {
    if (lines <= 0) return { from: to, missing: 0 };
    if (from >= to) return { from: to, missing: lines };
    let missing = lines;
    // The end of the last line ends no line before it.
    for (let end = to - 1; end > from; ) {
      const begin = Math.max(from, end - BLOCK_BYTES);
      const block = await this.slice(begin, end);
      for (let at = block.lastIndexOf(0x0a); at !== -1; at = at === 0 ? -1 : block.lastIndexOf(0x0a, at - 1)) {
        missing -= 1;
        if (missing === 0) return { from: begin + at + 1, missing };
      }
      end = begin;
    }
    return { from, missing: missing - 1 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#handle.close();
  }
}
