import type { RawPath, SealSource } from '@longhaul/sync-transports';
import type { Job, ProofOccasion } from './job.ts';
import type { NewProof } from './outcome.ts';
import type { Owner } from './owner.ts';

/** How much the rolling audit may do, and how old a proof may become (design §5.6). */
export interface AuditBudget {
  /** A result whose last proof is younger is left alone. Milliseconds. */
  readonly everyMs: number;
  /** So much is begun within 24 hours, over all destinations and processes; null: no limit. A result that is larger than all of it is audited alone. */
  readonly maxFilesPerDay: number | null;
  readonly maxBytesPerDay: number | null;
}

/** Which result to look at: the one that was proven longest ago, or the one a person or the reaper names. */
export type VerifyTarget =
  | { readonly occasion: 'audit'; readonly budget: AuditBudget; readonly destinations?: readonly string[] }
  | { readonly occasion: 'verify' | 'reclaim'; readonly jobId: string };

export interface VerifyPassRequest {
  readonly owner: Owner;
  /** How long the pass is this owner's without a renewal. */
  readonly leaseMs: number;
  readonly target: VerifyTarget;
}

/** Names a verify pass in force. */
export interface VerifyPassRef {
  readonly jobId: string;
  readonly pass: number;
}

/**
 * What was done about damage. `requeue`: the local copy is still what was sealed, so the job sends it again. `mended`: another destination's copy, proven to
 * be what was sealed, was put in its place in this very pass. `stay`: a person must act.
 */
export type Repair = { readonly kind: 'requeue' } | { readonly kind: 'mended'; readonly from: string; readonly proof: NewProof } | { readonly kind: 'stay'; readonly why: string };

/** A result to be looked at, by this owner alone. No slot is taken for it: pushes never wait for a verify pass. */
export interface ClaimedVerifyPass {
  readonly ref: VerifyPassRef;
  /** Fencing number for a repair in this pass: higher than that of every claim before. */
  readonly epoch: number;
  readonly job: Job;
  readonly source: SealSource;
  readonly finalName: RawPath;
  readonly occasion: Exclude<ProofOccasion, 'publish'>;
}

/** `none`: no audit is due, or the budget is spent. `busy`: another process looks at this job just now. `not_there`: nothing of this job is published. */
export type VerifyPassClaim =
  | { readonly kind: 'claimed'; readonly pass: ClaimedVerifyPass }
  | { readonly kind: 'none' }
  | { readonly kind: 'busy'; readonly owner: Owner }
  | { readonly kind: 'not_there'; readonly job: Job };

/** How a verify pass ends. */
export type VerifyPassOutcome =
  /** The destination holds what was sealed. */
  | { readonly kind: 'proven'; readonly proof: NewProof; readonly evidence: string }
  /** It does not, or did not when it was looked at. All proofs so far are void. */
  | { readonly kind: 'damaged'; readonly evidence: string; readonly repair: Repair }
  /** It could not be asked: neither proof nor damage. An audit comes back after `delayMs`. */
  | { readonly kind: 'unknown'; readonly evidence: string; readonly delayMs: number }
  /** A newer generation has taken its place. */
  | { readonly kind: 'superseded'; readonly evidence: string };
