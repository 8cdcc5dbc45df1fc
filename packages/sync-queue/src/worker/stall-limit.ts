import type { SealListing } from '@longhaul/sync-transports';

/** A tool reads what is there of a file before it goes on with it, and says nothing meanwhile: at least so fast, bytes per millisecond. */
const READ_BYTES_PER_MS = 50_000;

/**
 * How long a push may move nothing: the limit of the policy, and the time that it takes to read the largest file, because rsync hashes
 * what there is of it at both ends without a word. Sealing and hashing at the destination are not watched at all: they have no limit.
 */
export function stallLimit(seal: Pick<SealListing, 'entries'>, stallMs: number): number {
  let largest = 0;
  for (const entry of seal.entries) if (entry.type === 'file' && entry.size > largest) largest = entry.size;
  return stallMs + Math.round(largest / READ_BYTES_PER_MS);
}
