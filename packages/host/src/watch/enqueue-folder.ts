import { SourceNotDirectoryError } from '@longhaul/errors';
import type { EnqueuePlan, EnqueueRequest, SealShelf, SyncQueue } from '@longhaul/sync-queue';
import type { RawPath, Sealer } from '@longhaul/sync-transports';
import { displayPath, isSameFilter } from '@longhaul/sync-transports';

import type { ResolvedDestination } from '../destinations/destination-registry.ts';
import { refuseUnusable } from '../sync/transport-pool.ts';
import type { Handled } from './folder-memory.ts';
import type { ReadyFolder } from './folder-watcher.ts';

export interface EnqueueFolderPorts {
  /** The destination of that name; registering one costs a write, and thousands of folders ask. @throws ConfigError */
  readonly destination: (name: string) => ResolvedDestination;
  readonly queue: SyncQueue;
  readonly seals: Pick<SealShelf, 'get'>;
  readonly sealer: Pick<Sealer, 'check'>;
}

/**
 * Puts a quiet folder into the queue: one job per destination, once per fingerprint whoever asks and however often, by its key. A folder that has
 * lost what was sent of it is not sent again by itself: the result at the destination, perhaps the only copy, would lose it too.
 * @throws ConfigError, SourceNotFoundError, SourceUnreadableError, QueueStoreError
 */
export async function enqueueFolder(folder: ReadyFolder, ports: EnqueueFolderPorts): Promise<Pick<Handled, 'jobs' | 'held'>> {
  const jobs: { readonly destination: string; readonly jobId: string }[] = [];
  const held: string[] = [];
  for (const name of new Set(folder.settings.to)) {
    const outcome = await enqueueTo(name, folder, ports);
    if (outcome.jobId !== null) jobs.push({ destination: outcome.destination, jobId: outcome.jobId });
    if (outcome.held !== null) held.push(outcome.held);
  }
  return { jobs, held: held[0] ?? null };
}

interface Outcome {
  readonly destination: string;
  readonly jobId: string | null;
  readonly held: string | null;
}

async function enqueueTo(name: string, folder: ReadyFolder, { destination: find, queue, ...ports }: EnqueueFolderPorts): Promise<Outcome> {
  const { path, source, fingerprint, settings } = folder;
  const { id, settings: destination } = find(name);
  refuseUnusable(id, destination);
  const template = settings.as ?? destination.as;
  const { include, exclude } = settings;
  const request: EnqueueRequest = { source: path, destination: id, filter: { include, exclude }, ...(template === null ? {} : { finalNameTemplate: template }) };
  const plan = await queue.plan(request);
  // Resolved by the queue: what was a folder a moment ago may be a symlink by now.
  if (plan.source.root !== source.root) throw new SourceNotDirectoryError(path, { hint: 'It was replaced while it was looked at' });
  const sent = await standing(plan, folder, ports);
  if (sent.kind === 'lost') return { destination: id, jobId: plan.proven?.id ?? null, held: `${sent.why}: longhaul sync push FOLDER --to ${id}` };
  if (sent.kind === 'same') return { destination: id, jobId: plan.proven?.id ?? null, held: null };
  const { job } = await queue.enqueue({ ...request, dedupKey: `watch:${plan.sourceId}:${fingerprint}:${id}` });
  return { destination: id, jobId: job.id, held: null };
}

type Standing = { readonly kind: 'new' | 'same' } | { readonly kind: 'lost'; readonly why: string };

/** How the folder stands against what was proven there last, by stat alone. */
async function standing({ job, proven, source }: EnqueuePlan, { files }: ReadyFolder, { seals, sealer }: Pick<EnqueueFolderPorts, 'seals' | 'sealer'>): Promise<Standing> {
  if (proven === null) return { kind: 'new' };
  // Freed here on proof: that nothing is left is as it should be.
  if (proven.state === 'CLEANED') return files === 0 ? { kind: 'same' } : { kind: 'lost', why: 'what was sent of it was reclaimed here, and the result at the destination stays as it is. To send what is new under another name (--as)' };
  const seal = proven.sealId === null ? null : await seals.get(proven.sealId);
  if (seal === null) return { kind: 'lost', why: 'what was sent of it before is not on record here any more. To send it as it is now' };
  const check = await sealer.check(seal);
  if (check.kind === 'vanished') return { kind: 'lost', why: `${lostText(check.paths)} sent and gone here since: the result at the destination stays as it is. To send what is here now in its place` };
  return { kind: check.kind === 'unchanged' && job?.id === proven.id && isSameFilter(seal.source.filter, source.filter) ? 'same' : 'new' };
}

function lostText([first, ...others]: readonly RawPath[]): string {
  const shown = first === undefined ? 'something' : displayPath(first);
  return others.length === 0 ? `${shown} was` : `${shown} and ${String(others.length)} more were`;
}
