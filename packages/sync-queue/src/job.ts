import type { TransportErrorKind } from '@longhaul/errors';
import type { HashsumProgress, ProofStrength, ReceiptRun, SourceFilter, TransferProgress } from '@longhaul/sync-transports';
import type { JobState } from './job-state.ts';
import type { Owner } from './owner.ts';

/** Why a QUEUED job waits although it is nobody's turn to fail (design §5.4, §5.5). */
export type HoldReason = 'backoff' | 'bandwidth' | 'breaker' | 'no_space' | 'paused' | 'source_busy' | 'source_changed';

/** What a leased job does right now; for people, and so that a history says what was under way at a crash. */
export type JobPhase = 'sealing' | 'pushing' | 'verifying' | 'publishing';

/** How far a phase is that reads and sends nothing. */
export interface HashingProgress extends HashsumProgress {
  readonly phase: Extract<JobPhase, 'sealing' | 'verifying'>;
}

/** One seal on its way to one destination; a row of the durable queue. Times are ISO 8601, UTC. */
export interface Job {
  readonly id: string;
  readonly state: JobState;
  /** Real path of the source, display form. */
  readonly source: string;
  /** What of it is asked for; null: everything that no `.longhaulignore` in it leaves out. */
  readonly filter: SourceFilter | null;
  readonly sourceId: string;
  readonly destination: string;
  /** Display form; fixed at enqueue. */
  readonly finalName: string;
  readonly generation: number;
  /** null until the source is sealed. */
  readonly sealId: string | null;
  readonly sealDigest: string | null;
  readonly bytesTotal: number | null;
  readonly filesTotal: number | null;
  readonly progress: TransferProgress | null;
  /** How far the hashing is, here or there; null in other phases, and before it is known. */
  readonly hashing: HashingProgress | null;
  /** Attempts charged against the policy. */
  readonly attempts: number;
  /** Recoveries after a crash, counted apart; three in a row park the job. */
  readonly recoveries: number;
  /** Seals taken because the source changed; five at most. */
  readonly reseals: number;
  /** Repeats after a hash mismatch; one at most. */
  readonly mismatches: number;
  /** Fencing number of the last claim: grows with every claim in this queue. 0: never claimed. */
  readonly epoch: number;
  readonly owner: Owner | null;
  readonly leaseUntil: string | null;
  readonly hold: HoldReason | null;
  readonly holdDetail: string | null;
  /** What a worker does with it right now; null while nobody holds it. */
  readonly phase: JobPhase | null;
  /** A person cancelled it while a worker held it: it is CANCELLED as soon as the worker has let go. */
  readonly cancelRequested: boolean;
  /** When a waiting job may be tried next; null: as soon as a worker is free. */
  readonly nextAttemptAt: string | null;
  readonly errorKind: TransportErrorKind | null;
  /** Says which program and where, or what the tool printed. */
  readonly lastError: string | null;
  readonly evidence: string | null;
  readonly hint: string | null;
  readonly run: ReceiptRun | null;
  readonly priority: number;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly verifiedAt: string | null;
  /** When the destination was last proven to hold it under its final name; null: never, or a newer generation has taken its place. */
  readonly provenAt: string | null;
  /** What a verify pass found wrong at the destination and nothing has mended yet; null: nothing known. */
  readonly damage: string | null;
}

/** A row of a job's history: one transition (or remark), its reason and evidence. */
export interface JobEvent {
  /** Grows over all jobs of the queue, never reused: read on from here. */
  readonly cursor: number;
  readonly jobId: string;
  readonly seq: number;
  readonly at: string;
  readonly from: JobState | null;
  readonly to: JobState;
  readonly reason: string;
  readonly evidence: string | null;
  /** Of the claim that was in force; 0 where none was. */
  readonly epoch: number;
}

/**
 * What a pass over the destination was made for: `publish`, right before the result took its final name; `audit`, the rolling audit;
 * `verify`, asked for by a person; `reclaim`, the last check before a local copy is deleted.
 */
export type ProofOccasion = 'publish' | 'audit' | 'verify' | 'reclaim';

/** A record that a destination held the sealed content (design §1). */
export interface Proof {
  readonly jobId: string;
  readonly sealId: string;
  readonly sealDigest: string;
  readonly destination: string;
  readonly strength: ProofStrength;
  readonly at: string;
  readonly files: number;
  readonly bytes: number;
  readonly occasion: ProofOccasion;
  /** A later pass found damage there: kept for the record, and proves nothing any more. null: it counts. */
  readonly voidedAt: string | null;
}
