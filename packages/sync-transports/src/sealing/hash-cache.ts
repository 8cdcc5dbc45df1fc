import { createHash } from 'node:crypto';
import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { RawPath } from '../raw-path.ts';
import { rawPathBytes } from '../raw-path.ts';
import type { SealSource } from '../seal.ts';
import { CACHE_MAGIC, encodeCacheRecord } from '../worker/hash-cache-format.ts';
import { filterKey } from '../source-filter.ts';
import { writeAtomically } from './atomic-file.ts';

const RECORDS_AT_A_TIME = 5000;
const SUFFIX = '.hashes';
const PASSING_SUFFIX = '.new';
const PASSING_MAX_AGE_MS = 24 * 60 * 60 * 1000;
/** A write may still fall into the clock tick of the ctime that was seen; two seconds cover the coarsest file systems (design §5.1). */
const YOUNG_NS = 2_000_000_000n;

/** A file whose hash is known, as much of it as the cache keeps. */
export interface CachedFile {
  readonly path: RawPath;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly sha256: string;
}

/** Options of {@link HashCache}. */
export interface HashCacheOptions {
  readonly directory: string;
  /** Sum of all files, in bytes; the ones used longest ago go first. */
  readonly maxBytes: number;
}

/**
 * Hashes of files that have not changed, one file for each source. It is only ever an aid: it can be deleted at any time, a damaged one is
 * no cache (see hash-cache-format), and processes that write it at the same time replace each other's whole file.
 */
export class HashCache {
  readonly #directory: string;
  readonly #maxBytes: number;

  constructor({ directory, maxBytes }: HashCacheOptions) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
  }

  /** Where the hashes of a source lie, whether or not there are any. A filter has its own: it must not drop the hashes of what it leaves out. */
  file({ kind, root, name, filter }: SealSource): string {
    const key = createHash('sha256').update(`${kind}\0`).update(rawPathBytes(root)).update(kind === 'file' ? rawPathBytes(name) : '').update(filter === undefined ? '' : `\0${filterKey(filter)}`).digest('hex');
    return join(this.#directory, `${key.slice(0, 40)}${SUFFIX}`);
  }

  /** Replaces the hashes of a source. `files` are sorted by path. */
  async store(source: SealSource, files: readonly CachedFile[]): Promise<void> {
    const file = this.file(source);
    await writeAtomically(file, encodeCache(files), 'loose');
    await this.#trim(file);
  }

  /** Says that the hashes of a source were of use, so that others go before them. */
  async touch(source: SealSource): Promise<void> {
    const now = new Date();
    // Nothing is lost if it is gone: whoever deleted it wanted the space.
    await utimes(this.file(source), now, now).catch(() => undefined);
  }

  async #trim(keep: string): Promise<void> {
    const found = await Promise.all((await readdir(this.#directory)).map((name) => this.#aged(name)));
    const files = found.filter((file) => file !== null).sort((left, right) => right.usedAt - left.usedAt);
    let bytes = 0;
    for (const { path, size, usedAt } of files) {
      const passing = path.endsWith(PASSING_SUFFIX);
      if (!passing) bytes += size;
      const remove = passing ? Date.now() - usedAt > PASSING_MAX_AGE_MS : bytes > this.#maxBytes && path !== keep;
      if (remove) await rm(path, { force: true });
    }
  }

  async #aged(name: string): Promise<{ readonly path: string; readonly size: number; readonly usedAt: number } | null> {
    if (!name.endsWith(SUFFIX) && !name.endsWith(PASSING_SUFFIX)) return null;
    const path = join(this.#directory, name);
    try {
      const { size, mtimeMs } = await stat(path);
      return { path, size, usedAt: mtimeMs };
    } catch {
      // Another process was quicker.
      return null;
    }
  }
}

/** Whether a hash may be kept: not where the file changed within two seconds of being hashed. */
export function isSettled(ctimeNs: bigint, hashedAt: number): boolean {
  return BigInt(hashedAt) * 1_000_000n - ctimeNs >= YOUNG_NS;
}

async function* encodeCache(files: readonly CachedFile[]): AsyncGenerator<Buffer> {
  const digest = createHash('sha256').update(CACHE_MAGIC);
  yield CACHE_MAGIC;
  for (let start = 0; start < files.length; start += RECORDS_AT_A_TIME) {
    const records = files.slice(start, start + RECORDS_AT_A_TIME).map(({ path, sha256, size, ...stats }) =>
      encodeCacheRecord({ path, stats: { ...stats, size: BigInt(size) }, hash: Buffer.from(sha256, 'hex') }),
    );
    const bytes = Buffer.concat(records);
    digest.update(bytes);
    yield bytes;
    await new Promise(setImmediate);
  }
  yield digest.digest();
}
