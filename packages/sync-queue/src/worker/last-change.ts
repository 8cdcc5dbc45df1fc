import { lstat } from 'node:fs/promises';
import { rawPathBytes } from '@longhaul/sync-transports';
import type { RawPath, Seal } from '@longhaul/sync-transports';

/** More need not be looked at: one that is young is enough. */
const MAX_LOOKED_AT = 1_000;

/** When the newest of these files of a source was last changed, by its own times. Milliseconds since 1970; null where none can be seen. */
export async function lastChangeOnDisk(seal: Seal, paths: readonly RawPath[]): Promise<number | null> {
  const times = await Promise.all(paths.slice(0, MAX_LOOKED_AT).map(async (path) => changeOf(seal, path)));
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.max(...known);
}

async function changeOf(seal: Seal, path: RawPath): Promise<number | null> {
  const file = Buffer.concat([rawPathBytes(seal.source.root), Buffer.from('/'), rawPathBytes(path)]);
  try {
    const { mtimeMs, ctimeMs } = await lstat(file);
    return Math.max(mtimeMs, ctimeMs);
  } catch {
    // Gone, or hidden: it says nothing about when; the seal that follows says what is the matter.
    return null;
  }
}
