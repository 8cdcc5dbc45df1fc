import { ErrorCode } from './error-code.ts';
import type { LonghaulErrorOptions } from './longhaul-error.ts';
import { SyncError } from './sync-error.ts';

/** An error of the durable queue. */
export class QueueError extends SyncError {}

/** No job has this id. */
export class JobNotFoundError extends QueueError {
  readonly jobId: string;

  constructor(jobId: string, options: LonghaulErrorOptions = {}) {
    const hint = options.hint ?? 'See the jobs that are there: longhaul sync list';
    super(`sync job "${jobId}" was not found`, { ...options, code: ErrorCode.JOB_NOT_FOUND, hint, context: { jobId, ...options.context } });
    this.jobId = jobId;
  }
}

/** The table of states has no such transition (design §5.5). */
export class IllegalTransitionError extends QueueError {
  readonly jobId: string;
  readonly from: string;
  readonly to: string;

  constructor(jobId: string, from: string, to: string, options: LonghaulErrorOptions = {}) {
    super(`sync job "${jobId}" is ${from} and cannot become ${to}`, {
      ...options,
      code: ErrorCode.ILLEGAL_TRANSITION,
      context: { jobId, from, to, ...options.context },
    });
    this.jobId = jobId;
    this.from = from;
    this.to = to;
  }
}

/** Another worker has claimed the job since: what this one still does must have no effect, and its transfer is ended at once. */
export class LeaseLostError extends QueueError {
  readonly jobId: string;

  constructor(jobId: string, options: LonghaulErrorOptions = {}) {
    super(`the lease on sync job "${jobId}" is lost: another worker holds it, or it was cancelled`, {
      ...options,
      code: ErrorCode.LEASE_LOST,
      context: { jobId, ...options.context },
    });
    this.jobId = jobId;
  }
}

/** Why the store of the queue cannot be used. */
export type QueueStoreProblem = 'corrupt' | 'schema_too_new' | 'network_file_system' | 'sqlite_too_old' | 'busy' | 'full' | 'unreadable' | 'closed';

/** Options of {@link QueueStoreError}. */
export interface QueueStoreErrorOptions extends LonghaulErrorOptions {
  readonly problem: QueueStoreProblem;
  /** The file of the queue, where there is one. */
  readonly path?: string | undefined;
}

/** The store of the queue cannot be used as it is; it was not changed. */
export class QueueStoreError extends QueueError {
  readonly problem: QueueStoreProblem;
  readonly path: string | null;

  constructor(message: string, options: QueueStoreErrorOptions) {
    const { problem, path = null } = options;
    super(message, { ...options, code: ErrorCode.QUEUE_STORE, context: { problem, path, ...options.context } });
    this.problem = problem;
    this.path = path;
  }
}

/** Which two things cannot both be. */
export type JobConflict = 'destination_name' | 'newer_generation' | 'already_active' | 'incoming_epoch';

/** Options of {@link JobConflictError}. */
export interface JobConflictErrorOptions extends LonghaulErrorOptions {
  readonly conflict: JobConflict;
  readonly jobId?: string | undefined;
}

/** Two jobs want one thing: another host published the same final name, or a newer generation of the source is active. */
export class JobConflictError extends QueueError {
  readonly conflict: JobConflict;
  readonly jobId: string | null;

  constructor(message: string, options: JobConflictErrorOptions) {
    const { conflict, jobId = null } = options;
    super(message, { ...options, code: ErrorCode.JOB_CONFLICT, context: { conflict, jobId, ...options.context } });
    this.conflict = conflict;
    this.jobId = jobId;
  }
}
