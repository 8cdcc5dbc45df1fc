import type { HashsumProgress, TransferProgress } from '@longhaul/sync-transports';
import type { Job, ProofOccasion } from '../job.ts';
import type { JobState } from '../job-state.ts';
import type { ReclaimOutcome } from '../reclaim/reclaim-run.ts';
import type { VerifyPassOutcome } from '../verify-pass.ts';

/** What a worker tells while it works. The queue's history is the record; these are for a screen. */
export type WorkerEvent =
  | { readonly type: 'jobStarted'; readonly job: Job }
  | ({ readonly type: 'sealing'; readonly jobId: string } & HashsumProgress)
  | { readonly type: 'progress'; readonly jobId: string; readonly progress: TransferProgress }
  | ({ readonly type: 'verifying'; readonly jobId: string } & HashsumProgress)
  | { readonly type: 'transition'; readonly job: Job; readonly from: JobState; readonly reason: string }
  /** A published result is looked at again (design §5.6); `verifying` tells how far it is. */
  | { readonly type: 'verifyPassStarted'; readonly job: Job; readonly occasion: ProofOccasion }
  | { readonly type: 'verifyPassEnded'; readonly job: Job; readonly occasion: ProofOccasion; readonly outcome: VerifyPassOutcome }
  /** A local copy is being freed (design §5.6). */
  | { readonly type: 'reclaimStarted'; readonly source: string; readonly reclaimId: string }
  | { readonly type: 'reclaimEnded'; readonly source: string; readonly reclaimId: string; readonly outcome: ReclaimOutcome; readonly summary: string }
  | { readonly type: 'leaseLost'; readonly jobId: string }
  | { readonly type: 'recovered'; readonly jobs: readonly Job[] }
  | { readonly type: 'orphanEnded'; readonly jobId: string; readonly pid: number }
  | { readonly type: 'destinationDown'; readonly destination: string; readonly reason: 'breaker' | 'no_space'; readonly detail: string; readonly probeInMs: number }
  | { readonly type: 'destinationUp'; readonly destination: string; readonly requeued: number }
  /** Retention has dropped what is old and proves nothing. */
  | { readonly type: 'pruned'; readonly jobs: number; readonly events: number; readonly seals: number }
  /** Something went wrong that is no job's outcome; the worker goes on. */
  | { readonly type: 'problem'; readonly error: unknown; readonly jobId: string | null };

export type WorkerListener = (event: WorkerEvent) => void;

/** Tells all listeners. */
export class WorkerEvents {
  readonly #listeners = new Set<WorkerListener>();

  /** Returns what takes the listener off again. */
  on(listener: WorkerListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  emit(event: WorkerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
