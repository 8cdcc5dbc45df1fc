import type { RawPath, SealSource } from '@longhaul/sync-transports';
import type { Job, Proof } from '../job.ts';
import type { JobState } from '../job-state.ts';
import type { Owner } from '../owner.ts';

/** What the queue knows of one destination that a source was meant for. Times are milliseconds since 1970, by the store's clock. */
export interface ReclaimPlace {
  readonly destination: string;
  /** The newest job of this source there; null: its row is gone, so that nothing is known. */
  readonly job: Job | null;
  readonly finalName: RawPath | null;
  /** Of that job and its present content, not older than its last publish or repair, and not void. Oldest first. */
  readonly proofs: readonly Proof[];
  readonly paused: boolean;
  readonly block: { readonly detail: string; readonly nextProbeAt: number | null } | null;
}

/** A job of another source that lies inside this one, or around it, and still needs its files. */
export interface OverlappingJob {
  readonly jobId: string;
  readonly source: string;
  readonly state: JobState;
}

/** Everything that the queue knows about freeing one source. */
export interface ReclaimFacts {
  readonly sourceId: string;
  readonly source: SealSource;
  /** Display form. */
  readonly sourcePath: string;
  /** The store's clock. */
  readonly now: number;
  /** One for each destination that this source was ever enqueued for, since it was last reclaimed. Sorted by name. */
  readonly places: readonly ReclaimPlace[];
  /** Jobs of this source that are on their way. */
  readonly active: readonly Job[];
  readonly open: OpenReclaim | null;
  /** The newest one that has ended. */
  readonly last: EndedReclaim | null;
}

/** Names the hold of one reaper on one source. */
export interface ReclaimLease {
  readonly reclaimId: string;
  readonly epoch: number;
}

/** A reclaim that was begun and has not ended: somebody does it now, or has died over it. */
export interface OpenReclaim {
  readonly lease: ReclaimLease;
  readonly sourceId: string;
  readonly source: SealSource;
  readonly sourcePath: string;
  readonly sealId: string;
  readonly jobIds: readonly string[];
  readonly owner: Owner;
  /** Milliseconds until its lease lapses; negative when it has. */
  readonly remainingMs: number;
  readonly begunAt: string;
  /** `person`: asked for by hand, so that disk pressure and the switch for automatic reclaim do not matter. */
  readonly askedBy: ReclaimAsker;
  /** Destinations that a person has left out by name. */
  readonly without: readonly string[];
  /** Whether a file may have been deleted. */
  readonly touched: 'yes' | 'no';
}

export type ReclaimAsker = 'person' | 'reaper';

/** How a reclaim went. */
export interface EndedReclaim {
  readonly id: string;
  readonly state: 'done' | 'stopped';
  readonly sealDigest: string;
  readonly filesFreed: number;
  readonly bytesFreed: number;
  readonly reason: string;
  readonly evidence: string | null;
  readonly begunAt: string;
  readonly endedAt: string;
}

export interface BeginReclaim {
  readonly sourceId: string;
  readonly sealId: string;
  readonly sealDigest: string;
  /** The jobs whose proofs allow it: each must still be VERIFIED. */
  readonly jobIds: readonly string[];
  readonly owner: Owner;
  readonly leaseMs: number;
  readonly askedBy: ReclaimAsker;
  readonly without: readonly string[];
  /** For the history: on what proof. */
  readonly evidence: string;
}

/** `done`: nothing of the sealed files is left. `stopped`: an interlock no longer holds. */
export interface ReclaimEnd {
  readonly kind: 'done' | 'stopped';
  readonly reason: string;
  readonly evidence: string | null;
  readonly filesFreed: number;
  readonly bytesFreed: number;
  /**
   * `no`: no file was deleted, for sure, so that other content may take the place of these results again. Left out: nobody knows. A store does not
   * believe it where an earlier owner was replaced without being dead: that one may still wake up.
   */
  readonly touched?: 'no';
}

/** The result of a place that was freed here: the only copy may lie there now. */
export interface ReclaimedResult {
  readonly sealDigest: string;
  readonly reclaimId: string;
  readonly at: string;
}

/**
 * What a store keeps for reclaim (design §5.5, §5.6). One reclaim at most is open per source. Each method is one transaction;
 * those that take a {@link ReclaimLease} are fenced by its epoch and throw LeaseLostError.
 */
export interface ReclaimStore {
  /** Sources with a VERIFIED job, oldest job first, by pages. `next` is null on the last page. */
  reclaimSources(request: { readonly after: number; readonly limit: number }): Promise<{ readonly sourceIds: readonly string[]; readonly next: number | null }>;
  /** null: no job of this source is known. */
  reclaimFacts(sourceId: string): Promise<ReclaimFacts | null>;
  /** Reads all jobs that are not at rest: asked only where everything else allows it. */
  reclaimOverlaps(sourceId: string): Promise<readonly OverlappingJob[]>;
  /** Ids of the sources that lie inside this one, or around it, and were meant for something since they were last freed. There may be thousands. */
  reclaimNeighbours(sourceId: string): Promise<readonly string[]>;
  /**
   * VERIFIED → CLEANUP_ELIGIBLE for all its jobs, and the lease. `refused`: a job has moved, one of this source (or of one
   * that overlaps it) needs its files, or somebody is at it already.
   */
  beginReclaim(request: BeginReclaim): Promise<{ readonly kind: 'begun'; readonly lease: ReclaimLease } | { readonly kind: 'refused'; readonly reason: string }>;
  /** Takes over what another has begun, where its owner is dead or its lease has lapsed; null: it lives, or has ended. */
  takeOverReclaim(request: { readonly lease: ReclaimLease; readonly owner: Owner; readonly leaseMs: number; readonly dead: readonly Owner[] }): Promise<ReclaimLease | null>;
  /** `withdrawn`: a person has cancelled one of its jobs, an audit found damage, or the source is being sent anew. @throws LeaseLostError */
  renewReclaim(lease: ReclaimLease, renewal: { readonly leaseMs: number }): Promise<'held' | 'withdrawn'>;
  /**
   * Written before the first file goes: from now on nothing may take the place of these results. `unproven`: one of its jobs has no
   * proof by content since the reclaim began, or is withdrawn; nothing may be deleted. @throws LeaseLostError
   */
  intendReclaim(lease: ReclaimLease): Promise<'intended' | 'unproven'>;
  /** CLEANUP_ELIGIBLE → CLEANED, or back to VERIFIED. @throws LeaseLostError */
  endReclaim(lease: ReclaimLease, end: ReclaimEnd): Promise<void>;
  /** Lets go without an end, and deletes nothing any more: the next reaper goes on. @throws LeaseLostError */
  releaseReclaim(lease: ReclaimLease): Promise<void>;
  openReclaims(): Promise<readonly OpenReclaim[]>;
  /** Whether a result was freed here, so that another content under its name would take the place of the only copy; not where the same content was sealed here and proven there since. */
  reclaimedResult(place: { readonly sourceId: string; readonly destination: string; readonly finalName: RawPath }): Promise<ReclaimedResult | null>;
}
