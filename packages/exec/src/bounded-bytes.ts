const MIN_BLOCK = 1024;
const MAX_BLOCK = 64 * 1024;

/**
 * Keeps the first or the last `maxBytes` of what is added. Bytes are copied into blocks: a program that prints a million
 * pieces of ten bytes must not cost a million objects.
 */
export class BoundedBytes {
  readonly #maxBytes: number;
  readonly #keep: 'head' | 'tail';
  readonly #blockSize: number;
  #blocks: Buffer[] = [];
  /** Bytes used in the last block; all others are full. */
  #used = 0;
  #added = 0;
  #forgotten = 0;

  constructor({ maxBytes, keep }: { readonly maxBytes: number; readonly keep: 'head' | 'tail' }) {
    this.#maxBytes = maxBytes;
    this.#keep = keep;
    this.#blockSize = Math.min(MAX_BLOCK, Math.max(MIN_BLOCK, maxBytes));
  }

  get droppedBytes(): number {
    return Math.max(0, this.#added - this.#maxBytes);
  }

  add(chunk: Uint8Array): void {
    const room = this.#keep === 'head' ? Math.max(0, this.#maxBytes - this.#added) : chunk.length;
    this.#added += chunk.length;
    this.#copy(chunk.subarray(0, room));
    // Whole blocks leave from the front; the rest of what is too much is cut off when the bytes are asked for.
    while (this.#keep === 'tail' && this.#added - this.#forgotten - this.#blockSize >= this.#maxBytes && this.#blocks.length > 1) {
      this.#blocks.shift();
      this.#forgotten += this.#blockSize;
    }
  }

  bytes(): Uint8Array {
    const blocks = this.#blocks.map((block, index) => (index === this.#blocks.length - 1 ? block.subarray(0, this.#used) : block));
    const all = Buffer.concat(blocks);
    return this.#keep === 'tail' ? all.subarray(Math.max(0, all.length - this.#maxBytes)) : all;
  }

  #copy(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.length > 0) {
      const block = this.#openBlock();
      const length = Math.min(rest.length, block.length - this.#used);
      block.set(rest.subarray(0, length), this.#used);
      this.#used += length;
      rest = rest.subarray(length);
    }
  }

  #openBlock(): Buffer {
    const last = this.#blocks.at(-1);
    if (last !== undefined && this.#used < last.length) return last;
    const block = Buffer.allocUnsafeSlow(this.#blockSize);
    this.#blocks.push(block);
    this.#used = 0;
    return block;
  }
}
