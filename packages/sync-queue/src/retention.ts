/** How long finished jobs are remembered. Milliseconds. */
export interface RetentionPolicy {
  /** After this the single steps of a finished job go; its beginning, its last transition and every proof stay. null: never. */
  readonly detailsMs: number | null;
  /** After this a job goes that proves nothing any more: a newer one of the same place is proven, or it was cancelled. null: never. */
  readonly jobsMs: number | null;
}

/** One step of retention. */
export interface PruneRequest extends RetentionPolicy {
  /** A pass over all jobs begins at the earliest so long after the beginning of the last, whoever made that. */
  readonly everyMs: number;
  /** Jobs looked at in one step: a short transaction. */
  readonly limit: number;
}

/** What one step has dropped. */
export interface PruneResult {
  readonly jobs: number;
  readonly events: number;
  /** Seals that no job and no proof names any more: their files can go. */
  readonly seals: readonly string[];
  /** The pass is not at its end. */
  readonly more: boolean;
}
