import { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { RawPath } from '../raw-path.ts';
import { displayPath } from '../raw-path.ts';
import type { EntryDraft, FileDraft } from '../sealing/entry-draft.ts';
import { hashDrafts } from '../sealing/hash-drafts.ts';
import type { HashsumRequest, RemoteEntry, RemoteManifest } from '../transport.ts';
import type { WorkerPool } from '../worker/worker-pool.ts';
import { errnoRule } from './local-failure.ts';
import { listDestination } from './tree-listing.ts';

/** Reads every file of a tree at the destination; nothing is taken from a cache of ours. */
export async function hashTree(pool: WorkerPool, root: string, { onProgress, signal }: Pick<HashsumRequest, 'onProgress' | 'signal'>): Promise<RemoteManifest> {
  const { entries, others } = await listDestination(pool, root, signal);
  const files = entries.filter((entry): entry is FileDraft => entry.type === 'file');
  const progress = { filesDone: 0, filesTotal: files.length, bytesDone: 0, bytesTotal: files.reduce((sum, { size }) => sum + size, 0) };
  const faults = await hashDrafts(pool, {
    root,
    files,
    signal,
    onProgress: (step) => {
      progress.filesDone += step.files;
      progress.bytesDone += step.bytes;
      onProgress?.({ ...progress });
    },
  });
  const fault = faults[0];
  if (fault !== undefined) throw unreadable(fault);
  const held = new Map<RawPath, RemoteEntry>(entries.map((entry) => [entry.path, remoteEntry(entry)]));
  for (const { path } of others) held.set(path, { type: 'other' });
  return { strength: 'sha256', entries: held };
}

function remoteEntry(entry: EntryDraft): RemoteEntry {
  switch (entry.type) {
    case 'file':
      return { type: 'file', size: entry.size, sha256: entry.sha256 };
    case 'dir':
      return { type: 'dir' };
    case 'symlink':
      return { type: 'symlink', target: entry.target };
  }
}

function unreadable({ path, reason, code }: { readonly path: string; readonly reason: string; readonly code: string }): TransportError {
  const shown = displayPath(path as RawPath);
  if (reason !== 'unreadable') {
    return new TransportError(`"${shown}" changed at the destination while it was read`, { errorKind: TransportErrorKind.UNKNOWN, hint: 'See that nothing else writes to the destination' });
  }
  const { kind, hint } = errnoRule(code, 'destination');
  return new TransportError(`"${shown}" cannot be read at the destination: ${code}`, { errorKind: kind, hint, context: { errno: code } });
}
