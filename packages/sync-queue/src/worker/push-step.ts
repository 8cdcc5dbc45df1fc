import { count } from '@longhaul/errors';
import { compareManifest, displayPath, judgeInPlace } from '@longhaul/sync-transports';
import type { RawPath, Receipt, Seal } from '@longhaul/sync-transports';
import type { PushedOutcome } from '../outcome.ts';
import { assertApart } from './apart.ts';
import type { FoundReceipt } from './early-receipt.ts';
import { EarlyReceipt } from './early-receipt.ts';
import { JobFailed } from './job-failure.ts';
import type { JobRun } from './job-run.ts';
import type { LeftProofs } from './left-proofs.ts';
import { push } from './one-push.ts';
import { PushAhead } from './push-ahead.ts';
import { assertUnchanged, sealForPush } from './seal-step.ts';

/** RUNNING: seal, look at what is in place, push, look at the source again. @throws JobFailed, Stopped, errors of the ports */
export async function pushJob(run: JobRun): Promise<PushedOutcome> {
  await assertApart(run);
  // Asked while the source is sealed: by then the destination has been reached.
  const early = new EarlyReceipt(run);
  await using ahead = new PushAhead(run, early);
  const seal = await sealForPush(run, (listing) => ahead.begin(listing)).finally(() => early.settled());
  run.held.check();
  const inPlace = judged(run, seal, await early.current());
  // After a mismatch the receipt is not believed: everything is looked at again.
  if (inPlace?.sealDigest === seal.digest && run.job.mismatches === 0) {
    return { kind: 'pushed', where: 'published', reason: `the destination holds this content already (generation ${inPlace.generation}): nothing to send` };
  }
  await assertNotTheOnlyCopy(run, { seal, inPlace });
  await passGeneration(run, inPlace);
  if ((await ahead.ended()) === 'not begun') {
    await run.transport.checkNames(seal);
    await run.env.store.intend(run.held.lease, { phase: 'pushing', reason: `pushing ${count(seal.totals.files, 'file')}, ${count(seal.totals.bytes, 'byte')}` });
    await push(run, { seal });
    if (run.job.mismatches > 0) await repeatMismatched(run, seal);
  }
  await assertUnchanged(run, seal);
  await run.progress.drained();
  return { kind: 'pushed', where: 'staged', reason: 'pushed', progress: run.progress.latest };
}

/** The receipt of an earlier generation under the final name, or null. @throws JobFailed where something else lies there. */
function judged(run: JobRun, seal: Seal, inPlace: FoundReceipt): Receipt | null {
  const { job } = run;
  const receipt = inPlace.kind === 'receipt' ? inPlace.receipt : null;
  // Which generation comes next is settled below; here only whose it is.
  const generation = Math.max(job.generation, receipt?.generation ?? 0);
  const judgement = judgeInPlace(inPlace, { sourceId: job.sourceId, jobId: job.id, sealId: seal.id, generation, staging: 'tree' });
  if (judgement.kind === 'conflict') throw conflict(run, judgement);
  return receipt;
}

/** What is in place may be all that is left of what was freed here: it never goes aside for another content (design §5.6). @throws JobFailed */
async function assertNotTheOnlyCopy(run: JobRun, { seal, inPlace }: { readonly seal: Seal; readonly inPlace: Receipt | null }): Promise<void> {
  const { env, job, claimed } = run;
  if (inPlace === null || inPlace.sealDigest === seal.digest) return;
  const known = await env.store.reclaimedResult({ sourceId: job.sourceId, destination: job.destination, finalName: claimed.finalName });
  const freed = known?.sealDigest === inPlace.sealDigest ? known : await freedByOther(run, inPlace);
  if (freed === null) return;
  const name = displayPath(claimed.finalName);
  throw new JobFailed({
    kind: 'config',
    message: `"${name}" at ${job.destination} may be the only copy of what was reclaimed here on ${freed.at}; it was left as it is`,
    evidence: `reclaim ${freed.reclaimId}`,
    hint: 'Choose another name for what is there now: --as NAME (or `as:` with {date} or {run} in longhaul.yaml)',
    retryAfterMs: null,
    origin: 'source',
  });
}

/** A queue that was made anew knows of no reclaim: the source itself does. Not asked where the same content has come back and was proven there since. */
async function freedByOther({ env, job, claimed }: JobRun, { sealDigest }: Receipt): Promise<LeftProofs | null> {
  const freed = (await env.leftProofs(claimed.source)).find((left) => left.sealDigest === sealDigest);
  if (freed === undefined) return null;
  // One that this queue knows, and that stopped before it deleted anything, has said so already.
  const last = (await env.store.reclaimFacts(job.sourceId))?.last ?? null;
  if (last?.id === freed.reclaimId && last.state === 'stopped' && last.filesFreed === 0) return null;
  const { jobs } = await env.store.list({ sourceId: job.sourceId, destination: job.destination, limit: 500 });
  return jobs.some((other) => other.sealDigest === sealDigest && Date.parse(other.verifiedAt ?? '') > Date.parse(freed.at)) ? null : freed;
}

/** A queue that was made anew counts from one; what is published has counted on. */
async function passGeneration(run: JobRun, inPlace: Receipt | null): Promise<void> {
  if (inPlace === null || inPlace.generation < run.job.generation) return;
  run.job = await run.env.store.raiseGeneration(run.held.lease, { above: inPlace.generation });
}

/** Another source, another host, or something of nobody's lies under the final name: nothing is merged (design §5.2). */
export function conflict(run: JobRun, { holder, evidence }: { readonly holder: Receipt | null; readonly evidence: string }): JobFailed {
  const name = displayPath(run.claimed.finalName);
  const whose = holder === null ? '' : ` (${holder.source} on ${holder.host})`;
  return new JobFailed({
    kind: 'config',
    message: `"${name}" at ${run.job.destination} is taken by something else${whose}; it was left as it is`,
    evidence,
    hint: 'Choose another name: --as NAME (or `as:` in longhaul.yaml)',
    retryAfterMs: null,
    // Not the destination's fault: it need not be asked, and must not be asked again by itself.
    origin: 'source',
  });
}

/** A plain push skips a file of the right size and time: after a mismatch what is there is hashed, and what is wrong sent past that. */
async function repeatMismatched(run: JobRun, seal: Seal): Promise<void> {
  const { transport, held, placement } = run;
  const manifest = await transport.hashsum({ where: 'staging', placement, seal, signal: held.signal });
  const { missing, mismatched } = compareManifest(seal, manifest);
  const repeat: readonly RawPath[] = [...missing, ...mismatched];
  if (repeat.length > 0) await push(run, { seal, repeat });
}
