import type { Stats } from 'node:fs';

/** Bytes that a file takes of its disk. Holes make its blocks fewer; what a file system sets aside for a file that was growing makes them more. */
export function diskBytes({ blocks, size }: Pick<Stats, 'blocks' | 'size'>): number {
  return Math.min(blocks * 512, Math.ceil(size / 4096) * 4096);
}
