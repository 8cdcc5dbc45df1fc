import { realpath } from 'node:fs/promises';
import { displayPath, rawPathBytes, rawPathFromBytes, sourceIdOf } from '@longhaul/sync-transports';
import type { RawPath, SealSource } from '@longhaul/sync-transports';
import type { Blocker } from './blocker.ts';
import type { FoundReceipt } from './files/found-receipt.ts';
import { sourcesOverlap } from './overlap.ts';
import type { ReaperEnv } from './reaper-ports.ts';

/**
 * What lies under a receipt is a result, and may be the only copy of something that was freed elsewhere. Only the receipt that a reclaim of that very
 * folder has left in it is none.
 */
export function resultsAmong(receipts: readonly FoundReceipt[], { hostId, source: own }: { readonly hostId: string; readonly source: SealSource }): readonly Blocker[] {
  return receipts.flatMap(({ place, state }): readonly Blocker[] => {
    const path = displayPath(place.root);
    if (state.kind === 'unknown') return [{ kind: 'receipt_unknown', path, detail: state.detail }];
    const { sourceId, source, host } = state.receipt;
    // A result of a single file has it beside the file: where that was brought back, samePlaces tells whether this is still the result.
    const isOwn = own.kind === 'file' && place.root === own.root && sourceId === sourceIdOf(hostId, own);
    return isOwn || sourceId === sourceIdOf(hostId, place) ? [] : [{ kind: 'holds_result', path, source, host }];
  });
}

/** Destinations of this machine whose folder lies in the source, or around it: their results would be deleted as if they were a source. */
export async function insideDestinations(env: ReaperEnv, source: SealSource): Promise<readonly Blocker[]> {
  const blockers: Blocker[] = [];
  for (const { name: destination } of await env.store.destinations()) {
    const folder = (await env.destinations(destination))?.transport.folder;
    if (folder === undefined) continue;
    const real = await realPath(folder).catch((error: unknown) => error);
    if (typeof real !== 'string') {
      // Where its folder lies is not known, then: a mount that hangs on a dead server.
      blockers.push({ kind: 'no_answer', destination, detail: real instanceof Error ? real.message : String(real) });
      continue;
    }
    const place: SealSource = { kind: 'directory', root: real as RawPath, name: '' as RawPath, dev: source.dev };
    if (!sourcesOverlap(source, place)) continue;
    blockers.push({ kind: 'inside_destination', destination, folder: displayPath(folder), lies: source.kind === 'directory' && real.length > source.root.length ? 'in_the_source' : 'around_the_source' });
  }
  return blockers;
}

/** As it stands where the disk is not there now: its mount point says as much. */
async function realPath(folder: RawPath): Promise<RawPath> {
  try {
    return rawPathFromBytes(await realpath(rawPathBytes(folder), { encoding: 'buffer' }));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return folder;
    throw error;
  }
}
