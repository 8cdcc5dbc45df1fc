/** The states of a sync job, as a table and its union type (design §5.5). */
export const JOB_STATES = [
  'QUEUED',
  'RUNNING',
  'AWAITING_VERIFY',
  'VERIFIED',
  'CLEANUP_ELIGIBLE',
  'CLEANED',
  'FAILED',
  'CANCELLED',
] as const;

export type JobState = (typeof JOB_STATES)[number];
