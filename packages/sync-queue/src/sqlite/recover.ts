import type { Job } from '../job.ts';
import type { LeaseStatus, Orphan, RecoverRequest } from '../lease.ts';
import type { Owner } from '../owner.ts';
import { ownerText } from './claim.ts';
import { enqueueAfterCancel } from './enqueue.ts';
import type { JobRow } from './job-row.ts';
import { parse } from './job-row.ts';
import type { JobChanges } from './job-table.ts';
import { getJob, NO_HOLD, RELEASED, remark, transition, updateRow } from './job-table.ts';
import type { Tx } from './queue-database.ts';
import { cancelledChanges } from './requests.ts';

const NOBODY: Owner = { host: 'unknown', bootId: '', pid: 0, processStartTime: '' };

export function leases(tx: Tx): readonly LeaseStatus[] {
  return leasedRows(tx).map((row) => ({ jobId: row.id, epoch: row.epoch, owner: ownerOf(row), remainingMs: (row.lease_until ?? 0) - tx.now }));
}

/** What crashed workers left, back to where another can take it up. */
export function recover(tx: Tx, request: RecoverRequest): readonly Job[] {
  const lost = leasedRows(tx).filter((row) => isLost(tx, row, request));
  for (const row of lost) takeBack(tx, row, request.maxRecoveries);
  return lost.map((row) => getJob(tx, row.id));
}

function leasedRows(tx: Tx): JobRow[] {
  // Sorted here: asked to sort, SQLite would read the whole table in its order.
  const rows = tx.sql('SELECT * FROM jobs INDEXED BY jobs_leased WHERE lease_until IS NOT NULL').all() as JobRow[];
  return rows.sort((a, b) => a.seq - b.seq);
}

function isLost(tx: Tx, row: JobRow, { dead, lapsed }: RecoverRequest): boolean {
  if (lapsed === 'recover' && (row.lease_until ?? 0) <= tx.now) return true;
  return dead.some((owner) => isSame(owner, ownerOf(row)));
}

function ownerOf(row: JobRow): Owner {
  return parse<Owner>(row.owner) ?? NOBODY;
}

function isSame(a: Owner, b: Owner): boolean {
  return a.pid === b.pid && a.processStartTime === b.processStartTime && a.bootId === b.bootId && a.host === b.host;
}

function takeBack(tx: Tx, row: JobRow, maxRecoveries: number): void {
  const evidence = `its worker (${ownerText(ownerOf(row))}) is gone${row.phase === null ? '' : ` while ${row.phase}`}`;
  const recoveries = row.recoveries + 1;
  if (row.state !== 'RUNNING' && row.state !== 'AWAITING_VERIFY') endCleaning(tx, row);
  else if (row.cancel_requested === 1) endCancelled(tx, row, evidence);
  else if (recoveries >= maxRecoveries) park(tx, row, { recoveries, evidence });
  else tryAgain(tx, row, { recoveries, evidence });
}

function endCancelled(tx: Tx, row: JobRow, evidence: string): void {
  const changes = { ...RELEASED, ...cancelledChanges(tx, row) };
  transition(tx, row, 'CANCELLED', { changes, note: { reason: 'cancelled by a person', evidence } });
  enqueueAfterCancel(tx, row);
}

interface Crash {
  readonly recoveries: number;
  readonly evidence: string;
}

function tryAgain(tx: Tx, row: JobRow, { recoveries, evidence }: Crash): void {
  const changes: JobChanges = { ...RELEASED, ...NO_HOLD, recoveries, due: 1 };
  if (row.state === 'RUNNING') {
    transition(tx, row, 'QUEUED', { changes, note: { reason: 'its worker is gone: tried again, no attempt charged', evidence } });
    return;
  }
  updateRow(tx, row, changes);
  remark(tx, row, { reason: 'its worker is gone: verified again', evidence });
}

/** A job that takes its worker along each time would do so for ever. */
function park(tx: Tx, row: JobRow, { recoveries, evidence }: Crash): void {
  const changes: JobChanges = {
    ...RELEASED,
    ...NO_HOLD,
    recoveries,
    error_kind: 'unknown',
    last_error: `its worker died ${recoveries} times in a row while it held this job`,
    evidence,
    hint: `See why (memory, a full disk?), then: longhaul sync retry ${row.id}`,
  };
  transition(tx, row, 'FAILED', { changes, note: { reason: `parked: ${recoveries} crashes in a row`, evidence } });
}

/** Only the removal of its staging was under way. */
function endCleaning(tx: Tx, row: JobRow): void {
  updateRow(tx, row, { owner: null, lease_until: null, due: row.state === 'QUEUED' ? 1 : null });
}

export function orphans(tx: Tx): readonly Orphan[] {
  const rows = tx
    .sql(
      `SELECT p.job_id AS jobId, p.host AS host, p.boot_id AS bootId, p.pid AS pid, p.start_time AS startTime
       FROM job_processes p JOIN jobs j ON j.id = p.job_id WHERE j.lease_until IS NULL`,
    )
    .all() as (Orphan['process'] & { readonly jobId: string })[];
  return rows.map(({ jobId, ...process }) => ({ jobId, process }));
}
