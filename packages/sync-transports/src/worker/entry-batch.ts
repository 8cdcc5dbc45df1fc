import type { BigIntStats } from 'node:fs';

/** What a listing found, as numbers. The last three cannot be sent; they become findings. */
export const EntryType = { FILE: 0, DIR: 1, SYMLINK: 2, SOCKET: 3, FIFO: 4, DEVICE: 5 } as const;
export type EntryType = (typeof EntryType)[keyof typeof EntryType];

/** One entry's stat as it goes between threads. `dev` and `ino` are unsigned, times are nanoseconds, `mode` is without the type. */
export interface EntryStats {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly allocated: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly mode: bigint;
  readonly nlink: bigint;
}

/** How many there are in {@link EntryStats}; their order is appendEntry's. */
const FIELDS = 8;
const HASH_BYTES = 32;

/**
 * Entries in columns: posting 20,000 of them between threads costs a few milliseconds so, and a hundred as objects.
 * `paths` are raw (latin1), relative to the listed root.
 */
export interface EntryBatch {
  readonly paths: string[];
  readonly types: Uint8Array<ArrayBuffer>;
  readonly stats: BigInt64Array<ArrayBuffer>;
  /** Of symlinks; empty for all others. */
  readonly targets: string[];
  /** 32 bytes each; only where `hashed` is 1. */
  readonly hashes: Uint8Array<ArrayBuffer>;
  readonly hashed: Uint8Array<ArrayBuffer>;
}

export function newEntryBatch(capacity: number): EntryBatch {
  return {
    paths: [],
    types: new Uint8Array(capacity),
    stats: new BigInt64Array(capacity * FIELDS),
    targets: [],
    hashes: new Uint8Array(capacity * HASH_BYTES),
    hashed: new Uint8Array(capacity),
  };
}

/** Memory that moves to the other thread instead of being copied. */
export function batchMemory({ types, stats, hashes, hashed }: EntryBatch): ArrayBuffer[] {
  return [types.buffer, stats.buffer, hashes.buffer, hashed.buffer];
}

/** An entry to put into a batch. */
export interface BatchEntry {
  readonly path: string;
  readonly type: EntryType;
  readonly stats: EntryStats;
  readonly target?: string;
  readonly hash?: Uint8Array;
}

export function appendEntry(batch: EntryBatch, { path, type, stats, target = '', hash }: BatchEntry): void {
  const index = batch.paths.length;
  batch.paths.push(path);
  batch.targets.push(target);
  batch.types[index] = type;
  // One by one: a loop over their names takes three times as long, and there are millions of entries.
  const { stats: columns } = batch;
  const at = index * FIELDS;
  columns[at] = stats.dev;
  columns[at + 1] = stats.ino;
  columns[at + 2] = stats.size;
  columns[at + 3] = stats.allocated;
  columns[at + 4] = stats.mtimeNs;
  columns[at + 5] = stats.ctimeNs;
  columns[at + 6] = stats.mode;
  columns[at + 7] = stats.nlink;
  if (hash === undefined) return;
  batch.hashes.set(hash, index * HASH_BYTES);
  batch.hashed[index] = 1;
}

export function statsAt(batch: EntryBatch, index: number): EntryStats {
  const at = (offset: number): bigint => batch.stats[index * FIELDS + offset] ?? 0n;
  return { dev: BigInt.asUintN(64, at(0)), ino: BigInt.asUintN(64, at(1)), size: at(2), allocated: at(3), mtimeNs: at(4), ctimeNs: at(5), mode: at(6), nlink: at(7) };
}

/** null where the hash is not known. */
export function hashAt(batch: EntryBatch, index: number): Uint8Array | null {
  return batch.hashed[index] === 1 ? batch.hashes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES) : null;
}

export function entryStats(stat: BigIntStats): EntryStats {
  const { dev, ino, size, mtimeNs, ctimeNs, nlink } = stat;
  // st_blocks counts 512 bytes whatever the block size is.
  return { dev, ino, size, allocated: stat.blocks * 512n, mtimeNs, ctimeNs, mode: stat.mode & 0o7777n, nlink };
}

/** Whether a file is still the one that was listed, untouched: any write, chmod or rename moves ctime. */
export function sameStats(left: EntryStats, right: EntryStats): boolean {
  return left.dev === right.dev && left.ino === right.ino && left.size === right.size && left.mtimeNs === right.mtimeNs && left.ctimeNs === right.ctimeNs;
}
