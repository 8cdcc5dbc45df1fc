import type { RawPath } from '../raw-path.ts';
import type { SealListing } from '../seal.ts';
import type { TransferProgress } from '../transport.ts';
import type { RsyncLine } from './rsync-output.ts';

/**
 * Where a push stands within its seal: entries that rsync has dealt with, the part of the present one, and what was there
 * before counted as done. Never runs backwards.
 */
export class PushPosition {
  readonly #sizes: ReadonlyMap<RawPath, number>;
  readonly #totals: { readonly bytes: number; readonly files: number };
  readonly #seen = new Set<RawPath>();
  /** Of files that are done. */
  #bytesDone = 0;
  #filesDone = 0;
  #current: RawPath | null = null;
  /** rsync's count when the present file began. */
  #bytesAtStart = 0;
  #bytesTold = 0;
  #bytesSent = 0;
  /** The most that progress has said: rsync's last word can be less than what was counted on the way. */
  #sentTold = 0;
  #best = 0;

  /** `sent`: the files of this push; the others of the seal are there. */
  constructor(seal: SealListing, sent: readonly RawPath[]) {
    this.#sizes = new Map(seal.entries.flatMap((entry) => (entry.type === 'file' ? [[entry.path, entry.size] as const] : [])));
    this.#totals = seal.totals;
    const files = sent.filter((path) => this.#sizes.has(path));
    this.#bytesDone = seal.totals.bytes - files.reduce((sum, path) => sum + (this.#sizes.get(path) ?? 0), 0);
    this.#filesDone = seal.totals.files - files.length;
    this.#best = this.#bytesDone;
  }

  /** The file on its way, if any. */
  get currentFile(): RawPath | null {
    return this.#current;
  }

  get bytesSent(): number {
    return this.#bytesSent;
  }

  /** What travelled so far, from another source than rsync's own last word. */
  noteSent(bytes: number): void {
    this.#bytesSent = Math.max(this.#bytesSent, bytes);
  }

  accept(line: RsyncLine): void {
    switch (line.kind) {
      case 'entry':
        this.#entry(line.path, line.action);
        return;
      case 'bytes':
        this.#bytesTold = line.bytes;
        return;
      case 'sent':
        this.#bytesSent = line.bytes;
    }
  }

  /** All of it is there. */
  finish(): void {
    this.#current = null;
    this.#bytesDone = this.#totals.bytes;
    this.#filesDone = this.#totals.files;
  }

  progress(): TransferProgress {
    const size = this.#current === null ? 0 : (this.#sizes.get(this.#current) ?? 0);
    const within = this.#current === null ? 0 : Math.min(size, Math.max(0, this.#bytesTold - this.#bytesAtStart));
    this.#best = Math.min(this.#totals.bytes, Math.max(this.#best, this.#bytesDone + within));
    this.#sentTold = Math.max(this.#sentTold, this.#bytesSent);
    return { bytesDone: this.#best, bytesTotal: this.#totals.bytes, filesDone: this.#filesDone, filesTotal: this.#totals.files, bytesSent: this.#sentTold, currentFile: this.#current };
  }

  /** An entry is told when it begins; so the file before it is done. */
  #entry(path: RawPath, action: 'transferred' | 'present'): void {
    this.#leaveCurrent();
    const size = this.#sizes.get(path);
    if (size === undefined || this.#seen.has(path)) return;
    this.#seen.add(path);
    if (action === 'present') this.#done(size);
    else {
      this.#current = path;
      this.#bytesAtStart = this.#bytesTold;
    }
  }

  #leaveCurrent(): void {
    if (this.#current === null) return;
    this.#done(this.#sizes.get(this.#current) ?? 0);
    this.#current = null;
  }

  #done(size: number): void {
    this.#bytesDone += size;
    this.#filesDone += 1;
  }
}
