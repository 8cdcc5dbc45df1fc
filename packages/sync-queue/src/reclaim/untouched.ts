import type { Seal } from '@longhaul/sync-transports';
import type { HeldSource } from './files/source-files.ts';
import type { ReaperEnv } from './reaper-ports.ts';

/** A reclaim that comes to its end without having deleted anything, as far as its counts tell. */
export interface EndingReclaim {
  readonly reclaimId: string;
  readonly sourcePath: string;
  readonly seal: Seal;
  readonly source: HeldSource;
}

/**
 * Whether it is certain that not one file was deleted: only what the journal intends can have been, and each of those is still the very file that was
 * sealed. A file that somebody replaced meanwhile looks like one that was deleted and made anew: then nobody knows, and the results there stay guarded.
 */
export async function untouched(env: ReaperEnv, { reclaimId, sourcePath, seal, source }: EndingReclaim): Promise<{ readonly touched?: 'no' }> {
  try {
    await using journal = await env.journals.open({ reclaimId, source: sourcePath, sealId: seal.id, sealDigest: seal.digest });
    const { state, filesRemoved, intended } = journal.past;
    if (state !== 'whole' || filesRemoved > 0) return {};
    const files = seal.entries.filter((entry) => entry.type === 'file').filter(({ path }) => intended.has(path));
    return files.length === intended.size && (await source.areOriginals(files)) ? { touched: 'no' } : {};
  } catch (error) {
    // A journal that cannot be read proves nothing.
    env.events.emit({ type: 'problem', error, jobId: null });
    return {};
  }
}
