import { createHash } from 'node:crypto';
import type { EntryStats } from './entry-batch.ts';

/**
 * The hash cache of one source root: this line, records sorted by path, SHA-256 of all that. A record: length of the path (2 bytes), the path,
 * device, inode, size, mtime, ctime (8 bytes each, little endian), SHA-256 (32 bytes). A file that does not add up is no cache.
 */
export const CACHE_MAGIC: Buffer = Buffer.from('longhaul-hash-cache 1\n');
export const CACHE_TRAILER_BYTES = 32;

const FIXED_BYTES = 2 + 5 * 8 + 32;

/** One remembered hash. */
export interface CacheRecord {
  readonly path: string;
  readonly stats: Pick<EntryStats, 'dev' | 'ino' | 'size' | 'mtimeNs' | 'ctimeNs'>;
  readonly hash: Uint8Array;
}

export function encodeCacheRecord({ path, stats, hash }: CacheRecord): Buffer {
  const record = Buffer.allocUnsafe(FIXED_BYTES + path.length);
  let at = record.writeUInt16LE(path.length, 0);
  at += record.write(path, at, 'latin1');
  at = record.writeBigUInt64LE(BigInt.asUintN(64, stats.dev), at);
  at = record.writeBigUInt64LE(BigInt.asUintN(64, stats.ino), at);
  at = record.writeBigUInt64LE(stats.size, at);
  at = record.writeBigInt64LE(stats.mtimeNs, at);
  at = record.writeBigInt64LE(stats.ctimeNs, at);
  record.set(hash, at);
  return record;
}

/** The record at `at` and where the next one begins; null where there is no whole one. */
export function decodeCacheRecord(records: Buffer, at: number): { readonly record: CacheRecord; readonly next: number } | null {
  if (at + 2 > records.length) return null;
  const length = records.readUInt16LE(at);
  const next = at + FIXED_BYTES + length;
  if (next > records.length) return null;
  const path = records.toString('latin1', at + 2, at + 2 + length);
  const number = at + 2 + length;
  const stats = {
    dev: records.readBigUInt64LE(number),
    ino: records.readBigUInt64LE(number + 8),
    size: records.readBigUInt64LE(number + 16),
    mtimeNs: records.readBigInt64LE(number + 24),
    ctimeNs: records.readBigInt64LE(number + 32),
  };
  return { record: { path, stats, hash: records.subarray(number + 40, next) }, next };
}

/** The records of a whole cache file; null for one that is damaged, cut off, or of another version. */
export function cacheRecords(file: Buffer): Buffer | null {
  if (file.length < CACHE_MAGIC.length + CACHE_TRAILER_BYTES || !file.subarray(0, CACHE_MAGIC.length).equals(CACHE_MAGIC)) return null;
  const end = file.length - CACHE_TRAILER_BYTES;
  const digest = createHash('sha256').update(file.subarray(0, end)).digest();
  return digest.equals(file.subarray(end)) ? file.subarray(CACHE_MAGIC.length, end) : null;
}
