import type { TransferProgress } from '@longhaul/sync-transports';
import type { DestinationBlock } from './destination-status.ts';
import type { Failure } from './failure.ts';
import type { HoldReason, Proof } from './job.ts';

/** What a worker says of a proof; the store knows the rest. */
export type NewProof = Pick<Proof, 'sealId' | 'sealDigest' | 'strength' | 'files' | 'bytes'>;

interface OutcomeBase {
  /** For the history: why. */
  readonly reason: string;
  readonly evidence?: string | null;
  /** The last progress, so that the final value is never lost. */
  readonly progress?: TransferProgress | null;
}

/** RUNNING → AWAITING_VERIFY. The lease stays: the same worker goes on to verify. */
export interface PushedOutcome extends OutcomeBase {
  readonly kind: 'pushed';
  /** `staged`: the push into the staging folder is complete. `published`: the destination holds this content already. */
  readonly where: 'staged' | 'published';
}

/** Let go, to be tried again. The state is QUEUED, or stays AWAITING_VERIFY where only the verify is to be repeated. */
export interface AgainOutcome extends OutcomeBase {
  readonly kind: 'again';
  readonly to: 'QUEUED' | 'AWAITING_VERIFY';
  readonly delayMs: number;
  readonly hold: HoldReason | null;
  readonly holdDetail?: string | null;
  readonly charge: 'attempt' | 'nothing';
  /** What the repeat is for: counted, because each is allowed only so often. */
  readonly counts?: 'reseal' | 'mismatch' | 'blind';
  readonly failure?: Failure;
  /** The destination is blocked in the same transaction. */
  readonly block?: DestinationBlock;
}

/** → FAILED until a person retries, or until the destination that refused it answers again. */
export interface FailedOutcome extends OutcomeBase {
  readonly kind: 'failed';
  readonly failure: Failure;
  readonly charge: 'attempt' | 'nothing';
  readonly whenDestinationAnswers: 'requeue' | 'stay';
  readonly block?: DestinationBlock;
}

/** → CANCELLED, by a person. */
export interface CancelledOutcome extends OutcomeBase {
  readonly kind: 'cancelled';
}

/** AWAITING_VERIFY → VERIFIED, with the proof, in one transaction. */
export interface VerifiedOutcome extends OutcomeBase {
  readonly kind: 'verified';
  readonly proof: NewProof;
  /** When the reading for the proof began, by the store's clock: it holds from then on. Left out: it is not known to be older than the outcome. */
  readonly readFrom?: number;
  /** `left`: something of this job may still lie in the staging folder. */
  readonly staging: 'removed' | 'left';
  /** So many enqueues are answered by this result; where there were more, a new generation follows. */
  readonly covers: number;
}

/** How a worker's hold on a job ends (all but `pushed`). */
export type Outcome = PushedOutcome | AgainOutcome | FailedOutcome | CancelledOutcome | VerifiedOutcome;
