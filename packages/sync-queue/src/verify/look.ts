import { count, isLonghaulError, redact, TransportError } from '@longhaul/errors';
import { compareManifest } from '@longhaul/sync-transports';
import type { ManifestComparison, Placement, Receipt, Seal, Transport } from '@longhaul/sync-transports';
import type { Job } from '../job.ts';
import type { ClaimedVerifyPass } from '../verify-pass.ts';
import { isUnfamiliar } from '../worker/known-place.ts';
import { named } from '../worker/seal-step.ts';
import type { WorkerEnv } from '../worker/worker-env.ts';

/** What a look at the final place found. `mendable`: a push would put it right; otherwise it would be refused there. */
export type Finding =
  | { readonly kind: 'proven'; readonly seal: Seal; readonly comparison: ManifestComparison }
  | { readonly kind: 'damaged'; readonly seal: Seal; readonly evidence: string; readonly mendable: 'yes' | { readonly no: string } }
  | { readonly kind: 'unknown'; readonly evidence: string }
  | { readonly kind: 'superseded'; readonly evidence: string };

/** One pass over a published result. */
export interface Look {
  readonly env: WorkerEnv;
  readonly pass: ClaimedVerifyPass;
  readonly signal: AbortSignal;
}

/**
 * Compares what the destination holds under the final name with the seal, reading all of it there (design §5.6). Whatever keeps it from
 * looking is `unknown`: never damage, never a proof.
 * @throws the signal's reason, errors of the store
 */
export async function lookAtResult(look: Look): Promise<Finding> {
  const { env, pass, signal } = look;
  const { job } = pass;
  try {
    const seal = await sealOf(look);
    if (seal === null) return { kind: 'unknown', evidence: `the seal ${job.sealId ?? ''} is gone from this machine, and the source is not what was sealed any more: nothing to compare with` };
    const destination = await env.destinations(job.destination);
    if (destination === null) return { kind: 'unknown', evidence: `the configuration has no destination "${job.destination}"` };
    return await compared({ ...look, seal, transport: destination.transport });
  } catch (error) {
    signal.throwIfAborted();
    if (!isLonghaulError(error)) throw error;
    return { kind: 'unknown', evidence: evidenceOf(error) };
  }
}

interface Comparing extends Look {
  readonly seal: Seal;
  readonly transport: Transport;
}

async function compared(comparing: Comparing): Promise<Finding> {
  const { seal, transport, pass, signal } = comparing;
  // What was freed may have become a link to the result.
  if (pass.job.state !== 'CLEANED') await transport.assertApart?.({ source: pass.source, finalName: pass.finalName, signal });
  const before = await receiptInPlace(comparing);
  if (before.kind === 'replaced') return { kind: 'superseded', evidence: before.evidence };
  if (before.kind === 'nothing') return nothingThere(comparing);
  if (before.kind === 'foreign') return { kind: 'damaged', seal, evidence: before.evidence, mendable: { no: before.remedy } };
  const comparison = compareManifest(seal, await hashed(comparing));
  comparing.signal.throwIfAborted();
  const differs = comparison.missing.length > 0 || comparison.mismatched.length > 0;
  if (before.kind === 'unreadable') return { kind: 'damaged', seal, evidence: [before.evidence, ...(differs ? [described(comparison)] : [])].join('; '), mendable: { no: REMEDY } };
  if (!differs && before.kind === 'ours') return { kind: 'proven', seal, comparison };
  // A newer generation may have taken its place while this one was read.
  const after = await receiptInPlace(comparing);
  if (after.kind === 'replaced') return { kind: 'superseded', evidence: after.evidence };
  const evidence = [...(before.kind === 'other' ? [before.evidence] : []), ...(differs ? [described(comparison)] : [])].join('; ');
  return { kind: 'damaged', seal, evidence, mendable: 'yes' };
}

const REMEDY = 'nothing is put over what Longhaul cannot tell to be its own. Move it away there, then verify again';

type InPlace =
  | { readonly kind: 'ours' | 'nothing' }
  | { readonly kind: 'replaced' | 'other' | 'unreadable'; readonly evidence: string }
  | { readonly kind: 'foreign'; readonly evidence: string; readonly remedy: string };

async function receiptInPlace({ transport, pass, seal, signal }: Comparing): Promise<InPlace> {
  const { job, finalName } = pass;
  let found: Awaited<ReturnType<Transport['readReceipt']>>;
  try {
    found = await transport.readReceipt({ finalName, signal });
  } catch (error) {
    if (isUnfamiliar(error)) throw error;
    // Its receipt alone may be damaged; a destination that does not answer says so again when it is hashed.
    if (error instanceof TransportError && error.errorKind === 'config') return { kind: 'unreadable', evidence: error.message };
    throw error;
  }
  if (found.kind === 'none') return { kind: 'nothing' };
  if (found.kind === 'foreign') return { kind: 'foreign', evidence: 'something without a receipt lies at the final name', remedy: REMEDY };
  return judged(found.receipt, { job, seal });
}

function judged(receipt: Receipt, { job, seal }: { readonly job: Job; readonly seal: Seal }): InPlace {
  if (receipt.sourceId !== job.sourceId) return { kind: 'foreign', evidence: `the final name holds the result of ${receipt.source} from ${receipt.host}`, remedy: REMEDY };
  if (receipt.sealDigest === seal.digest) return { kind: 'ours' };
  if (receipt.generation > job.generation) return { kind: 'replaced', evidence: `generation ${receipt.generation} of ${receipt.publishedAt} is in place` };
  return { kind: 'other', evidence: `its receipt names another content (generation ${receipt.generation}, job ${receipt.jobId})` };
}

/** An empty folder may be the place where a disk is not mounted: then nothing is known. */
async function nothingThere({ transport, seal, signal }: Comparing): Promise<Finding> {
  const head = await transport.receiptHead?.({ signal });
  if (head?.kind === 'untouched') return { kind: 'unknown', evidence: 'nothing that Longhaul ever wrote is at the destination: is its disk mounted?' };
  return { kind: 'damaged', seal, evidence: `nothing is there: of its ${count(seal.totals.files, 'file')} none is left`, mendable: 'yes' };
}

async function hashed({ env, transport, pass, seal, signal }: Comparing): ReturnType<Transport['hashsum']> {
  const { job, finalName } = pass;
  const placement: Placement = { jobId: job.id, epoch: job.epoch, hostId: env.hostId, finalName };
  return transport.hashsum({ where: 'final', seal, placement, onProgress: (progress) => env.events.emit({ type: 'verifying', jobId: job.id, ...progress }), signal });
}

/** The archive's, or taken again from a source that is still the same. */
async function sealOf({ env, pass, signal }: Look): Promise<Seal | null> {
  const { job, source } = pass;
  const kept = job.sealId === null ? null : await env.seals.get(job.sealId);
  if (kept !== null) return kept;
  const taken = await env.sealer.seal({ source, hashing: 'cached', signal }).catch((error: unknown) => {
    if (isLonghaulError(error)) return null;
    throw error;
  });
  return taken?.digest === job.sealDigest ? taken : null;
}

function described({ missing, mismatched }: ManifestComparison): string {
  return [mismatched.length > 0 ? `different: ${named(mismatched)}` : '', missing.length > 0 ? `missing: ${named(missing)}` : ''].filter((part) => part !== '').join('; ');
}

function evidenceOf(error: Error & { readonly context?: Readonly<Record<string, unknown>> }): string {
  const evidence = error.context?.['evidence'];
  return redact(typeof evidence === 'string' && !error.message.includes(evidence) ? `${error.message}: ${evidence}` : error.message);
}
