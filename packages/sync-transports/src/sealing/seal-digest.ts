import type { Hash } from 'node:crypto';
import { createHash } from 'node:crypto';
import type { SealEntry, SealSource } from '../seal.ts';

/** How many entries are hashed before other work of this thread gets a turn. */
const TURN = 5000;

/**
 * The canonical digest of what a destination must hold: SHA-256 over `longhaul-seal-v1\0`, the kind of the source and `\0`, then for every
 * entry, sorted by path, the raw bytes of
 *
 * - a file: `f <mode, octal> <size> <sha256> <path>\0`
 * - a folder: `d <mode, octal> <path>\0`
 * - a symlink: `l <path>\0<target>\0` (its mode means nothing)
 *
 * Times, inodes and devices are no part of it: the same content sealed twice has the same digest.
 */
export async function sealDigest(kind: SealSource['kind'], entries: readonly SealEntry[]): Promise<string> {
  const hash = createHash('sha256').update(`longhaul-seal-v1\0${kind}\0`);
  for (let start = 0; start < entries.length; start += TURN) {
    digestEntries(hash, entries.slice(start, start + TURN));
    if (start + TURN < entries.length) await new Promise(setImmediate);
  }
  return hash.digest('hex');
}

function digestEntries(hash: Hash, entries: readonly SealEntry[]): void {
  hash.update(entries.map(canonicalEntry).join(''), 'latin1');
}

function canonicalEntry(entry: SealEntry): string {
  switch (entry.type) {
    case 'file':
      return `f ${entry.mode.toString(8)} ${entry.size} ${entry.sha256} ${entry.path}\0`;
    case 'dir':
      return `d ${entry.mode.toString(8)} ${entry.path}\0`;
    case 'symlink':
      return `l ${entry.path}\0${entry.target}\0`;
  }
}
