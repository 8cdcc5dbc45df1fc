import { createHash, hash } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { AbortFlag } from './abort-flag.ts';
import type { EntryStats } from './entry-batch.ts';
import { entryStats, sameStats, statsAt } from './entry-batch.ts';
import { absolutePath, errnoOf, isGone, OPEN_FOR_READING } from './raw-fs.ts';
import type { HashFault, HashProgress, HashReport, HashTask } from './tasks.ts';

const CHUNK = 1 << 20;
const HASH_BYTES = 32;
const TELL_EVERY_BYTES = 32 * CHUNK;

/** Hashes with synchronous reads: two to three times quicker than streams or promises for small files (measured, 20,000 × 4 KiB). */
export function hashFiles(task: HashTask, abort: AbortFlag, onProgress: (progress: HashProgress) => void): HashReport {
  const hasher = new FileHasher(abort, (bytes) => onProgress({ files: 0, bytes }));
  const { paths } = task.files;
  const hashes = new Uint8Array(paths.length * HASH_BYTES);
  const faults: HashFault[] = [];
  for (const [index, path] of paths.entries()) {
    abort.check();
    const result = hasher.hash(absolutePath(task.root, path), statsAt(task.files, index));
    if (result instanceof Uint8Array) hashes.set(result, index * HASH_BYTES);
    else faults.push({ path, ...result });
  }
  onProgress({ files: paths.length, bytes: hasher.untold });
  return { hashes, faults };
}

type Fault = Pick<HashFault, 'reason' | 'code'>;

/** Of one file after another, with one buffer. */
export class FileHasher {
  /** Bytes read and not yet told. */
  untold = 0;
  readonly #abort: AbortFlag;
  readonly #tell: (bytes: number) => void;
  readonly #chunk = Buffer.allocUnsafeSlow(CHUNK);

  constructor(abort: AbortFlag, tell: (bytes: number) => void) {
    this.#abort = abort;
    this.#tell = tell;
  }

  hash(path: Buffer, listed: EntryStats): Uint8Array | Fault {
    let fd: number;
    try {
      fd = openSync(path, OPEN_FOR_READING);
    } catch (error) {
      return openFault(errnoOf(error));
    }
    try {
      return this.#hashOpen(fd, listed);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'UNKNOWN') throw error;
      return { reason: 'unreadable', code };
    } finally {
      closeSync(fd);
    }
  }

  /** Stat before and after: what changed in between is no content that ever was. */
  #hashOpen(fd: number, listed: EntryStats): Uint8Array | Fault {
    const changed: Fault = { reason: 'changed', code: 'CHANGED' };
    if (!sameStats(entryStats(fstatSync(fd, { bigint: true })), listed)) return changed;
    const { digest, bytes } = this.#read(fd, Number(listed.size));
    const after = entryStats(fstatSync(fd, { bigint: true }));
    return sameStats(after, listed) && BigInt(bytes) === listed.size ? digest : changed;
  }

  #read(fd: number, size: number): { readonly digest: Uint8Array; readonly bytes: number } {
    const first = readSync(fd, this.#chunk, 0, CHUNK, 0);
    this.#count(first);
    if (first === size && first < CHUNK) {
      return { digest: hash('sha256', this.#chunk.subarray(0, first), 'buffer'), bytes: first };
    }
    return this.#readOn(fd, first);
  }

  #readOn(fd: number, first: number): { readonly digest: Uint8Array; readonly bytes: number } {
    const digest = createHash('sha256');
    // A short first read (network mounts, a file that grows) is read again from the start.
    let bytes = first < CHUNK ? 0 : first;
    if (bytes > 0) digest.update(this.#chunk);
    for (;;) {
      this.#abort.check();
      const read = readSync(fd, this.#chunk, 0, CHUNK, bytes);
      if (read === 0) return { digest: digest.digest(), bytes };
      digest.update(this.#chunk.subarray(0, read));
      this.#count(read);
      bytes += read;
    }
  }

  #count(bytes: number): void {
    this.untold += bytes;
    if (this.untold < TELL_EVERY_BYTES) return;
    this.#tell(this.untold);
    this.untold = 0;
  }
}

function openFault(code: string): Fault {
  if (isGone(code)) return { reason: 'vanished', code };
  // ELOOP: a symlink stands where the file was. ENXIO: a fifo or socket.
  return { reason: code === 'ELOOP' || code === 'ENXIO' ? 'changed' : 'unreadable', code };
}
