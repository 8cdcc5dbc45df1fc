import { JobNotFoundError, LeaseLostError } from '@longhaul/errors';
import type { Job } from '../job.ts';
import type { JobState } from '../job-state.ts';
import { assertTransition } from '../job-state.ts';
import type { LeaseRef } from '../lease.ts';
import type { DestinationPart, JobRow } from './job-row.ts';
import { SELECT_JOB, toJob } from './job-row.ts';
import type { Tx } from './queue-database.ts';

/** Longer evidence is cut in the history: the tool's whole output is in the log of the worker. */
const MAX_EVIDENCE = 8_192;

export type JobChanges = Partial<Omit<JobRow, 'seq' | 'id' | 'updated_at'>>;

/** Why a row changes, for its history. */
export interface Note {
  readonly reason: string;
  readonly evidence?: string | null | undefined;
}

/** Written when nobody holds a job any longer. */
export const RELEASED = { owner: null, lease_until: null, phase: null } as const;

/** Takes every reason to wait off a row. */
export const NO_HOLD = { hold: null, hold_detail: null, hold_since: null } as const;

/** Takes the last failure off a row; it stays in the history. */
export const NO_FAILURE = { error_kind: null, last_error: null, evidence: null, hint: null, requeue_when_answers: 0 } as const;

export function findRow(tx: Tx, id: string): JobRow | undefined {
  return tx.sql('SELECT * FROM jobs WHERE id = ?').get(id) as JobRow | undefined;
}

/** @throws JobNotFoundError */
export function getRow(tx: Tx, id: string): JobRow {
  const row = findRow(tx, id);
  if (row === undefined) throw new JobNotFoundError(id);
  return row;
}

/** The row while the claim named by `lease` is in force. @throws LeaseLostError */
export function heldRow(tx: Tx, { jobId, epoch }: LeaseRef): JobRow {
  const row = tx.sql("SELECT * FROM jobs WHERE id = ? AND epoch = ? AND lease_until IS NOT NULL AND state IN ('RUNNING', 'AWAITING_VERIFY')").get(jobId, epoch);
  if (row === undefined) throw new LeaseLostError(jobId, { context: { epoch } });
  return row as JobRow;
}

/** @throws JobNotFoundError */
export function getJob(tx: Tx, id: string): Job {
  const row = tx.sql(`${SELECT_JOB} WHERE j.id = ?`).get(id) as (JobRow & DestinationPart) | undefined;
  if (row === undefined) throw new JobNotFoundError(id);
  return toJob(row, tx.now);
}

/** Writes columns. Only called with a row that was read in this very transaction. */
export function updateRow(tx: Tx, row: JobRow, changes: JobChanges): void {
  const columns = Object.keys(changes) as (keyof JobChanges)[];
  const assignments = [...columns, 'updated_at'].map((column) => `${column} = ?`).join(', ');
  tx.sql(`UPDATE jobs SET ${assignments} WHERE seq = ?`).run(...columns.map((column) => changes[column]), tx.now, row.seq);
}

/** Changes the state by the table of transitions, and writes its history row. @throws IllegalTransitionError */
export function transition(tx: Tx, row: JobRow, to: JobState, { changes = {}, note }: { readonly changes?: JobChanges; readonly note: Note }): void {
  assertTransition(row.id, row.state, to);
  updateRow(tx, row, { ...changes, state: to });
  addEvent(tx, { jobId: row.id, from: row.state, to, epoch: changes.epoch ?? row.epoch, ...note });
}

/** A line of history without a change of state. */
export function remark(tx: Tx, row: JobRow, note: Note): void {
  addEvent(tx, { jobId: row.id, from: row.state, to: row.state, epoch: row.epoch, ...note });
}

interface NewEvent extends Note {
  readonly jobId: string;
  readonly from: JobState | null;
  readonly to: JobState;
  readonly epoch: number;
}

export function addEvent(tx: Tx, event: NewEvent): void {
  const evidence = event.evidence ?? null;
  tx.sql(
    `INSERT INTO job_events (job_id, seq, at, from_state, to_state, reason, evidence, epoch)
     VALUES (?, (SELECT coalesce(max(seq), 0) + 1 FROM job_events WHERE job_id = ?), ?, ?, ?, ?, ?, ?)`,
  ).run(event.jobId, event.jobId, tx.now, event.from, event.to, event.reason, evidence?.slice(0, MAX_EVIDENCE) ?? null, event.epoch);
}

/** The other jobs of the same source, destination and final name. */
export function newerActive(tx: Tx, row: JobRow): JobRow | undefined {
  return tx
    .sql(
      `SELECT * FROM jobs WHERE source_id = ? AND destination = ? AND final_name = ? AND seq <> ?
       AND state IN ('QUEUED', 'RUNNING', 'AWAITING_VERIFY')`,
    )
    .get(row.source_id, row.destination, row.final_name, row.seq) as JobRow | undefined;
}

/** The highest generation that this source has had at this place; 0: none. */
export function highestGeneration(tx: Tx, place: Pick<JobRow, 'source_id' | 'destination' | 'final_name'>): number {
  const { source_id, destination, final_name } = place;
  return tx
    .sql('SELECT coalesce(max(generation), 0) AS highest FROM jobs WHERE source_id = ? AND destination = ? AND final_name = ?')
    .pluck()
    .get(source_id, destination, final_name) as number;
}
