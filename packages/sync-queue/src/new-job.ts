import type { RawPath, ReceiptRun, SealSource } from '@longhaul/sync-transports';
import type { Job } from './job.ts';

/** What is to be sent where. The source is resolved, not sealed: the worker seals it. */
export interface NewJob {
  readonly source: SealSource;
  /** Stable identity of the source, see sourceIdOf. */
  readonly sourceId: string;
  readonly destination: string;
  readonly finalName: RawPath;
  /** Which run made the data; null for a push by hand. */
  readonly run: ReceiptRun | null;
  /** Permanent: whatever becomes of the job, the same key never makes a second one (design §6). */
  readonly dedupKey: string | null;
  /** Higher goes first; 0 is usual. */
  readonly priority: number;
}

/**
 * What an enqueue did. `created`: the first job of this source, destination and final name. `newGeneration`: there were
 * earlier ones, all settled. `duplicate`: no new job; the one that stands for this request is given, and why:
 * it is on its way (`active`), the key was used before (`dedupKey`), or it had failed and is tried again (`failed`), so
 * that what it had sent already is not sent twice.
 */
export type EnqueueResult =
  | { readonly kind: 'created' | 'newGeneration'; readonly job: Job }
  | { readonly kind: 'duplicate'; readonly job: Job; readonly because: 'active' | 'dedupKey' | 'failed' };
