import { isLonghaulError } from '@longhaul/errors';
import { displayPath } from '@longhaul/sync-transports';
import type { Seal } from '@longhaul/sync-transports';
import type { Job } from '../job.ts';
import type { Repair } from '../verify-pass.ts';
import type { Look } from './look.ts';
import { mendFromOther } from './mend-from-other.ts';

/**
 * The local copy mends a damaged result only if all of it, read anew past the cache, is what was sealed. Otherwise a copy at another destination
 * does; where that cannot be had either, it is named with the command that brings it back. Nothing changed is ever sent over what is left there.
 */
export async function repairOf(look: Look, seal: Seal): Promise<Repair> {
  if (look.pass.job.state === 'CLEANED') return elsewhere(look, seal, 'the local copy has been reclaimed');
  const why = await whyNotLocal(look, seal);
  return why === null ? { kind: 'requeue' } : elsewhere(look, seal, why);
}

/** null: the local copy is what was sealed. */
async function whyNotLocal({ env, pass, signal }: Look, seal: Seal): Promise<string | null> {
  try {
    const now = await env.sealer.seal({ source: pass.source, hashing: 'fresh', signal });
    return now.digest === seal.digest ? null : `the local copy ${pass.job.source} is not what was sealed any more`;
  } catch (error) {
    signal.throwIfAborted();
    if (isLonghaulError(error, 'SOURCE_NOT_FOUND')) return `the local copy ${pass.job.source} is gone`;
    if (isLonghaulError(error)) return `the local copy cannot be used: ${error.message}`;
    throw error;
  }
}

/** With another destination's copy, or by a person. */
async function elsewhere(look: Look, seal: Seal, why: string): Promise<Repair> {
  const other = await otherCopy(look, seal);
  if (other === null) return { kind: 'stay', why: `${why}, and no other destination is known to hold it` };
  const mending = await mendFromOther(look, seal, other);
  if (mending.kind === 'mended') return mending;
  return { kind: 'stay', why: `${why}. ${other.destination} holds it, proven ${other.provenAt ?? ''}, but ${mending.problem}. To bring it back: ${await fetchText(look, other)}` };
}

/** The freshest proven copy of the same content at another destination. */
async function otherCopy({ env, pass }: Look, seal: Seal): Promise<Job | null> {
  const { jobs } = await env.store.list({ sourceId: pass.job.sourceId, states: ['VERIFIED', 'CLEANUP_ELIGIBLE', 'CLEANED'], limit: 500 });
  const copies = jobs.filter(({ sealDigest, destination, damage, provenAt }) => sealDigest === seal.digest && destination !== pass.job.destination && damage === null && provenAt !== null);
  return copies.toSorted((a, b) => (b.provenAt ?? '').localeCompare(a.provenAt ?? ''))[0] ?? null;
}

async function fetchText({ env, pass }: Look, job: Job): Promise<string> {
  const destination = await env.destinations(job.destination);
  const folder = displayPath(pass.source.root);
  const command = destination?.fetchCommand?.({ finalName: job.finalName, folder, only: pass.source.kind === 'file' ? displayPath(pass.source.name) : null });
  const how = command ?? `copy "${job.finalName}" from ${job.destination} to ${folder}`;
  return `${how}; then: longhaul sync verify ${pass.job.id}`;
}
