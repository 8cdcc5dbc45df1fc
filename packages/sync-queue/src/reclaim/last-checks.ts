import { isLonghaulError } from '@longhaul/errors';
import { inLanes, joinRaw, METADATA } from '@longhaul/sync-transports';
import type { Receipt } from '@longhaul/sync-transports';
import type { VerifyReport } from '../verify/verifier.ts';
import type { Blocker } from './blocker.ts';
import type { ProvenPlace } from './decide-reclaim.ts';
import type { HeldSource } from './files/source-files.ts';
import type { ReaperEnv } from './reaper-ports.ts';

/** A folder around thousands of sources has as many places: each check has channels of its own, and reads a whole result. */
const CHECKS_AT_ONCE = 4;

/**
 * Asks every destination now whether it still holds every sealed byte, by reading them there, and records the proofs. Whatever is not a
 * proof by content is a blocker.
 * @throws the signal's reason, errors of the store
 */
export async function lastChecks(env: ReaperEnv, places: readonly ProvenPlace[], signal: AbortSignal): Promise<readonly Blocker[]> {
  const found: (readonly Blocker[])[] = [];
  await inLanes(places.entries(), CHECKS_AT_ONCE, async ([index, place]) => {
    found[index] = await lastCheck(env, place, signal);
  });
  return found.flat();
}

async function lastCheck(env: ReaperEnv, { destination, job }: ProvenPlace, signal: AbortSignal): Promise<readonly Blocker[]> {
  if ((await env.destinations(destination)) === null) return [{ kind: 'not_configured', destination }];
  return blockersOf(await env.lastCheck(job.id, signal), { destination, jobId: job.id, sealDigest: job.sealDigest });
}

interface Asked {
  readonly destination: string;
  readonly jobId: string;
  readonly sealDigest: string | null;
}

function blockersOf(report: VerifyReport, { destination, jobId, sealDigest }: Asked): readonly Blocker[] {
  if (report.kind === 'busy') return [{ kind: 'check_busy', destination, detail: report.owner === null ? 'it has just begun' : `process ${report.owner.pid} on ${report.owner.host}` }];
  if (report.kind === 'not_there') return [{ kind: 'not_there', destination, jobId, state: report.job.state }];
  const { outcome } = report;
  switch (outcome.kind) {
    case 'unknown':
      return [{ kind: 'no_answer', destination, detail: outcome.evidence }];
    case 'damaged':
      return [{ kind: 'check_failed', destination, detail: outcome.evidence }];
    case 'superseded':
      return [{ kind: 'superseded', destination, jobId }];
    case 'proven':
      if (outcome.proof.strength === 'size') return [{ kind: 'check_failed', destination, detail: 'only sizes can be compared there, and they say nothing of the content' }];
      return outcome.proof.sealDigest === sealDigest ? [] : [{ kind: 'check_failed', destination, detail: 'it was another content that was proven' }];
  }
}

/**
 * A destination that shows the source itself (a link, a bind mount, a share of this very folder) proves everything and is no copy. Then its
 * receipt is the source's own: where the source has none, it is none of them; where it has one, it is given another name for a moment, and
 * whoever misses it then looks at the source.
 * @throws TransportError, the signal's reason
 */
export async function samePlaces(env: ReaperEnv, { places, source, signal }: { readonly places: readonly ProvenPlace[]; readonly source: HeldSource; readonly signal: AbortSignal }): Promise<readonly Blocker[]> {
  const shared = await Promise.all(places.map(async (place) => sharedFiles(env, { place, source, signal })));
  if (shared.flat().length > 0) return shared.flat();
  const twice = await oneCopyTwice(env, places, signal);
  if (twice.length > 0) return twice;
  const state = await source.receiptState();
  if (state === 'none') return [];
  if (state === 'unknown') return [{ kind: 'receipt_unknown', path: METADATA, detail: 'it cannot be read any more' }];
  return source.withoutReceipt(async () => {
    const found = await Promise.all(places.map(async (place) => showsReceipt(env, place, signal)));
    return found.flat();
  });
}

/** On this machine a mount that shows but a part of the source is seen by device and inode; a hard link is no second copy either. */
async function sharedFiles(env: ReaperEnv, { place, source, signal }: { readonly place: ProvenPlace; readonly source: HeldSource; readonly signal: AbortSignal }): Promise<readonly Blocker[]> {
  const { destination, finalName } = place;
  const folder = (await env.destinations(destination))?.transport.folder;
  if (folder === undefined || finalName === null) return [];
  const shared = await source.sharedWith(joinRaw(folder, finalName), { signal });
  if (shared.kind === 'unknown') return [{ kind: 'no_answer', destination, detail: shared.detail }];
  return shared.paths.length === 0 ? [] : [{ kind: 'same_place', destination, paths: shared.paths }];
}

/** Two names for one place (a symlink, an alias, two mounts of one share) have one receipt, and are one copy. */
async function oneCopyTwice(env: ReaperEnv, places: readonly ProvenPlace[], signal: AbortSignal): Promise<readonly Blocker[]> {
  if (places.length < 2) return [];
  const found = await Promise.all(places.map(async (place) => ({ destination: place.destination, answer: await receiptAt(env, place, signal) })));
  const holder = new Map<string, string>();
  return found.flatMap(({ destination, answer }): readonly Blocker[] => {
    if ('kind' in answer) return [answer];
    const other = holder.get(answer.jobId);
    holder.set(answer.jobId, other ?? destination);
    return other === undefined ? [] : [{ kind: 'one_copy', destination, other, jobId: answer.jobId }];
  });
}

async function receiptAt(env: ReaperEnv, { destination, finalName }: ProvenPlace, signal: AbortSignal): Promise<Receipt | Blocker> {
  const place = await env.destinations(destination);
  if (place === null || finalName === null) return { kind: 'not_configured', destination };
  try {
    const found = await place.transport.readReceipt({ finalName, signal });
    return found.kind === 'receipt' ? found.receipt : { kind: 'check_failed', destination, detail: 'its receipt is gone' };
  } catch (error) {
    signal.throwIfAborted();
    if (!isLonghaulError(error)) throw error;
    return { kind: 'no_answer', destination, detail: error.message };
  }
}

async function showsReceipt(env: ReaperEnv, { destination, finalName }: ProvenPlace, signal: AbortSignal): Promise<readonly Blocker[]> {
  const place = await env.destinations(destination);
  if (place === null || finalName === null) return [{ kind: 'not_configured', destination }];
  try {
    const { kind } = await place.transport.readReceipt({ finalName, signal });
    return kind === 'receipt' ? [] : [{ kind: 'same_place', destination, paths: [] }];
  } catch (error) {
    signal.throwIfAborted();
    if (!isLonghaulError(error)) throw error;
    return [{ kind: 'no_answer', destination, detail: error.message }];
  }
}
