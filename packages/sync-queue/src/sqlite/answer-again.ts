import { isLonghaulError } from '@longhaul/errors';
import type { JobRow } from './job-row.ts';
import { requeue } from './requests.ts';
import type { Tx } from './queue-database.ts';

/** So many in one transaction; the rest stays for the next probe or a person. */
const REQUEUED_AT_ONCE = 1_000;

/**
 * The destination answers again: what it had refused is tried once more, and only once (design §5.4). Row by row, so
 * that one job whose source has a newer generation does not keep the others.
 */
export function requeueRefused(tx: Tx, destination: string): number {
  const rows = tx
    .sql(
      `SELECT * FROM jobs WHERE destination = ? AND state = 'FAILED' AND requeue_when_answers = 1 AND auto_requeued = 0 ORDER BY seq LIMIT ${REQUEUED_AT_ONCE}`,
    )
    .all(destination) as JobRow[];
  return rows.filter((row) => requeueOnce(tx, row)).length;
}

function requeueOnce(tx: Tx, row: JobRow): boolean {
  try {
    requeue(tx, row, { changes: { attempts: 0, auto_requeued: 1 }, note: { reason: 'the destination answers again: tried once more' } });
    return true;
  } catch (error) {
    // A newer generation is under way: this one stays failed, as a person's retry would be refused too.
    if (isLonghaulError(error, 'JOB_CONFLICT')) return false;
    throw error;
  }
}
