import { count, LeaseLostError } from '@longhaul/errors';
import type { TransferProgress } from '@longhaul/sync-transports';
import type { HashingProgress, Job } from '../job.ts';
import type { Heartbeat, Intent, LeaseRef, SealRecord } from '../lease.ts';
import type { ChildProcess } from '../owner.ts';
import { getJob, heldRow, remark, updateRow } from './job-table.ts';
import type { Tx } from './queue-database.ts';

/** @throws LeaseLostError */
export function heartbeat(tx: Tx, { jobId, epoch }: LeaseRef, leaseMs: number): Heartbeat {
  const row = tx
    .sql(
      `UPDATE jobs SET lease_until = ? WHERE id = ? AND epoch = ? AND lease_until IS NOT NULL AND state IN ('RUNNING', 'AWAITING_VERIFY')
       RETURNING cancel_requested, requests`,
    )
    .get(tx.now + leaseMs, jobId, epoch) as { cancel_requested: 0 | 1; requests: number } | undefined;
  if (row === undefined) throw new LeaseLostError(jobId, { context: { epoch } });
  return { cancel: row.cancel_requested === 1 ? 'requested' : 'no', requests: row.requests };
}

/** @throws LeaseLostError */
export function progress(tx: Tx, { jobId, epoch }: LeaseRef, value: TransferProgress): void {
  const { changes } = tx
    .sql("UPDATE jobs SET progress = ?, updated_at = ? WHERE id = ? AND epoch = ? AND lease_until IS NOT NULL AND state = 'RUNNING'")
    .run(JSON.stringify(value), tx.now, jobId, epoch);
  if (changes === 0) throw new LeaseLostError(jobId, { context: { epoch } });
}

/** @throws LeaseLostError */
export function hashing(tx: Tx, { jobId, epoch }: LeaseRef, value: HashingProgress): void {
  const { changes } = tx
    .sql("UPDATE jobs SET hashing = ?, updated_at = ? WHERE id = ? AND epoch = ? AND lease_until IS NOT NULL AND state IN ('RUNNING', 'AWAITING_VERIFY')")
    .run(JSON.stringify(value), tx.now, jobId, epoch);
  if (changes === 0) throw new LeaseLostError(jobId, { context: { epoch } });
}

/** @throws LeaseLostError */
export function intend(tx: Tx, lease: LeaseRef, { phase, reason, evidence, progress: value }: Intent): void {
  const row = heldRow(tx, lease);
  // From here on something may lie at the destination.
  const staging = phase === 'pushing' ? ({ staging: 'present', staging_due_at: null } as const) : {};
  updateRow(tx, row, { phase, hashing: null, ...staging, ...(value == null ? {} : { progress: JSON.stringify(value) }) });
  remark(tx, row, { reason, evidence });
}

/** @throws LeaseLostError */
export function recordProcess(tx: Tx, lease: LeaseRef, { host, bootId, pid, startTime }: ChildProcess): void {
  heldRow(tx, lease);
  tx.sql(
    `INSERT INTO job_processes (job_id, host, boot_id, pid, start_time, epoch, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (job_id, host, boot_id, pid, start_time) DO UPDATE SET epoch = excluded.epoch`,
  ).run(lease.jobId, host, bootId, pid, startTime, lease.epoch, tx.now);
}

export function forgetProcess(tx: Tx, jobId: string, { host, bootId, pid, startTime }: ChildProcess): void {
  tx.sql('DELETE FROM job_processes WHERE job_id = ? AND host = ? AND boot_id = ? AND pid = ? AND start_time = ?').run(jobId, host, bootId, pid, startTime);
}

/** @throws LeaseLostError */
export function recordSeal(tx: Tx, lease: LeaseRef, seal: SealRecord): Job {
  const row = heldRow(tx, lease);
  tx.sql('INSERT INTO seals (id, source_id, digest, sealed_at, files, bytes, recorded_at) VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING').run(
    seal.id,
    seal.sourceId,
    seal.digest,
    seal.sealedAt,
    seal.files,
    seal.bytes,
    tx.now,
  );
  const changed = row.seal_digest !== null && row.seal_digest !== seal.digest;
  const generation = changed ? row.generation + 1 : row.generation;
  updateRow(tx, row, { seal_needed: 0, seal_id: seal.id, seal_digest: seal.digest, files_total: seal.files, bytes_total: seal.bytes, generation, ...(changed ? { mismatches: 0 } : {}) });
  remark(tx, row, { reason: changed ? `sealed generation ${generation}` : 'sealed', evidence: `${count(seal.files, 'file')}, ${count(seal.bytes, 'byte')}, digest ${seal.digest}${seal.findings == null ? '' : `; not sent: ${seal.findings}`}` });
  return getJob(tx, row.id);
}

/** @throws LeaseLostError */
export function raiseGeneration(tx: Tx, lease: LeaseRef, above: number): Job {
  const row = heldRow(tx, lease);
  if (row.generation <= above) {
    updateRow(tx, row, { generation: above + 1 });
    remark(tx, row, { reason: `the destination holds generation ${above} of this source already: this is generation ${above + 1}` });
  }
  return getJob(tx, row.id);
}

export function latestSeal(tx: Tx, sourceId: string): SealRecord | null {
  const row = tx
    .sql('SELECT id, source_id AS sourceId, digest, sealed_at AS sealedAt, files, bytes FROM seals WHERE source_id = ? ORDER BY recorded_at DESC LIMIT 1')
    .get(sourceId) as SealRecord | undefined;
  return row ?? null;
}
