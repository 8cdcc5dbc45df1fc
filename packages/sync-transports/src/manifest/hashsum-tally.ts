import type { RawPath } from '../raw-path.ts';
import type { HashsumRequest } from '../transport.ts';

/** Told after so many files, or so many bytes: often enough for a person, and no work for a machine. */
const EVERY = { files: 500, bytes: 64 << 20 };

/** Counts what was hashed at a destination, file by file, and what is read of files that are not done. Never runs backwards. */
export class HashsumTally {
  readonly #sizes: ReadonlyMap<RawPath, number>;
  readonly #onProgress: HashsumRequest['onProgress'];
  readonly #bytesTotal: number;
  #filesDone = 0;
  #bytesDone = 0;
  #told = { files: 0, bytes: 0 };
  /** By channel: bytes of the file in hand. */
  readonly #reading = new Map<object, number>();

  constructor(files: readonly { readonly path: RawPath; readonly size: number }[], onProgress: HashsumRequest['onProgress']) {
    this.#sizes = onProgress === undefined ? new Map() : new Map(files.map(({ path, size }) => [path, size]));
    this.#bytesTotal = files.reduce((sum, { size }) => sum + size, 0);
    this.#onProgress = onProgress;
  }

  /** Bytes; 0 where nobody asks for progress. */
  largest(paths: readonly RawPath[]): number {
    return paths.reduce((most, path) => Math.max(most, this.#sizes.get(path) ?? 0), 0);
  }

  /** How far a channel has read its file. A report may be late, and be about a file before or behind it. */
  reading(channel: object, { path, bytes }: { readonly path: RawPath | undefined; readonly bytes: number }): void {
    const size = path === undefined ? 0 : (this.#sizes.get(path) ?? 0);
    this.#reading.set(channel, Math.min(bytes, size));
    this.#tell();
  }

  done(path: RawPath, channel?: object): void {
    if (this.#onProgress === undefined) return;
    if (channel !== undefined) this.#reading.delete(channel);
    this.#filesDone = Math.min(this.#filesDone + 1, this.#sizes.size);
    this.#bytesDone = Math.min(this.#bytesDone + (this.#sizes.get(path) ?? 0), this.#bytesTotal);
    this.#tell();
  }

  #tell(): void {
    const read = [...this.#reading.values()].reduce((sum, bytes) => sum + bytes, 0);
    const bytesDone = Math.max(this.#told.bytes, Math.min(this.#bytesDone + read, this.#bytesTotal));
    const isDue = this.#filesDone === this.#sizes.size || this.#filesDone - this.#told.files >= EVERY.files || bytesDone - this.#told.bytes >= EVERY.bytes;
    if (!isDue) return;
    this.#told = { files: this.#filesDone, bytes: bytesDone };
    this.#onProgress?.({ filesDone: this.#filesDone, filesTotal: this.#sizes.size, bytesDone, bytesTotal: this.#bytesTotal });
  }
}
