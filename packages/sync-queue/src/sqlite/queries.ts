import type { Job, JobEvent, Proof } from '../job.ts';
import type { JobPage, ListRequest } from '../job-filter.ts';
import type { JobState } from '../job-state.ts';
import { JOB_STATES } from '../job-state.ts';
import type { DestinationPart, JobRow } from './job-row.ts';
import { iso, isoOrNull, SELECT_JOB, toJob } from './job-row.ts';
import { getRow } from './job-table.ts';
import type { Tx } from './queue-database.ts';
import { isPaused } from './queue-status.ts';

/** Reads are short: a reader that stays keeps the log from being reused. */
const MAX_PAGE = 500;
const DEFAULT_PAGE = 100;

type ShownRow = JobRow & DestinationPart;

export function list(tx: Tx, request: ListRequest): JobPage {
  const limit = pageSize(request.limit);
  const rows = newestRows(tx, request, limit + 1);
  const page = rows.slice(0, limit);
  return { jobs: page.map((row) => toJob(row, tx.now)), nextCursor: rows.length > limit ? String(page.at(-1)?.seq) : null };
}

/**
 * State by state, each in the order of its index, and then put together: of several states at once SQLite would sort every row that
 * matches, a second at a hundred thousand.
 */
function newestRows(tx: Tx, request: ListRequest, limit: number): readonly ShownRow[] {
  const { states, destination, sourceId, runId, idPrefix, session, source } = request;
  const few = [sourceId, runId, idPrefix, session, source].some((given) => given !== undefined);
  if (few || (states === undefined && destination === undefined)) return select(tx, request, limit);
  const pages = (states ?? JOB_STATES).map((state) => select(tx, { ...request, states: [state] }, limit));
  return pages.flat().sort((a, b) => b.seq - a.seq).slice(0, limit);
}

function select(tx: Tx, request: ListRequest, limit: number): ShownRow[] {
  const { conditions, values } = conditionsOf(request, limit);
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
  return tx.sql(`${SELECT_JOB}${where} ORDER BY j.seq DESC LIMIT ?`).all(...values, limit) as ShownRow[];
}

function pageSize(limit = DEFAULT_PAGE): number {
  return Math.min(MAX_PAGE, Math.max(1, Math.floor(limit)));
}

function conditionsOf(request: ListRequest, limit: number): { readonly conditions: readonly string[]; readonly values: readonly unknown[] } {
  const { states, destination, sourceId, source, session, runId, ids, idPrefix, cursor } = request;
  const equal = { destination, source_id: sourceId, source, session, run_id: runId };
  const given = Object.entries(equal).filter(([, value]) => value !== undefined);
  const conditions = given.map(([column]) => `j.${column} = ?`);
  const values: unknown[] = given.map(([, value]) => value);
  if (states !== undefined) {
    conditions.push(`j.state IN (${states.map(() => '?').join(', ')})`);
    values.push(...states);
  }
  if (ids !== undefined) {
    conditions.push(`j.id IN (${ids.map(() => '?').join(', ')})`);
    values.push(...ids);
  }
  if (idPrefix !== undefined) {
    const range = [idPrefix.toUpperCase(), `${idPrefix.toUpperCase()}~`];
    // Ids are in the order of their jobs: no more than a page of them is looked at, unless something else chooses among them.
    const isOnly = conditions.length === 0 && cursor === undefined;
    conditions.push(isOnly ? 'j.seq IN (SELECT seq FROM jobs WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT ?)' : 'j.id >= ? AND j.id < ?');
    values.push(...range, ...(isOnly ? [limit] : []));
  }
  if (cursor !== undefined) {
    conditions.push('j.seq < ?');
    values.push(Number(cursor));
  }
  return { conditions, values };
}

export function counts(tx: Tx): readonly { readonly destination: string; readonly state: JobState; readonly jobs: number }[] {
  return tx.sql('SELECT destination, state, count(*) AS jobs FROM jobs GROUP BY destination, state ORDER BY destination, state').all() as {
    destination: string;
    state: JobState;
    jobs: number;
  }[];
}

interface EventRow {
  readonly cursor: number;
  readonly job_id: string;
  readonly seq: number;
  readonly at: number;
  readonly from_state: JobState | null;
  readonly to_state: JobState;
  readonly reason: string;
  readonly evidence: string | null;
  readonly epoch: number;
}

/** @throws JobNotFoundError */
export function history(tx: Tx, id: string): readonly JobEvent[] {
  getRow(tx, id);
  return (tx.sql('SELECT * FROM job_events WHERE job_id = ? ORDER BY seq').all(id) as EventRow[]).map(toEvent);
}

export function events(tx: Tx, { after, limit }: { readonly after: number; readonly limit?: number }): readonly JobEvent[] {
  return (tx.sql('SELECT * FROM job_events WHERE cursor > ? ORDER BY cursor LIMIT ?').all(after, pageSize(limit)) as EventRow[]).map(toEvent);
}

function toEvent(row: EventRow): JobEvent {
  const { cursor, job_id: jobId, seq, at, from_state: from, to_state: to, reason, evidence, epoch } = row;
  return { cursor, jobId, seq, at: iso(at), from, to, reason, evidence, epoch };
}

/** @throws JobNotFoundError */
export function proofs(tx: Tx, id: string): readonly Proof[] {
  getRow(tx, id);
  const rows = tx
    .sql(
      `SELECT job_id AS jobId, seal_id AS sealId, seal_digest AS sealDigest, destination, strength, at, files, bytes, occasion, voided_at AS voidedAt
       FROM proofs WHERE job_id = ? ORDER BY seq`,
    )
    .all(id) as (Omit<Proof, 'at' | 'voidedAt'> & { readonly at: number; readonly voidedAt: number | null })[];
  return rows.map((row) => ({ ...row, at: iso(row.at), voidedAt: isoOrNull(row.voidedAt) }));
}

export function findJob(tx: Tx, id: string): Job | null {
  const row = tx.sql(`${SELECT_JOB} WHERE j.id = ?`).get(id) as (JobRow & DestinationPart) | undefined;
  return row === undefined ? null : toJob(row, tx.now);
}

export function hasActive(tx: Tx): boolean {
  if (isPaused(tx)) return false;
  const found = tx
    .sql(
      `SELECT 1 FROM destinations d WHERE d.paused = 0 AND EXISTS (
         SELECT 1 FROM jobs INDEXED BY jobs_destination WHERE destination = d.name AND state IN ('QUEUED', 'RUNNING', 'AWAITING_VERIFY'))`,
    )
    .get();
  return found !== undefined;
}

export function nextDueInMs(tx: Tx): number | null {
  const at = tx
    .sql(
      `SELECT min(at) FROM (
         SELECT (SELECT due_at FROM jobs INDEXED BY jobs_scheduled WHERE due = 0 ORDER BY due_at LIMIT 1) AS at
         UNION ALL SELECT min(max(probe_at, coalesce(probe_lease_until, 0))) FROM destinations WHERE block_reason IS NOT NULL
         UNION ALL SELECT (SELECT staging_due_at FROM jobs INDEXED BY jobs_abandoned WHERE staging = 'abandoned' AND lease_until IS NULL ORDER BY staging_due_at LIMIT 1))`,
    )
    .pluck()
    .get() as number | null;
  return at === null ? null : Math.max(0, at - tx.now);
}
