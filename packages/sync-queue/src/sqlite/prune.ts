import type { PruneRequest, PruneResult } from '../retention.ts';
import type { JobRow } from './job-row.ts';
import { counter, setCounter } from './queue-status.ts';
import type { Tx } from './queue-database.ts';

/** What a step without work returns. */
export const NOTHING_PRUNED: PruneResult = { jobs: 0, events: 0, seals: [], more: false };

const SETTLED = "('VERIFIED', 'CLEANUP_ELIGIBLE', 'CLEANED', 'FAILED', 'CANCELLED')";
const PROVEN = "('VERIFIED', 'CLEANUP_ELIGIBLE', 'CLEANED')";

type Candidate = Pick<JobRow, 'seq' | 'id' | 'state' | 'source_id' | 'destination' | 'final_name' | 'generation' | 'staging' | 'updated_at'>;

/** Whether a pass is under way or due; without the write lock. */
export function pruneDue(tx: Tx, { everyMs, detailsMs, jobsMs }: PruneRequest): boolean {
  if (detailsMs === null && jobsMs === null) return false;
  return counter(tx, 'prune_after_seq') > 0 || tx.now - counter(tx, 'prune_begun_at') >= everyMs;
}

/**
 * Looks at the next `limit` jobs in the order they were made. Where it stands is in the file: workers share one pass, and a
 * crash between two steps costs nothing.
 */
export function prune(tx: Tx, request: PruneRequest): PruneResult {
  if (!pruneDue(tx, request)) return NOTHING_PRUNED;
  const after = counter(tx, 'prune_after_seq');
  if (after === 0) setCounter(tx, 'prune_begun_at', tx.now);
  const last = lastOfStep(tx, { after, limit: request.limit });
  setCounter(tx, 'prune_after_seq', last ?? 0);
  const result: { jobs: number; events: number; seals: string[] } = { jobs: 0, events: 0, seals: [] };
  for (const row of candidates(tx, { after, last, request })) {
    result.events += dropDetails(tx, row, request);
    if (isOlder(tx, row, request.jobsMs) && isOfNoUse(tx, row)) {
      dropJob(tx, row);
      result.jobs += 1;
    }
    if (isOlder(tx, row, request.jobsMs)) result.seals.push(...dropSeals(tx, row.source_id, tx.now - (request.jobsMs ?? 0)));
  }
  return { ...result, more: last !== null };
}

/** The seq at which this step ends; null: it is the last of the pass. */
function lastOfStep(tx: Tx, { after, limit }: { readonly after: number; readonly limit: number }): number | null {
  return (tx.sql('SELECT seq FROM jobs WHERE seq > ? ORDER BY seq LIMIT 1 OFFSET ?').pluck().get(after, limit - 1) as number | undefined) ?? null;
}

interface Step {
  readonly after: number;
  readonly last: number | null;
  readonly request: PruneRequest;
}

/** Finished, nobody's, and nothing of it is left to be cleaned up anywhere. */
function candidates(tx: Tx, { after, last, request }: Step): readonly Candidate[] {
  const youngest = Math.min(request.detailsMs ?? Number.MAX_SAFE_INTEGER, request.jobsMs ?? Number.MAX_SAFE_INTEGER);
  return tx
    .sql(
      `SELECT seq, id, state, source_id, destination, final_name, generation, staging, updated_at FROM jobs j
       WHERE seq > ? AND seq <= ? AND updated_at <= ? AND state IN ${SETTLED} AND lease_until IS NULL AND staging <> 'abandoned'
         AND NOT EXISTS (SELECT 1 FROM job_processes WHERE job_id = j.id)`,
    )
    .all(after, last ?? Number.MAX_SAFE_INTEGER, tx.now - youngest) as Candidate[];
}

function isOlder(tx: Tx, row: Candidate, ms: number | null): boolean {
  return ms !== null && row.updated_at <= tx.now - ms;
}

/** What led to the last transition; that one, and how it began, stay. */
function dropDetails(tx: Tx, row: Candidate, { detailsMs }: PruneRequest): number {
  if (!isOlder(tx, row, detailsMs)) return 0;
  return tx
    .sql(
      `DELETE FROM job_events WHERE job_id = ? AND seq > 1
       AND seq < (SELECT max(seq) FROM job_events WHERE job_id = ? AND (from_state IS NULL OR from_state <> to_state))`,
    )
    .run(row.id, row.id).changes;
}

/**
 * A newer generation of the same place is proven, so this one describes nothing that is there; or it was given up by a person
 * and no key keeps it from coming again. The last proven job of a place stays for ever: it is the proof. A failed one waits for a person.
 */
function isOfNoUse(tx: Tx, row: Candidate): boolean {
  // What it has sent may still be gone on with.
  if (row.staging !== 'none') return false;
  if (successor(tx, row) !== undefined) return true;
  return row.state === 'CANCELLED' && tx.sql('SELECT 1 FROM dedup_keys WHERE job_id = ? LIMIT 1').get(row.id) === undefined && tx.sql('SELECT 1 FROM proofs WHERE job_id = ? LIMIT 1').get(row.id) === undefined;
}

/** The newest proven job of the same place, of a later generation than this one. */
function successor(tx: Tx, { source_id, destination, final_name, generation }: Candidate): string | undefined {
  return tx
    .sql(
      `SELECT id FROM jobs INDEXED BY jobs_lineage WHERE source_id = ? AND destination = ? AND final_name = ? AND generation > ? AND state IN ${PROVEN}
       ORDER BY generation DESC LIMIT 1`,
    )
    .pluck()
    .get(source_id, destination, final_name, generation) as string | undefined;
}

/** A key outlives its job: it stands for the newer one then, and still never makes a second. */
function dropJob(tx: Tx, row: Candidate): void {
  const heir = successor(tx, row);
  if (heir !== undefined) tx.sql('UPDATE dedup_keys SET job_id = ? WHERE job_id = ?').run(heir, row.id);
  for (const table of ['job_events', 'proofs'] as const) tx.sql(`DELETE FROM ${table} WHERE job_id = ?`).run(row.id);
  tx.sql('DELETE FROM jobs WHERE seq = ?').run(row.seq);
}

/** The newest seal of a source stays: the next job of a fan-out may use it. */
function dropSeals(tx: Tx, sourceId: string, before: number): readonly string[] {
  return tx
    .sql(
      `DELETE FROM seals WHERE source_id = @source AND recorded_at <= @before
         AND (id <> (SELECT id FROM seals WHERE source_id = @source ORDER BY recorded_at DESC, id DESC LIMIT 1) OR NOT EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_lineage WHERE source_id = @source))
         AND NOT EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_lineage WHERE source_id = @source AND seal_id = seals.id)
         AND NOT EXISTS (SELECT 1 FROM jobs j INDEXED BY jobs_lineage JOIN proofs p ON p.job_id = j.id WHERE j.source_id = @source AND p.seal_id = seals.id)
         AND NOT EXISTS (SELECT 1 FROM reclaims WHERE source_id = @source AND seal_id = seals.id)
       RETURNING id`,
    )
    .pluck()
    .all({ source: sourceId, before }) as string[];
}
