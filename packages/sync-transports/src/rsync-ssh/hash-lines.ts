import type { RawPath } from '../raw-path.ts';
import type { HashBatch } from './hash-batches.ts';

const LINE = /^([0-9a-f]{64}) [ *]([\s\S]*)$/;

/** Takes what HASH_SCRIPT prints for one batch, a line at a time. */
export class HashLines {
  readonly hashes: Map<RawPath, string> = new Map<RawPath, string>();
  readonly #batch: HashBatch;
  #lines = 0;

  constructor(batch: HashBatch) {
    this.#batch = batch;
  }

  add(line: string): void {
    const match = LINE.exec(line);
    const [, hash = '', name = ''] = match ?? [];
    if (this.#batch.how === 'position') {
      const path = this.#batch.paths[this.#lines];
      this.#lines += 1;
      if (path !== undefined && match !== null) this.hashes.set(path, hash);
    } else if (match !== null && name.startsWith('./')) {
      this.hashes.set(name.slice(2) as RawPath, hash);
    }
  }
}
