import type { VerifyReport } from '../verify/verifier.ts';
import type { WorkerEnv } from '../worker/worker-env.ts';
import type { WorkerPorts } from '../worker/worker-ports.ts';
import type { SourceFiles } from './files/source-files.ts';
import type { JournalShelf } from './journal.ts';
import type { DestinationRule, ReclaimPolicy } from './reclaim-policy.ts';

/** Every moment at which a reaper may die: what is on the disk then must be enough for the next one. In their order; the middle ones repeat. */
export const RECLAIM_STEPS = ['begun', 'checked', 'left-behind', 'journal', 'intended', 'batch', 'removed', 'noted', 'folders', 'ended'] as const;

export type ReclaimStep = (typeof RECLAIM_STEPS)[number];

/** Reads all of a result at its destination now, and records the proof: `Verifier.verify` with the occasion `reclaim`. */
export type LastCheck = (jobId: string, signal: AbortSignal) => Promise<VerifyReport>;

/** Everything a reaper takes from outside. */
export interface ReaperPorts extends WorkerPorts {
  readonly reclaim: ReclaimPolicy;
  readonly journals: JournalShelf;
  /** What a destination asks for besides; default: nothing. */
  readonly rules?: (destination: string) => Promise<DestinationRule>;
  /** Default: this machine's. */
  readonly files?: SourceFiles;
  /** Default: a Verifier with the same ports. */
  readonly lastCheck?: LastCheck;
  /** For tests of crashes: what it throws ends the reclaim there and then, as a kill would. */
  readonly afterStep?: (step: ReclaimStep) => void | Promise<void>;
  readonly timing?: Partial<ReaperTiming>;
}

/** Milliseconds. */
export interface ReaperTiming {
  /** How often the reaper looks for sources that may be freed. */
  readonly sweepMs: number;
  /** A source that may not be freed is looked at again after this, or when its time has come. */
  readonly againMs: number;
  /** Where proofs are missing, the next is made so long after the one before. */
  readonly proveApartMs: number;
  /** A last check counts for so long after it, or for as long as it took, whichever is longer, by either clock; then it is made again. */
  readonly freshMs: number;
  /** Files that are intended, deleted and noted at a time. */
  readonly batch: number;
  /** No more than so many bytes at a time, unless one file alone has more. */
  readonly batchBytes: number;
}

export const DEFAULT_REAPER_TIMING: ReaperTiming = { sweepMs: 10 * 60_000, againMs: 60 * 60_000, proveApartMs: 60 * 60_000, freshMs: 10 * 60_000, batch: 256, batchBytes: 1 << 30 };

/** The ports with every default filled in. */
export interface ReaperEnv extends WorkerEnv {
  /** Another object where other settings hold from then on, also for what is under way. */
  reclaim: ReclaimPolicy;
  readonly journals: JournalShelf;
  readonly rules: (destination: string) => Promise<DestinationRule>;
  readonly files: SourceFiles;
  readonly lastCheck: LastCheck;
  readonly afterStep: (step: ReclaimStep) => void | Promise<void>;
  readonly timing: ReaperTiming;
}
