import type { LogChunk } from '../session-backend.ts';

/** Something that a reader of a log must know because output is missing, or may be. Offsets are those of the log. */
export type RunLogNotice =
  /** Older output went to keep the log below its limit (design §4.6). What this reader missed of it: from `from` up to `to`. */
  | { readonly kind: 'dropped'; readonly from: number; readonly to: number }
  /** Somebody else cut the log: what stood from `from` on is gone, up to `to`; null where nobody knows how far. */
  | { readonly kind: 'truncated'; readonly from: number; readonly to: number | null }
  /** Somebody else moved the log away. What is still written to the moved file is read there. */
  | { readonly kind: 'moved' }
  /** Another file has taken the log's place, and is read from its beginning. */
  | { readonly kind: 'replaced' }
  /**
   * Whoever hands the job's output on was away (an engine that was killed or restarted), so that some of what it printed from `from` until `to` may be
   * missing; ISO 8601, null where nobody knows. Told before what was printed later.
   */
  | { readonly kind: 'gap'; readonly from: string | null; readonly to: string | null; readonly reason: string }
  /** Not all that the job printed could be written down (a full disk); where that was, nobody knows. The last event. */
  | { readonly kind: 'incomplete'; readonly reason: string };

/** The notices that are about what never came into the log. */
export type LogLoss = Extract<RunLogNotice, { readonly kind: 'gap' | 'incomplete' }>;

/** What reading a run's log gives, in order. */
export type RunLogEvent = { readonly kind: 'output'; readonly chunk: LogChunk } | RunLogNotice;
