import { displayPath, isSameFilter } from '@longhaul/sync-transports';
import type { ReceiptRun } from '@longhaul/sync-transports';
import type { EnqueueResult, NewJob } from '../new-job.ts';
import { ensureDestination } from './destination-table.ts';
import type { JobRow } from './job-row.ts';
import { parseSource, sourceJson, sourcePath } from './job-row.ts';
import { addEvent, getJob, highestGeneration, remark, updateRow } from './job-table.ts';
import type { Tx } from './queue-database.ts';
import { noteMeantFor } from './reclaim-table.ts';
import { requeueByPerson } from './requests.ts';

/** Decides by key, then by what is active at the same place, then by what failed there. */
export function enqueue(tx: Tx, request: NewJob): EnqueueResult {
  const known = request.dedupKey === null ? undefined : jobOfKey(tx, request.dedupKey);
  if (known !== undefined) return { kind: 'duplicate', job: getJob(tx, known), because: 'dedupKey' };
  ensureDestination(tx, request.destination);
  const latest = latestOfPlace(tx, request);
  if (latest?.state === 'QUEUED' || latest?.state === 'RUNNING' || latest?.state === 'AWAITING_VERIFY') return joinActive(tx, latest, request);
  // Its staging holds what was sent already. A request with a key of its own needs a job of its own.
  if (latest?.state === 'FAILED' && request.dedupKey === null) return tryAgain(tx, latest, request);
  const id = insertJob(tx, request);
  remember(tx, request.dedupKey, id);
  return { kind: latest === undefined ? 'created' : 'newGeneration', job: getJob(tx, id) };
}

/** A job of the same source and place after `row`, because enqueues came that its result does not answer. */
export function enqueueFollowUp(tx: Tx, row: JobRow): void {
  const run = row.next_run ?? row.run;
  const source_json = row.next_source ?? row.source_json;
  insertRow(tx, { ...row, run, source_json, priority: row.priority, generation: highestGeneration(tx, row) + 1 }, `enqueued again while generation ${row.generation} was on its way`);
}

/** After a job became CANCELLED that somebody had enqueued again since the cancel was asked for: that request is still to be met. */
export function enqueueAfterCancel(tx: Tx, row: JobRow): void {
  if (row.requests > 1) enqueueFollowUp(tx, row);
}

/**
 * A QUEUED job is still to be sealed, or its seal to be checked, so it answers this request too. One that is further
 * may have sealed what the source was before: it counts its requests, and settles which of them it answered.
 */
function joinActive(tx: Tx, row: JobRow, request: NewJob): EnqueueResult {
  const run = request.run === null ? null : JSON.stringify(request.run);
  const priority = Math.max(row.priority, request.priority);
  const isSame = isSameFilter(parseSource(row.next_source ?? row.source_json).filter, request.source.filter);
  // The last one who asked says what is sent.
  const next_source = isSame ? row.next_source : sourceJson(request.source);
  if (row.state === 'QUEUED') updateRow(tx, row, { priority, seal_needed: 1, next_source, ...(request.run === null ? {} : runColumns(request.run)) });
  else updateRow(tx, row, { priority, requests: row.requests + 1, next_run: run ?? row.next_run, next_source });
  remember(tx, request.dedupKey, row.id);
  remark(tx, row, { reason: `enqueued again while it is on its way: no second job${isSame ? '' : '; with another filter, which holds from the next seal on'}` });
  return { kind: 'duplicate', job: getJob(tx, row.id), because: 'active' };
}

function tryAgain(tx: Tx, row: JobRow, { run, source }: NewJob): EnqueueResult {
  updateRow(tx, row, { next_source: sourceJson(source), ...(run === null ? {} : runColumns(run)) });
  requeueByPerson(tx, row, 'enqueued again after it had failed');
  return { kind: 'duplicate', job: getJob(tx, row.id), because: 'failed' };
}

function jobOfKey(tx: Tx, key: string): string | undefined {
  return tx.sql('SELECT job_id FROM dedup_keys WHERE key = ?').pluck().get(key) as string | undefined;
}

function remember(tx: Tx, key: string | null, jobId: string): void {
  if (key !== null) tx.sql('INSERT INTO dedup_keys (key, job_id, created_at) VALUES (?, ?, ?)').run(key, jobId, tx.now);
}

/** The active one, if there is one: the unique index allows one, and a retry may have made an older one active. */
function latestOfPlace(tx: Tx, { sourceId, destination, finalName }: NewJob): JobRow | undefined {
  return tx
    .sql(
      `SELECT * FROM jobs WHERE source_id = ? AND destination = ? AND final_name = ?
       ORDER BY state IN ('QUEUED', 'RUNNING', 'AWAITING_VERIFY') DESC, seq DESC LIMIT 1`,
    )
    .get(sourceId, destination, finalName) as JobRow | undefined;
}

function insertJob(tx: Tx, request: NewJob): string {
  const place = { source_id: request.sourceId, destination: request.destination, final_name: request.finalName };
  const columns = {
    ...place,
    source: displayPath(sourcePath(request.source)),
    source_json: sourceJson(request.source),
    run: request.run === null ? null : JSON.stringify(request.run),
    priority: request.priority,
    generation: highestGeneration(tx, place) + 1,
  };
  return insertRow(tx, columns, 'enqueued');
}

type InsertColumns = Pick<JobRow, 'source' | 'source_id' | 'source_json' | 'destination' | 'final_name' | 'run' | 'priority' | 'generation'>;

function insertRow(tx: Tx, row: InsertColumns, reason: string): string {
  const id = tx.newId();
  const run = row.run === null ? null : (JSON.parse(row.run) as ReceiptRun);
  tx.sql(
    `INSERT INTO jobs (id, state, due, source, source_id, source_json, destination, final_name, run, run_id, session, priority, generation, created_at, updated_at)
     VALUES (?, 'QUEUED', 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  ).run(
    id,
    row.source,
    row.source_id,
    row.source_json,
    row.destination,
    row.final_name,
    row.run,
    run?.runId ?? null,
    run?.session ?? null,
    row.priority,
    row.generation,
    tx.now,
    tx.now,
  );
  noteMeantFor(tx, row.source_id, row.destination);
  addEvent(tx, { jobId: id, from: null, to: 'QUEUED', reason, epoch: 0 });
  return id;
}

function runColumns(run: ReceiptRun): Pick<JobRow, 'run' | 'run_id' | 'session'> {
  return { run: JSON.stringify(run), run_id: run.runId, session: run.session };
}
