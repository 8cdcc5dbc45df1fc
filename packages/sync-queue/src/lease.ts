import type { RawPath, SealSource, TransferProgress } from '@longhaul/sync-transports';
import type { HoldReason, Job, JobPhase } from './job.ts';
import type { ChildProcess, Owner } from './owner.ts';

/** Names a claim. Every write of a worker carries it; when the epoch is no longer the job's, the lease is lost. */
export interface LeaseRef {
  readonly jobId: string;
  readonly epoch: number;
}

/** What a worker asks for when it is free. */
export interface ClaimRequest {
  readonly owner: Owner;
  /** How long the lease holds without a heartbeat. A duration: the store's clock decides when it ends. */
  readonly leaseMs: number;
  /** How many jobs may run at once at a destination, all workers counted. */
  readonly slots: number;
  /** Where a destination has another number than `slots`. */
  readonly slotsOf?: Readonly<Record<string, number>>;
  /** Only these destinations; all where absent. */
  readonly destinations?: readonly string[];
}

/** A job in the hands of a worker, with what the public row does not show. */
export interface ClaimedJob {
  readonly job: Job;
  readonly lease: LeaseRef;
  readonly source: SealSource;
  readonly finalName: RawPath;
  /** The seal digest whose push into the staging folder was completed; null: none, or unknown. */
  readonly stagedDigest: string | null;
  readonly sealNeeded: 'yes' | 'no';
  /** What it waited for until this claim, and for how long by the store's clock; null where it waited for nothing. */
  readonly waited: { readonly reason: HoldReason; readonly ms: number } | null;
  /** How often in a row the last kind of failure (none, or an interruption) has been answered by a plain repeat. */
  readonly blindRepeats: number;
  /** Processes that an earlier owner started and nobody has ended yet: to be ended before anything else. */
  readonly orphans: readonly ChildProcess[];
}

/** What a worker learns with each renewal. */
export interface Heartbeat {
  readonly cancel: 'requested' | 'no';
  /** How many enqueues this job stands for by now. */
  readonly requests: number;
}

/** A note in the job's history: what is about to be done, written before it is done. */
export interface Intent {
  readonly phase: JobPhase;
  readonly reason: string;
  readonly evidence?: string | null;
  readonly progress?: TransferProgress | null;
}

/** What the queue remembers of a seal; its entries lie in the archive. */
export interface SealRecord {
  readonly id: string;
  readonly sourceId: string;
  readonly digest: string;
  readonly sealedAt: string;
  readonly files: number;
  readonly bytes: number;
  /** What the destination will not hold (sockets, devices): said in the history, never skipped in silence. */
  readonly findings?: string | null;
}

/** A lease as it stands, for those who look for dead owners. */
export interface LeaseStatus {
  readonly jobId: string;
  readonly epoch: number;
  readonly owner: Owner;
  /** Milliseconds until it lapses by the store's clock; negative when it has. */
  readonly remainingMs: number;
}

/** Whose jobs to take back. */
export interface RecoverRequest {
  /** Owners that are proven dead: their jobs are taken back at once. */
  readonly dead: readonly Owner[];
  /** Leases that have lapsed: taken back, or left for now (after the machine slept, everybody's has). */
  readonly lapsed: 'recover' | 'leave';
  /** So many crashes in a row park the job (design §5.5). */
  readonly maxRecoveries: number;
}

/** A process that outlived its worker. */
export interface Orphan {
  readonly jobId: string;
  readonly process: ChildProcess;
}

/** Staging at a destination that nobody needs any more. */
export interface AbandonedStaging {
  readonly lease: LeaseRef;
  readonly destination: string;
  readonly finalName: RawPath;
}
