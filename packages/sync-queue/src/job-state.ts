import { IllegalTransitionError } from '@longhaul/errors';

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

/** Where a job may go from each state, and when: every row of the table of design §5.5. What is not here is an error. */
export const TRANSITIONS: Readonly<Record<JobState, Readonly<Partial<Record<JobState, string>>>>> = {
  QUEUED: { RUNNING: 'claimed', CANCELLED: 'by a person' },
  RUNNING: { AWAITING_VERIFY: 'pushed', QUEUED: 'to be tried again', FAILED: 'by the retry policy', CANCELLED: 'by a person' },
  AWAITING_VERIFY: {
    VERIFIED: 'proven and published',
    QUEUED: 'what arrived is not what was sealed, or the source changed',
    FAILED: 'by the retry policy',
    CANCELLED: 'by a person',
  },
  VERIFIED: { CLEANUP_ELIGIBLE: 'reclaim is wanted', QUEUED: 'audit found damage: repair', CANCELLED: 'by a person' },
  CLEANUP_ELIGIBLE: { CLEANED: 'all interlocks held', VERIFIED: 'an interlock no longer holds', CANCELLED: 'by a person' },
  CLEANED: {},
  FAILED: { QUEUED: 'retry by a person, or recovery of the destination', CANCELLED: 'by a person' },
  CANCELLED: { QUEUED: 'retry by a person' },
};

/** States in which a job still wants to reach its destination: one such job per source, destination and final name. */
export const ACTIVE_STATES: readonly JobState[] = ['QUEUED', 'RUNNING', 'AWAITING_VERIFY'];

/** Whether the table has this transition. */
export function canTransition(from: JobState, to: JobState): boolean {
  return TRANSITIONS[from][to] !== undefined;
}

/** @throws IllegalTransitionError where the table has no such transition. */
export function assertTransition(jobId: string, from: JobState, to: JobState): void {
  if (!canTransition(from, to)) throw new IllegalTransitionError(jobId, from, to, { hint: hintFor(from) });
}

/** Whether the job still wants to reach its destination. */
export function isActive(state: JobState): boolean {
  return ACTIVE_STATES.includes(state);
}

function hintFor(from: JobState): string {
  const next = Object.keys(TRANSITIONS[from]);
  return next.length === 0 ? `${from} is final` : `from ${from} a job can become ${next.join(', ')}`;
}
