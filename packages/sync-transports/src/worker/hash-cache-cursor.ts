import { readFileSync } from 'node:fs';
import type { EntryStats } from './entry-batch.ts';
import { sameStats } from './entry-batch.ts';
import type { CacheRecord } from './hash-cache-format.ts';
import { cacheRecords, decodeCacheRecord } from './hash-cache-format.ts';

const EMPTY = Buffer.alloc(0);

/** Reads a hash cache beside a listing that is sorted the same way: each record is looked at once, none is kept. */
export class HashCacheCursor {
  readonly #records: Buffer;
  #at = 0;
  #current: CacheRecord | null = null;

  private constructor(records: Buffer) {
    this.#records = records;
    this.#advance();
  }

  /** A cache that is missing, damaged or cannot be read is an empty one: every file is hashed again. */
  static open(file: string | null): HashCacheCursor {
    return new HashCacheCursor((file === null ? null : readCache(file)) ?? EMPTY);
  }

  /** The hash of exactly this state of a file. Paths must come in ascending order. */
  find(path: string, stats: EntryStats): Uint8Array | undefined {
    while (this.#current !== null && this.#current.path < path) this.#advance();
    const record = this.#current;
    if (record?.path !== path) return undefined;
    return sameStats(stats, { ...stats, ...record.stats }) ? record.hash : undefined;
  }

  #advance(): void {
    const decoded = decodeCacheRecord(this.#records, this.#at);
    this.#current = decoded?.record ?? null;
    this.#at = decoded?.next ?? this.#records.length;
  }
}

function readCache(file: string): Buffer | null {
  try {
    return cacheRecords(readFileSync(file));
  } catch {
    return null;
  }
}
