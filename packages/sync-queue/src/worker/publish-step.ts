import { displayPath } from '@longhaul/sync-transports';
import type { ProofStrength, PublishOutcome, Receipt, Seal } from '@longhaul/sync-transports';
import { pause } from '../clock.ts';
import type { Job } from '../job.ts';
import { assertApart } from './apart.ts';
import { JobFailed } from './job-failure.ts';
import type { JobRun } from './job-run.ts';
import { conflict } from './push-step.ts';
import type { WorkerEnv } from './worker-env.ts';

interface Proven {
  readonly seal: Seal;
  readonly strength: ProofStrength;
}

/**
 * Moves what is proven to its final name. Not broken off by a cancel or the end of the worker. Returns what could not be
 * deleted behind it, or null. @throws JobFailed
 */
export async function publish(run: JobRun, proven: Proven): Promise<string | null> {
  await run.env.store.intend(run.held.lease, { phase: 'publishing', reason: `publishing as ${displayPath(run.claimed.finalName)}` });
  await assertApart(run);
  return run.held.shielded(async () => {
    const outcome = await publishPatiently(run, proven);
    if (outcome.kind !== 'published') throw await refused(run, outcome);
    return outcome.leftover ?? null;
  });
}

/** Another host may be publishing there this very moment. */
async function publishPatiently(run: JobRun, { seal, strength }: Proven): Promise<PublishOutcome> {
  const { env, transport, placement, held } = run;
  for (let tries = 1; ; tries += 1) {
    const outcome = await transport.publish({ seal, placement, receipt: receiptFor(run, { seal, strength }), signal: held.signal });
    if (outcome.kind !== 'locked' || tries >= env.policy.lockedTries) return outcome;
    await pause(env.clock, env.policy.lockedPauseMs, held.signal);
  }
}

function receiptFor({ job, env, held }: JobRun, proven: Proven): Receipt {
  return newReceipt({ job, env, epoch: held.lease.epoch }, proven);
}

/** The receipt of a result that is about to be published. */
export function newReceipt({ job, env, epoch }: { readonly job: Job; readonly env: WorkerEnv; readonly epoch: number }, { seal, strength }: Proven): Receipt {
  const now = new Date(env.clock.now()).toISOString();
  return {
    schemaVersion: 1,
    sealId: seal.id,
    sealDigest: seal.digest,
    generation: job.generation,
    jobId: job.id,
    epoch,
    hostId: env.hostId,
    host: env.hostName,
    source: job.source,
    sourceId: job.sourceId,
    publishedAt: now,
    totals: seal.totals,
    verified: { at: now, strength },
    run: job.run,
    leftOut: seal.leftOut ?? null,
  };
}

async function refused(run: JobRun, outcome: Exclude<PublishOutcome, { kind: 'published' }>): Promise<JobFailed> {
  switch (outcome.kind) {
    case 'conflict':
      return conflict(run, outcome);
    case 'fenced':
      // Most often another worker has the job now: then this throws LeaseLostError, and nothing of ours counts.
      await run.env.store.heartbeat(run.held.lease, { leaseMs: run.env.policy.leaseMs });
      return failed(run, { kind: 'config', message: 'the destination has seen a later claim than ours', evidence: outcome.evidence });
    case 'locked':
      return failed(run, { kind: 'unknown', message: `the final name is locked by ${outcome.holder}`, evidence: outcome.evidence });
  }
}

function failed(run: JobRun, { kind, message, evidence }: { readonly kind: 'config' | 'unknown'; readonly message: string; readonly evidence: string }): JobFailed {
  const name = displayPath(run.claimed.finalName);
  return new JobFailed({
    kind,
    message: `"${name}" at ${run.job.destination} could not be published: ${message}`,
    evidence,
    hint: `See who holds it: .longhaul-incoming/.locks at ${run.job.destination}`,
    retryAfterMs: null,
    origin: 'longhaul',
  });
}
