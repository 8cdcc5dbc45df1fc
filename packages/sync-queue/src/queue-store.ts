import type { TransferProgress } from '@longhaul/sync-transports';
import type { DestinationStatus, DueProbe, KnownPlace, ProbeOutcome } from './destination-status.ts';
import type { HashingProgress, Job, JobEvent, Proof } from './job.ts';
import type { JobPage, ListRequest } from './job-filter.ts';
import type { JobState } from './job-state.ts';
import type { AbandonedStaging, ClaimedJob, ClaimRequest, Heartbeat, Intent, LeaseRef, LeaseStatus, Orphan, RecoverRequest, SealRecord } from './lease.ts';
import type { EnqueueResult, NewJob } from './new-job.ts';
import type { Outcome } from './outcome.ts';
import type { ChildProcess, Owner } from './owner.ts';
import type { ReclaimStore } from './reclaim/reclaim-store.ts';
import type { VerifyPassClaim, VerifyPassOutcome, VerifyPassRef, VerifyPassRequest } from './verify-pass.ts';
import type { QueueStatus } from './queue-status.ts';
import type { PruneRequest, PruneResult } from './retention.ts';

/**
 * Where the queue lives (design §5.5). The port assumes neither one process nor one machine's clock: the store owns
 * "now", callers pass durations. Each method is one transaction. Whatever takes a {@link LeaseRef} is fenced: it has an
 * effect only while that claim is in force, and throws LeaseLostError otherwise.
 *
 * All methods throw QueueStoreError where the store itself fails.
 */
export interface QueueStore extends ReclaimStore, AsyncDisposable {
  /** One active job per source, destination and final name; one job ever per dedupKey. A failed one is tried again instead of a second made, unless a key asks for its own. */
  enqueue(request: NewJob): Promise<EnqueueResult>;

  /** The next due job whose destination is free and neither paused nor blocked, or null. Grows attempt and epoch, takes a slot. */
  claim(request: ClaimRequest): Promise<ClaimedJob | null>;
  /** @throws LeaseLostError */
  heartbeat(lease: LeaseRef, renewal: { readonly leaseMs: number }): Promise<Heartbeat>;
  /** At most once a second per job, please. @throws LeaseLostError */
  progress(lease: LeaseRef, progress: TransferProgress): Promise<void>;
  /** How far the hashing of the phase is that was intended last. At most once a second per job, please. @throws LeaseLostError */
  hashing(lease: LeaseRef, progress: HashingProgress): Promise<void>;
  /** What is about to be done: phase and history row. @throws LeaseLostError */
  intend(lease: LeaseRef, intent: Intent): Promise<void>;
  /** A process works for this job: whoever takes over can end it. @throws LeaseLostError */
  recordProcess(lease: LeaseRef, process: ChildProcess): Promise<void>;
  /** The process is gone. Not fenced: gone is gone. */
  forgetProcess(jobId: string, process: ChildProcess): Promise<void>;
  /** The job's seal from now on; a content that differs from the one before is a new generation. @throws LeaseLostError */
  recordSeal(lease: LeaseRef, seal: SealRecord): Promise<Job>;
  /** The destination holds a generation of this source that this queue does not know: ours is the one after it. @throws LeaseLostError */
  raiseGeneration(lease: LeaseRef, generation: { readonly above: number }): Promise<Job>;
  /** The newest seal of a source, whichever job took it: fan-out needs one seal. */
  latestSeal(sourceId: string): Promise<SealRecord | null>;
  /** Ends the hold (all but `pushed`). @throws LeaseLostError, IllegalTransitionError */
  settle(lease: LeaseRef, outcome: Outcome): Promise<Job>;

  /** FAILED, CANCELLED → QUEUED with a fresh budget; a waiting job is tried at once. @throws JobNotFoundError, IllegalTransitionError, JobConflictError */
  retry(id: string): Promise<Job>;
  /** At once where nobody holds the job, otherwise as a request that its worker meets. @throws JobNotFoundError, IllegalTransitionError */
  cancel(id: string): Promise<{ readonly kind: 'cancelled' | 'requested'; readonly job: Job }>;
  /** A transition of a job that nobody holds, between VERIFIED, CLEANUP_ELIGIBLE, CLEANED and repair. @throws JobNotFoundError, IllegalTransitionError, JobConflictError */
  move(id: string, transition: { readonly from: JobState; readonly to: JobState; readonly reason: string; readonly evidence?: string | null }): Promise<Job>;

