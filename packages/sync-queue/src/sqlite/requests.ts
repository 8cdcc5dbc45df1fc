import { IllegalTransitionError, JobConflictError } from '@longhaul/errors';
import type { Job } from '../job.ts';
import type { JobState } from '../job-state.ts';
import { assertTransition } from '../job-state.ts';
import { probeSoon } from './destination-table.ts';
import type { JobRow } from './job-row.ts';
import type { JobChanges, Note } from './job-table.ts';
import { getJob, getRow, highestGeneration, newerActive, NO_FAILURE, NO_HOLD, remark, transition, updateRow } from './job-table.ts';
import type { Tx } from './queue-database.ts';
import { isBeingReclaimed, noteMeantFor } from './reclaim-table.ts';

/** What a fresh start means: the whole budget, and the source as it is now. */
export const FRESH_BUDGET = { attempts: 0, recoveries: 0, reseals: 0, mismatches: 0, blind_repeats: 0, cancel_requested: 0, auto_requeued: 0, seal_needed: 1 } as const;

/** By a person. @throws JobNotFoundError, IllegalTransitionError, JobConflictError */
export function retry(tx: Tx, id: string): Job {
  const row = getRow(tx, id);
  if (row.due !== null || row.state === 'QUEUED') tryNow(tx, row);
  else requeueByPerson(tx, row, 'retry by a person');
  return getJob(tx, id);
}

/** FAILED, CANCELLED → QUEUED. @throws IllegalTransitionError, JobConflictError */
export function requeueByPerson(tx: Tx, row: JobRow, reason: string): void {
  if (row.state !== 'FAILED' && row.state !== 'CANCELLED') throw new IllegalTransitionError(row.id, row.state, 'QUEUED', { hint: 'Only a failed, cancelled or waiting job can be tried again' });
  probeSoon(tx, row.destination);
  requeue(tx, row, { changes: FRESH_BUDGET, note: { reason } });
}

/** Back to QUEUED, after whatever this source has sent there meanwhile. @throws JobConflictError */
export function requeue(tx: Tx, row: JobRow, { changes, note }: { readonly changes: JobChanges; readonly note: Note }): void {
  assertTransition(row.id, row.state, 'QUEUED');
  assertNoNewer(tx, row);
  noteMeantFor(tx, row.source_id, row.destination);
  const highest = highestGeneration(tx, row);
  const generation = highest > row.generation ? highest + 1 : row.generation;
  // While somebody removes its staging it waits for that: the claim needs a row that nobody holds.
  const due = row.lease_until === null ? 1 : null;
  const staging = row.staging === 'abandoned' && row.lease_until === null ? 'present' : row.staging;
  transition(tx, row, 'QUEUED', { changes: { ...NO_HOLD, ...NO_FAILURE, ...changes, generation, due, due_at: null, staging, progress: null }, note });
}

function assertNoNewer(tx: Tx, row: JobRow): void {
  const other = newerActive(tx, row);
  if (other === undefined) return;
  throw new JobConflictError(`sync job "${row.id}" cannot be tried again: job "${other.id}" sends a newer generation of the same source there`, {
    conflict: 'newer_generation',
    jobId: other.id,
    hint: `See how it stands: longhaul sync show ${other.id}`,
  });
}

/** A waiting job need not wait longer; nothing of its budget changes. While its staging is removed it waits for that all the same. */
function tryNow(tx: Tx, row: JobRow): void {
  probeSoon(tx, row.destination);
  updateRow(tx, row, row.due === null ? NO_HOLD : { ...NO_HOLD, due: 1, due_at: null });
  remark(tx, row, { reason: 'a person asked to try it now' });
}

/** By a person. @throws JobNotFoundError, IllegalTransitionError */
export function cancel(tx: Tx, id: string): { readonly kind: 'cancelled' | 'requested'; readonly job: Job } {
  const row = getRow(tx, id);
  if (row.state === 'CANCELLED') return { kind: 'cancelled', job: getJob(tx, id) };
  assertTransition(id, row.state, 'CANCELLED');
  if (row.lease_until !== null && (row.state === 'RUNNING' || row.state === 'AWAITING_VERIFY')) {
    requestCancel(tx, row);
    return { kind: 'requested', job: getJob(tx, id) };
  }
  transition(tx, row, 'CANCELLED', { changes: cancelledChanges(tx, row), note: { reason: 'cancelled by a person' } });
  return { kind: 'cancelled', job: getJob(tx, id) };
}

/** What else changes when a job becomes CANCELLED: what it has staged is of no use any more. */
export function cancelledChanges(tx: Tx, row: JobRow): JobChanges {
  const staging = row.staging === 'present' ? ({ staging: 'abandoned', staging_due_at: tx.now } as const) : {};
  // Nobody audits what nobody wants any more.
  return { ...NO_HOLD, due: null, due_at: null, cancel_requested: 0, requests: 1, next_run: null, proven_at: null, ...staging };
}

function requestCancel(tx: Tx, row: JobRow): void {
  if (row.cancel_requested === 1) return;
  // It answers every request so far; one that comes after it is asked for anew.
  updateRow(tx, row, { cancel_requested: 1, requests: 1, next_run: null });
  remark(tx, row, { reason: 'cancel requested by a person; its worker is told' });
}

const MOVABLE: readonly JobState[] = ['VERIFIED', 'CLEANUP_ELIGIBLE'];

/** A transition after VERIFIED, of a job that nobody holds. @throws JobNotFoundError, IllegalTransitionError, JobConflictError */
export function move(tx: Tx, id: string, { from, to, ...note }: Note & { readonly from: JobState; readonly to: JobState }): Job {
  const row = getRow(tx, id);
  if (row.state !== from || row.lease_until !== null || !MOVABLE.includes(from) || isBeingReclaimed(tx, id)) throw new IllegalTransitionError(id, row.state, to);
  // Repair: what is published is damaged, so that its receipt alone must not end the job again.
  if (to === 'QUEUED') requeue(tx, row, { changes: { ...FRESH_BUDGET, mismatches: 1 }, note });
  else transition(tx, row, to, { note });
  return getJob(tx, id);
}
