import type { RawPath } from '@longhaul/sync-transports';
import type { JobState } from '../job-state.ts';
import type { OpenReclaim } from './reclaim-store.ts';

/** One thing that stands between a source and its deletion. Times are milliseconds since 1970. */
export type Blocker =
  | { readonly kind: 'off' }
  | { readonly kind: 'only_asked' }
  | { readonly kind: 'disk_has_room'; readonly freeBytes: number; readonly below: number }
  | { readonly kind: 'nothing_verified' }
  | { readonly kind: 'in_hand'; readonly open: OpenReclaim }
  | { readonly kind: 'on_its_way'; readonly jobId: string; readonly destination: string; readonly state: JobState }
  | { readonly kind: 'not_there'; readonly destination: string; readonly jobId: string | null; readonly state: JobState | null }
  | { readonly kind: 'other_content'; readonly destination: string; readonly jobId: string }
  | { readonly kind: 'superseded'; readonly destination: string; readonly jobId: string }
  | { readonly kind: 'damaged'; readonly destination: string; readonly jobId: string; readonly damage: string }
  | { readonly kind: 'never_by_rule'; readonly destination: string }
  | { readonly kind: 'too_few_proofs'; readonly destination: string; readonly jobId: string; readonly have: number; readonly need: number; readonly weak: number; readonly close: number }
  | { readonly kind: 'too_young'; readonly destination: string; readonly jobId: string; readonly since: number; readonly until: number }
  | { readonly kind: 'paused'; readonly destination: string }
  | { readonly kind: 'blocked'; readonly destination: string; readonly detail: string; readonly until: number | null }
  | { readonly kind: 'overlap'; readonly jobId: string; readonly source: string; readonly state: JobState }
  /** What stands in the way of a source that shares files with this one: `source` names that. */
  | { readonly kind: 'neighbour'; readonly source: string; readonly blocker: Blocker }
  | { readonly kind: 'seal_lost'; readonly sealId: string }
  | { readonly kind: 'source_busy'; readonly detail: string }
  | { readonly kind: 'no_handles'; readonly platform: string }
  | { readonly kind: 'source_gone'; readonly detail: string }
  | { readonly kind: 'source_moved'; readonly detail: string }
  | { readonly kind: 'changed'; readonly paths: readonly RawPath[] }
  | { readonly kind: 'unreadable'; readonly paths: readonly RawPath[]; readonly detail: string }
  | { readonly kind: 'foreign_metadata'; readonly detail: string }
  | { readonly kind: 'not_configured'; readonly destination: string }
  | { readonly kind: 'no_answer'; readonly destination: string; readonly detail: string }
  | { readonly kind: 'check_failed'; readonly destination: string; readonly detail: string }
  | { readonly kind: 'check_busy'; readonly destination: string; readonly detail: string }
  /** `paths`: what of the source it shows; empty: all of it. */
  | { readonly kind: 'same_place'; readonly destination: string; readonly paths: readonly RawPath[] }
  | { readonly kind: 'one_copy'; readonly destination: string; readonly other: string; readonly jobId: string }
  /** `path`: the folder, for people; `source` and `host`: of what it is the result, by its receipt. */
  | { readonly kind: 'holds_result'; readonly path: string; readonly source: string; readonly host: string }
  | { readonly kind: 'receipt_unknown'; readonly path: string; readonly detail: string }
  | { readonly kind: 'inside_destination'; readonly destination: string; readonly folder: string; readonly lies: 'in_the_source' | 'around_the_source' }
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'cannot_write'; readonly detail: string };
