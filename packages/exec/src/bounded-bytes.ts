/** Keeps the first or the last `maxBytes` of what is added, in memory of at most twice that. */
export class BoundedBytes {
  readonly #maxBytes: number;
  readonly #keep: 'head' | 'tail';
  #chunks: Uint8Array[] = [];
  #kept = 0;
  #dropped = 0;

  constructor({ maxBytes, keep }: { readonly maxBytes: number; readonly keep: 'head' | 'tail' }) {
    this.#maxBytes = maxBytes;
    this.#keep = keep;
  }

  get droppedBytes(): number {
    return this.#dropped + (this.#keep === 'tail' ? Math.max(0, this.#kept - this.#maxBytes) : 0);
  }

  add(chunk: Uint8Array): void {
    if (this.#keep === 'head') this.#addToHead(chunk);
    else this.#addToTail(chunk);
  }

  bytes(): Uint8Array {
    const all = Buffer.concat(this.#chunks, this.#kept);
    return this.#keep === 'tail' ? all.subarray(Math.max(0, all.length - this.#maxBytes)) : all;
  }

  #addToHead(chunk: Uint8Array): void {
    const room = Math.min(chunk.length, this.#maxBytes - this.#kept);
    if (room > 0) this.#push(chunk.subarray(0, room));
    this.#dropped += chunk.length - room;
  }

  #addToTail(chunk: Uint8Array): void {
    this.#push(chunk);
    // Whole chunks leave from the front; what is left of the first one is cut when the bytes are asked for.
    let leaving = 0;
    for (let first = this.#chunks[leaving]; first !== undefined && this.#kept - first.length >= this.#maxBytes; first = this.#chunks[leaving]) {
      this.#kept -= first.length;
      this.#dropped += first.length;
      leaving += 1;
    }
    if (leaving > 0) this.#chunks.splice(0, leaving);
  }

  #push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#kept += chunk.length;
  }
}
