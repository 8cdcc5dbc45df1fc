import { count } from '@longhaul/errors';
import { compareManifest } from '@longhaul/sync-transports';
import type { HashsumRequest, ManifestComparison, Receipt, Seal } from '@longhaul/sync-transports';
import type { AgainOutcome, VerifiedOutcome } from '../outcome.ts';
import { assertApart } from './apart.ts';
import { JobFailed } from './job-failure.ts';
import type { JobRun } from './job-run.ts';
import { publish } from './publish-step.ts';
import { changed, named, newSeal } from './seal-step.ts';

/** AWAITING_VERIFY: prove what is published already, or prove what is staged and publish it. @throws JobFailed, Stopped, errors of the ports */
export async function verifyJob(run: JobRun): Promise<VerifiedOutcome | AgainOutcome> {
  const seal = await sealOfJob(run);
  if (seal === null) return sealLost(run);
  await assertApart(run);
  await run.env.store.intend(run.held.lease, { phase: 'verifying', reason: 'verifying what the destination holds' });
  const readFrom = run.env.clock.now();
  const published = await proveFinal(run, seal);
  if (published.kind === 'holds') return verified(run, { seal, comparison: published.comparison, readFrom, reason: 'proven under its final name', staging: 'left' });
  // Nothing of this content was staged, so the result in place is all there is, and it is not what was sealed.
  if (run.stagedDigest !== seal.digest) throw await mismatch(run, seal, published.comparison);
  const comparison = await proveStaging(run, seal);
  run.held.check();
  const leftover = await publish(run, { seal, strength: comparison.strength });
  return verified(run, { seal, comparison, readFrom, reason: 'proven and published', staging: leftover === null ? 'removed' : 'left', leftover });
}

async function sealOfJob(run: JobRun): Promise<Seal | null> {
  const { job, env } = run;
  run.seal ??= job.sealId === null ? null : await env.seals.get(job.sealId);
  return run.seal;
}

/** Without the seal nothing can be compared: it is taken again. */
function sealLost({ job }: JobRun): AgainOutcome {
  return { kind: 'again', to: 'QUEUED', hold: null, delayMs: 0, charge: 'nothing', counts: 'reseal', reason: `the seal ${job.sealId ?? ''} is gone from this machine: sealed again` };
}

/** First of all: after a crash between the rename and VERIFIED everything is done already (design §5.5). */
async function proveFinal(run: JobRun, seal: Seal): Promise<{ readonly kind: 'holds' | 'differs'; readonly comparison: ManifestComparison | null }> {
  const { transport, claimed, held, job } = run;
  const inPlace = await transport.readReceipt({ finalName: claimed.finalName, signal: held.signal });
  if (inPlace.kind !== 'receipt' || !isOurs(inPlace.receipt, seal, job.sourceId)) return { kind: 'differs', comparison: null };
  const comparison = compareManifest(seal, await hashsum(run, { where: 'final', seal }));
  // What somebody put beside it does no harm to the proof.
  return { kind: comparison.missing.length === 0 && comparison.mismatched.length === 0 ? 'holds' : 'differs', comparison };
}

function isOurs(receipt: Receipt, seal: Seal, sourceId: string): boolean {
  return receipt.sealDigest === seal.digest && receipt.sourceId === sourceId;
}

/** What is staged is exactly the sealed set, or this throws; what is there besides is deleted. */
async function proveStaging(run: JobRun, seal: Seal): Promise<ManifestComparison> {
  const comparison = compareManifest(seal, await hashsum(run, { where: 'staging', seal }));
  if (comparison.missing.length > 0 || comparison.mismatched.length > 0) throw await mismatch(run, seal, comparison);
  if (comparison.extra.length > 0) await run.transport.prune({ placement: run.placement, extras: comparison.extra, signal: run.held.signal });
  return comparison;
}

async function hashsum(run: JobRun, { where, seal }: Pick<HashsumRequest, 'where' | 'seal'>): ReturnType<JobRun['transport']['hashsum']> {
  const { transport, placement, held } = run;
  const manifest = await transport.hashsum({
    where,
    seal,
    placement,
    onProgress: (progress) => { run.progress.hashed({ phase: 'verifying', ...progress }); },
    signal: held.signal,
  });
  await run.progress.drained();
  held.check();
  return manifest;
}

/**
 * What arrived is not what was sealed. Either the source is not what was sealed either (the cache believed a time), then
 * it is sealed anew; or the destination is wrong (design §5.4).
 */
async function mismatch(run: JobRun, seal: Seal, comparison: ManifestComparison | null): Promise<JobFailed> {
  const evidence = described(comparison);
  const fresh = await newSeal(run, 'fresh');
  if (fresh.digest !== seal.digest) return changed(run, `its content is not what its times promised (${evidence})`);
  return new JobFailed({
    kind: 'hash_mismatch',
    message: `what ${run.job.destination} holds is not what was sealed: ${evidence}`,
    evidence,
    hint: `Look at the disk and the memory of the destination, then: longhaul sync retry ${run.job.id}`,
    retryAfterMs: null,
    origin: 'destination',
  });
}

function described(comparison: ManifestComparison | null): string {
  if (comparison === null) return 'nothing is there';
  const { missing, mismatched, extra } = comparison;
  const parts = [mismatched.length > 0 ? `different: ${named(mismatched)}` : '', missing.length > 0 ? `missing: ${named(missing)}` : '', extra.length > 0 ? `not sealed: ${named(extra)}` : ''];
  return parts.filter((part) => part !== '').join('; ');
}

interface Proven {
  readonly seal: Seal;
  readonly comparison: ManifestComparison | null;
  /** Before the first byte of the proof was read. */
  readonly readFrom: number;
  readonly reason: string;
  readonly staging: VerifiedOutcome['staging'];
  /** What publish could not delete behind it. */
  readonly leftover?: string | null;
}

async function verified(run: JobRun, { seal, comparison, readFrom, reason, staging, leftover = null }: Proven): Promise<VerifiedOutcome> {
  const { id: sealId, digest: sealDigest, totals } = seal;
  const strength = comparison?.strength ?? 'size';
  return {
    kind: 'verified',
    reason,
    evidence: `${count(totals.files, 'file')}, ${count(totals.bytes, 'byte')}, by ${strength}${leftover === null ? '' : `; ${leftover}`}`,
    proof: { sealId, sealDigest, strength, files: totals.files, bytes: totals.bytes },
    readFrom,
    staging,
    covers: await covered(run, seal),
  };
}

/** Enqueues that came while the job ran are answered too if the source is still what was sealed; otherwise a new generation follows. */
async function covered(run: JobRun, seal: Seal): Promise<number> {
  const { env, held } = run;
  const { requests } = await env.store.heartbeat(held.lease, { leaseMs: env.policy.leaseMs });
  if (requests === 1) return 1;
  return (await env.sealer.check(seal)).kind === 'unchanged' ? requests : 1;
}
