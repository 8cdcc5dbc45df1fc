import { isLonghaulError } from '@longhaul/errors';
import { METADATA } from '@longhaul/sync-transports';
import type { VerifyReport } from '../verify/verifier.ts';
import type { Blocker } from './blocker.ts';
import type { ProvenPlace } from './decide-reclaim.ts';
import type { HeldSource } from './files/source-files.ts';
import type { ReaperEnv } from './reaper-ports.ts';

/**
 * Asks every destination now whether it still holds every sealed byte, by reading them there, and records the proofs. Whatever is not a
 * proof by content is a blocker.
 * @throws the signal's reason, errors of the store
 */
export async function lastChecks(env: ReaperEnv, places: readonly ProvenPlace[], signal: AbortSignal): Promise<readonly Blocker[]> {
  const results = await Promise.all(places.map(async (place) => lastCheck(env, place, signal)));
  return results.flat();
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
  const state = await source.receiptState();
  if (state === 'none') return [];
  if (state === 'unknown') return [{ kind: 'receipt_unknown', path: METADATA, detail: 'it cannot be read any more' }];
  return source.withoutReceipt(async () => {
    const found = await Promise.all(places.map(async (place) => showsReceipt(env, place, signal)));
    return found.flat();
  });
}

async function showsReceipt(env: ReaperEnv, { destination, finalName }: ProvenPlace, signal: AbortSignal): Promise<readonly Blocker[]> {
  const place = await env.destinations(destination);
  if (place === null || finalName === null) return [{ kind: 'not_configured', destination }];
  try {
    const { kind } = await place.transport.readReceipt({ finalName, signal });
    return kind === 'receipt' ? [] : [{ kind: 'same_place', destination }];
  } catch (error) {
    signal.throwIfAborted();
    if (!isLonghaulError(error)) throw error;
    return [{ kind: 'no_answer', destination, detail: error.message }];
  }
}
