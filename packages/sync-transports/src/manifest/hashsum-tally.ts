import type { RawPath } from '../raw-path.ts';
import type { HashsumRequest } from '../transport.ts';

/** Told after so many files, or so many bytes: often enough for a person, and no work for a machine. */
const EVERY = { files: 500, bytes: 64 << 20 };

/** Counts what was hashed at a destination, file by file. */
export class HashsumTally {
  readonly #sizes: ReadonlyMap<RawPath, number>;
  readonly #onProgress: HashsumRequest['onProgress'];
  readonly #bytesTotal: number;
  #filesDone = 0;
  #bytesDone = 0;
  #told = { files: 0, bytes: 0 };

  constructor(files: readonly { readonly path: RawPath; readonly size: number }[], onProgress: HashsumRequest['onProgress']) {
    this.#sizes = onProgress === undefined ? new Map() : new Map(files.map(({ path, size }) => [path, size]));
    this.#bytesTotal = files.reduce((sum, { size }) => sum + size, 0);
    this.#onProgress = onProgress;
  }

  done(path: RawPath): void {
    if (this.#onProgress === undefined) return;
    this.#filesDone = Math.min(this.#filesDone + 1, this.#sizes.size);
    this.#bytesDone = Math.min(this.#bytesDone + (this.#sizes.get(path) ?? 0), this.#bytesTotal);
    const isDue = this.#filesDone === this.#sizes.size || this.#filesDone - this.#told.files >= EVERY.files || this.#bytesDone - this.#told.bytes >= EVERY.bytes;
    if (!isDue) return;
    this.#told = { files: this.#filesDone, bytes: this.#bytesDone };
    this.#onProgress({ filesDone: this.#filesDone, filesTotal: this.#sizes.size, bytesDone: this.#bytesDone, bytesTotal: this.#bytesTotal });
  }
}
