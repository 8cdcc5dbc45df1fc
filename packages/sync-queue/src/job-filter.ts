import type { Job } from './job.ts';
import type { JobState } from './job-state.ts';

/** Which jobs; everything given must hold. */
export interface JobFilter {
  readonly states?: readonly JobState[];
  readonly destination?: string;
  readonly sourceId?: string;
  /** Real path of the source, display form. */
  readonly source?: string;
  readonly session?: string;
  readonly runId?: string;
  /** Only these; as many as a page holds, please. */
  readonly ids?: readonly string[];
  /** Jobs whose id begins so; ids are upper case. */
  readonly idPrefix?: string;
}

/** A page of jobs, newest first. */
export interface ListRequest extends JobFilter {
  /** At most 500, default 100: reads are short. */
  readonly limit?: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

/** `nextCursor` is null on the last page. */
export interface JobPage {
  readonly jobs: readonly Job[];
  readonly nextCursor: string | null;
}
