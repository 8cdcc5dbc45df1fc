import type { RawPath } from '../../raw-path.ts';
import type { SealListing } from '../../seal.ts';
import type { TransferProgress } from '../../transport.ts';

const BLOCK = 512;
/** What stands before a file's content: its header, and one for what that cannot hold (the parts of a second). */
const HEADERS = 3 * BLOCK;

/** Where a stream of tar stands within the listing, by how much of the archive has been written: the entries follow each other in its order. */
export class StreamPosition {
  readonly #listing: SealListing;
  #archive = 0;
  /** The entry on its way, where it begins in the archive, and what is done before it. */
  #index = 0;
  #begin = 0;
  #bytesDone = 0;
  #filesDone = 0;

  constructor(listing: SealListing) {
    this.#listing = listing;
  }

  /** `archive`: bytes of it that were written. */
  reach(archive: number): void {
    this.#archive = Math.max(this.#archive, archive);
    const { entries } = this.#listing;
    for (let entry = entries[this.#index]; entry !== undefined; entry = entries[this.#index]) {
      const size = entry.type === 'file' ? entry.size : 0;
      const end = this.#begin + HEADERS + Math.ceil(size / BLOCK) * BLOCK;
      if (end > this.#archive) return;
      this.#begin = end;
      this.#index += 1;
      this.#bytesDone += size;
      if (entry.type === 'file') this.#filesDone += 1;
    }
  }

  /** All of it is there: what was written behind the last word of tar's, too. */
  finish(): void {
    const told = this.#archive;
    this.reach(Number.POSITIVE_INFINITY);
    this.#archive = Math.max(told, this.#begin);
  }

  progress(): TransferProgress {
    const { entries, totals } = this.#listing;
    const entry = entries[this.#index];
    const within = entry?.type === 'file' ? Math.min(entry.size, Math.max(0, this.#archive - this.#begin - HEADERS)) : 0;
    const currentFile: RawPath | null = entry?.type === 'file' ? entry.path : null;
    return { bytesDone: this.#bytesDone + within, bytesTotal: totals.bytes, filesDone: this.#filesDone, filesTotal: totals.files, bytesSent: this.#archive, currentFile };
  }
}
