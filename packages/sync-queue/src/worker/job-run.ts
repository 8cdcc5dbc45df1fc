import { isLonghaulError } from '@longhaul/errors';
import type { Placement, Seal, Transport } from '@longhaul/sync-transports';
import type { Job } from '../job.ts';
import type { ClaimedJob } from '../lease.ts';
import type { Outcome } from '../outcome.ts';
import { answerFailure, heldByPlace } from './answer-failure.ts';
import { closedWindow, heldByWindow, WindowClosed } from './bandwidth-limit.ts';
import type { HeldJob } from './held-job.ts';
import { failureOfError, JobFailed } from './job-failure.ts';
import { isUnfamiliar } from './known-place.ts';
import { endOrphans } from './orphans.ts';
import { ProgressWriter } from './progress-writer.ts';
import { pushJob } from './push-step.ts';
import { reasonToWait } from './seal-step.ts';
import { settlePatiently } from './settle-step.ts';
import { Stopped } from './stop.ts';
import type { Stop } from './stop.ts';
import { verifyJob } from './verify-step.ts';
import type { WorkerEnv } from './worker-env.ts';
import type { Destination } from './worker-ports.ts';

/** One claim being worked on: what is known so far. */
export class JobRun {
  readonly env: WorkerEnv;
  readonly claimed: ClaimedJob;
  readonly held: HeldJob;
  readonly progress: ProgressWriter;
  /** The row as the last transaction left it. */
  job: Job;
  seal: Seal | null = null;
  /** Whether this run has begun to push. */
  pushing: 'begun' | 'no' = 'no';
  /** Seal digest whose push into staging is complete. */
  stagedDigest: string | null;
  destination: Destination | null = null;

  constructor(env: WorkerEnv, claimed: ClaimedJob, held: HeldJob) {
    this.env = env;
    this.claimed = claimed;
    this.held = held;
    this.progress = new ProgressWriter(env, held);
    this.job = claimed.job;
    this.stagedDigest = claimed.stagedDigest;
  }

  get placement(): Placement {
    return { jobId: this.job.id, epoch: this.held.lease.epoch, hostId: this.env.hostId, finalName: this.claimed.finalName };
  }

  get transport(): Transport {
    if (this.destination === null) throw unknownDestination(this.job.destination);
    return this.destination.transport;
  }

  /** Where the job waits when it is to be tried again: what was pushed need only be verified. */
  get stateToGoBackTo(): 'QUEUED' | 'AWAITING_VERIFY' {
    return this.job.state === 'AWAITING_VERIFY' ? 'AWAITING_VERIFY' : 'QUEUED';
  }
}

/** Works on a claimed job until it is settled or its lease is lost. Throws only what the store throws. */
export async function runJob(env: WorkerEnv, claimed: ClaimedJob, held: HeldJob): Promise<void> {
  const run = new JobRun(env, claimed, held);
  try {
    const outcome = await outcomeOf(run);
    await run.progress.drained();
    await settlePatiently(run, outcome);
  } catch (error) {
    if (!isLeaseLost(error)) throw error;
    env.events.emit({ type: 'leaseLost', jobId: claimed.job.id });
    if (run.pushing === 'begun') await env.store.reportStaging(claimed.job.id);
  }
}

/** Every way in which the steps can end, as an outcome. @throws LeaseLostError or Stopped when the lease is lost */
async function outcomeOf(run: JobRun): Promise<Outcome> {
  try {
    return await work(run);
  } catch (error) {
    return answerOf(run, error);
  }
}

async function answerOf(run: JobRun, error: unknown): Promise<Outcome> {
  if (isLeaseLost(error) || isStoreFailure(error)) throw error;
  const stop = run.held.stop;
  // The push is ended; what follows, a probe, must not be ended by the same.
  if (stop?.kind === 'stalled') run.held.goOn();
  else if (stop !== null) return stoppedOutcome(run, stop);
  if (error instanceof WindowClosed) return { ...heldByWindow({ destination: run.job.destination, limit: error.limit, now: run.env.clock.now() }), progress: run.progress.latest };
  if (isUnfamiliar(error)) return heldByPlace(run, error);
  try {
    return await answerFailure(run, stop === null ? failureOfError(error) : stalled(run, stop.afterMs));
  } catch (second) {
    if (run.held.stop === null) throw second;
    return stoppedOutcome(run, run.held.stop);
  }
}

async function work(run: JobRun): Promise<Outcome> {
  const { env, claimed } = run;
  await endOrphans(env, claimed.job.id, claimed.orphans);
  run.destination = await env.destinations(run.job.destination);
  if (run.destination === null) throw unknownDestination(run.job.destination);
  if (run.job.state === 'RUNNING') {
    const wait = closedWindow(run) ?? (await reasonToWait(run));
    if (wait !== null) return wait;
    const pushed = await pushJob(run);
    run.held.check();
    await settlePatiently(run, pushed);
    run.stagedDigest = pushed.where === 'staged' ? run.job.sealDigest : null;
  }
  return verifyJob(run);
}

function stoppedOutcome(run: JobRun, stop: Stop): Outcome {
  switch (stop.kind) {
    case 'leaseLost':
      throw new Stopped(stop);
    case 'cancelled':
      return { kind: 'cancelled', reason: 'cancelled by a person', progress: run.progress.latest };
    case 'shutdown':
      return { kind: 'again', to: run.stateToGoBackTo, delayMs: 0, hold: null, charge: 'nothing', reason: 'interrupted: its worker was told to stop, no attempt charged', progress: run.progress.latest };
    case 'stalled':
      return { kind: 'again', to: run.stateToGoBackTo, delayMs: 0, hold: null, charge: 'nothing', reason: `interrupted: ${stalled(run, stop.afterMs).message}`, progress: run.progress.latest };
  }
}

function stalled({ job }: JobRun, afterMs: number): ReturnType<typeof failureOfError> {
  const message = `nothing moved on the way to ${job.destination} for ${Math.round(afterMs / 1000)} s`;
  return { kind: 'network', message, evidence: message, hint: null, retryAfterMs: null, origin: 'destination' };
}

function unknownDestination(name: string): JobFailed {
  return new JobFailed({
    kind: 'config',
    message: `the configuration has no destination "${name}"`,
    evidence: null,
    hint: `Add it under destinations: in longhaul.yaml, then: longhaul sync retry`,
    retryAfterMs: null,
    origin: 'longhaul',
  });
}

function isLeaseLost(error: unknown): boolean {
  return isLonghaulError(error, 'LEASE_LOST') || (error instanceof Stopped && error.stop.kind === 'leaseLost');
}

/** The queue itself cannot be written: nothing can be settled either. (A damaged seal has this code too, but is no such error.) */
function isStoreFailure(error: unknown): boolean {
  return isLonghaulError(error, 'QUEUE_STORE') && 'problem' in error;
}