  /** All leases in force or lapsed. */
  leases(): Promise<readonly LeaseStatus[]>;
  /** Takes back the jobs of dead owners and lapsed leases. What a crash left is tried again; too many crashes in a row park it. */
  recover(request: RecoverRequest): Promise<readonly Job[]>;
  /** Processes of jobs that nobody holds any more. */
  orphans(): Promise<readonly Orphan[]>;
  /** Staging of cancelled or finished jobs, leased to `owner`; null where there is none, or its destination is blocked. */
  claimAbandonedStaging(request: { readonly owner: Owner; readonly leaseMs: number }): Promise<AbandonedStaging | null>;
  /** A worker that lost its lease may have made staging anew after the job was settled: somebody is to look. */
  reportStaging(jobId: string): Promise<void>;
  /** @throws LeaseLostError */
  settleAbandonedStaging(lease: LeaseRef, outcome: { readonly kind: 'removed' } | { readonly kind: 'later'; readonly delayMs: number }): Promise<void>;

  /** A result to look at again: the one proven longest ago that is due and within the budget, or one by name. Takes no slot. @throws JobNotFoundError */
  claimVerifyPass(request: VerifyPassRequest): Promise<VerifyPassClaim>;
  /** @throws LeaseLostError */
  renewVerifyPass(pass: VerifyPassRef, renewal: { readonly leaseMs: number }): Promise<void>;
  /** Proof or damage, history, and what follows from it. @throws LeaseLostError */
  settleVerifyPass(pass: VerifyPassRef, outcome: VerifyPassOutcome): Promise<Job>;

  get(id: string): Promise<Job | null>;
  list(request?: ListRequest): Promise<JobPage>;
  /** How many jobs are in each state, per destination. */
  counts(): Promise<readonly { readonly destination: string; readonly state: JobState; readonly jobs: number }[]>;
  /** Oldest first. @throws JobNotFoundError */
  history(id: string): Promise<readonly JobEvent[]>;
  /** What happened in the whole queue after a cursor (0: from the beginning), oldest first. */
  events(request: { readonly after: number; readonly limit?: number }): Promise<readonly JobEvent[]>;
  /** Oldest first. @throws JobNotFoundError */
  proofs(id: string): Promise<readonly Proof[]>;

  destinations(): Promise<readonly DestinationStatus[]>;
  destination(name: string): Promise<DestinationStatus | null>;
  pauseDestination(name: string): Promise<DestinationStatus>;
  /** Ends a pause; a blocked destination is probed at once. */
  resumeDestination(name: string): Promise<DestinationStatus>;
  /** A person says that it was emptied or replaced: what was proven there so far is not looked for any more before something is sent. Its proofs stay. */
  renewDestination(name: string): Promise<DestinationStatus>;
  /** What a destination is known by: its place, where one was remembered, and what is proven there and was not replaced since, the newest first. Nothing from before a renewal. */
  knownPlace(name: string, page: { readonly limit: number }): Promise<KnownPlace>;
  /** Which place it is, until another one is remembered or the destination is renewed. */
  rememberPlace(name: string, place: string): Promise<void>;
  /** Nothing is claimed any more, anywhere, until it is resumed; what runs goes on. */
  pauseQueue(): Promise<QueueStatus>;
  resumeQueue(): Promise<QueueStatus>;
  queueStatus(): Promise<QueueStatus>;
  /** A blocked destination whose probe is due, given to this caller alone for `leaseMs`. */
  claimProbe(request: { readonly leaseMs: number }): Promise<DueProbe | null>;
  settleProbe(name: string, outcome: ProbeOutcome): Promise<{ readonly status: DestinationStatus; readonly requeued: number }>;

  /** One step of retention; call it again while `more`. Nothing that still proves something goes. */
  prune(request: PruneRequest): Promise<PruneResult>;

  /** Milliseconds until something is due that nothing else announces: a waiting job or a probe. null: nothing waits. */
  nextDueInMs(): Promise<number | null>;
  /** Whether any job still wants to reach a destination that is not paused; no, while the queue is. */
  hasActive(): Promise<boolean>;
  /** Calls `listener` when something may have changed, from any process. A hint only: it may be missed or spurious. */
  watch(listener: () => void): Disposable;
}
