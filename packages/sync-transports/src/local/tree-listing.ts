import type { RawPath } from '../raw-path.ts';
import { displayPath } from '../raw-path.ts';
import { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { Finding } from '../seal.ts';
import type { EntryDraft } from '../sealing/entry-draft.ts';
import { draftsOf } from '../sealing/entry-draft.ts';
import { errnoOf, isGone } from '../worker/raw-fs.ts';
import type { WorkerPool } from '../worker/worker-pool.ts';

/** What lies in a tree at the destination. `.longhaul` at its top is left out. */
export interface TreeListing {
  readonly entries: readonly EntryDraft[];
  readonly others: readonly Finding[];
}

/** Lists a tree; one that is not there is empty. @throws TransportError of kind permission, naming what cannot be read */
export async function listDestination(pool: WorkerPool, root: string, signal?: AbortSignal): Promise<TreeListing> {
  const entries: EntryDraft[] = [];
  const others: Finding[] = [];
  const task = { kind: 'list', root, only: null, devices: 'any', cacheFile: null, readable: 'assume', filter: null } as const;
  const onPart = (batch: Parameters<typeof draftsOf>[0]): void => {
    const drafts = draftsOf(batch);
    for (const entry of drafts.entries) entries.push(entry);
    others.push(...drafts.findings);
  };
  try {
    const report = await pool.run(task, { onPart, signal });
    if (report.unreadable.length > 0) throw unreadable(report.unreadable);
  } catch (error) {
    if (entries.length === 0 && isGone(errnoOf(error))) return { entries: [], others: [] };
    throw error;
  }
  return { entries, others };
}

/** By path, for looking things up. */
export async function stagedEntries(pool: WorkerPool, root: string, signal?: AbortSignal): Promise<ReadonlyMap<RawPath, EntryDraft>> {
  const { entries } = await listDestination(pool, root, signal);
  return new Map(entries.map((entry) => [entry.path, entry]));
}

function unreadable(paths: readonly string[]): TransportError {
  const shown = paths.slice(0, 5).map((path) => JSON.stringify(displayPath(path as RawPath)));
  return new TransportError(`parts of the destination cannot be read: ${shown.join(', ')}`, {
    errorKind: TransportErrorKind.PERMISSION,
    hint: 'Make them readable for this user',
    context: { paths },
  });
}
