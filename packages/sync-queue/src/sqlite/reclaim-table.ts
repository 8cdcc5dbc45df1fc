import { LeaseLostError } from '@longhaul/errors';
import type { Owner } from '../owner.ts';
import { sourcesOverlap } from '../reclaim/overlap.ts';
import type { BeginReclaim, ReclaimEnd, ReclaimLease } from '../reclaim/reclaim-store.ts';
import { ownerText } from './claim.ts';
import type { JobRow } from './job-row.ts';
import { iso, parseSource } from './job-row.ts';
import { findRow, remark, transition } from './job-table.ts';
import type { Tx } from './queue-database.ts';
import type { ReclaimRow } from './reclaim-facts.ts';
import { activeIds, jobsOf, openReclaims, ownerOf, reclaimOverlaps } from './reclaim-facts.ts';

/** In place of the time of a lease: its owner has come to its end and will delete nothing any more. */
const LET_GO = 0;

/** What every enqueue writes: a job's row may be pruned, what the source was meant for is not forgotten (design §5.6). */
export function noteMeantFor(tx: Tx, sourceId: string, destination: string): void {
  tx.sql('INSERT INTO source_destinations (source_id, destination, since) VALUES (?, ?, ?) ON CONFLICT (source_id, destination) DO NOTHING').run(sourceId, destination, tx.now);
}

/** Asks everything again that may have changed since it was decided: here nothing can come in between. */
export function beginReclaim(tx: Tx, request: BeginReclaim): { readonly kind: 'begun'; readonly lease: ReclaimLease } | { readonly kind: 'refused'; readonly reason: string } {
  const rows = request.jobIds.flatMap((id) => findRow(tx, id) ?? []);
  const refusal = refusalOf(tx, request, rows);
  const [first] = rows;
  if (refusal !== null || first === undefined) return { kind: 'refused', reason: refusal ?? 'none of its jobs is known' };
  const lease = { reclaimId: tx.newId(), epoch: nextEpoch(tx) };
  tx.sql(
    `INSERT INTO reclaims (id, source_id, source, source_json, seal_id, seal_digest, state, asked_by, without, epoch, owner, lease_until, begun_at)
     VALUES (?, ?, ?, ?, ?, ?, 'open', ?, ?, ?, ?, ?, ?)`,
  ).run(
    lease.reclaimId,
    request.sourceId,
    first.source,
    first.source_json,
    request.sealId,
    request.sealDigest,
    request.askedBy,
    JSON.stringify(request.without),
    lease.epoch,
    JSON.stringify(request.owner),
    tx.now + request.leaseMs,
    tx.now,
  );
  for (const row of rows) {
    tx.sql('INSERT INTO reclaim_places (reclaim_id, job_id, destination, final_name) VALUES (?, ?, ?, ?)').run(lease.reclaimId, row.id, row.destination, row.final_name);
    transition(tx, row, 'CLEANUP_ELIGIBLE', { note: { reason: `reclaim ${lease.reclaimId} is wanted ${request.askedBy === 'person' ? 'by a person' : 'by the reaper'}`, evidence: request.evidence } });
  }
  return { kind: 'begun', lease };
}

function refusalOf(tx: Tx, { sourceId, jobIds, sealDigest }: BeginReclaim, rows: readonly JobRow[]): string | null {
  if (rows.length < jobIds.length || rows.length === 0) return 'one of its jobs is not known any more';
  const moved = rows.find(({ state, seal_digest, source_id }) => state !== 'VERIFIED' || seal_digest !== sealDigest || source_id !== sourceId);
  if (moved !== undefined) return `job ${moved.id} is ${moved.state} by now`;
  const [active] = activeIds(tx, sourceId);
  if (active !== undefined) return `job ${active} of the same source is on its way`;
  const [overlap] = reclaimOverlaps(tx, sourceId);
  if (overlap !== undefined) return `job ${overlap.jobId} of ${overlap.source} needs these files`;
  const source = parseSource(rows[0]?.source_json ?? '');
  const other = openReclaims(tx).find((open) => sourcesOverlap(open.source, source));
  return other === undefined ? null : `reclaim ${other.lease.reclaimId} of ${other.sourcePath} is under way (${ownerText(other.owner)})`;
}

export function takeOverReclaim(
  tx: Tx,
  { lease, owner, leaseMs, dead }: { readonly lease: ReclaimLease; readonly owner: Owner; readonly leaseMs: number; readonly dead: readonly Owner[] },
): ReclaimLease | null {
  const row = tx.sql("SELECT * FROM reclaims WHERE id = ? AND epoch = ? AND state = 'open'").get(lease.reclaimId, lease.epoch) as ReclaimRow | undefined;
  if (row === undefined) return null;
  const holder = ownerOf(row);
  const isDead = dead.some((other) => JSON.stringify(other) === JSON.stringify(holder));
  if (!isDead && (row.lease_until ?? 0) > tx.now) return null;
  // One that let go of it in order has come to its end; one whose lease has lapsed may wake up in the middle of a deletion.
  const isOver = isDead || row.lease_until === LET_GO;
  const epoch = nextEpoch(tx);
  tx.sql('UPDATE reclaims SET epoch = ?, owner = ?, lease_until = ?, owner_lapsed = max(owner_lapsed, ?) WHERE seq = ?').run(epoch, JSON.stringify(owner), tx.now + leaseMs, isOver ? 0 : 1, row.seq);
  for (const job of jobRows(tx, row)) remark(tx, job, { reason: `reclaim ${row.id} is taken up again`, evidence: `${ownerText(holder)} let go of it` });
  return { reclaimId: row.id, epoch };
}

/** @throws LeaseLostError */
export function renewReclaim(tx: Tx, lease: ReclaimLease, leaseMs: number): 'held' | 'withdrawn' {
  const row = heldReclaim(tx, lease);
  tx.sql('UPDATE reclaims SET lease_until = ? WHERE seq = ?').run(tx.now + leaseMs, row.seq);
  return isWanted(tx, row) ? 'held' : 'withdrawn';
}

/**
 * The last word before the first file goes: asked here, where nothing can come in between, whether each of its jobs was proven since
 * the reclaim began, by content, and nothing has spoken against it since. @throws LeaseLostError
 */
export function intendReclaim(tx: Tx, lease: ReclaimLease): 'intended' | 'unproven' {
  const row = heldReclaim(tx, lease);
  const jobs = jobRows(tx, row);
  const proofs = jobs.map((job) => freshProof(tx, row, job));
  if (jobs.length === 0 || proofs.includes(undefined) || !isWanted(tx, row)) return 'unproven';
  tx.sql('UPDATE reclaims SET touched = 1 WHERE seq = ?').run(row.seq);
  for (const [index, job] of jobs.entries()) remark(tx, job, { reason: 'proven once more: from here on its local files are deleted', evidence: `proof of ${iso(proofs[index] ?? 0)}` });
  return 'intended';
}

function freshProof(tx: Tx, row: ReclaimRow, job: JobRow): number | undefined {
  return tx
    .sql("SELECT at FROM proofs WHERE job_id = ? AND seal_digest = ? AND strength IN ('sha256', 'download') AND voided_at IS NULL AND occasion = 'reclaim' AND at >= ? ORDER BY at DESC LIMIT 1")
    .pluck()
    .get(job.id, row.seal_digest, row.begun_at) as number | undefined;
}

/** Also not when somebody sends the source, or one that overlaps it, anew: what is still there is needed for that. */
function isWanted(tx: Tx, row: ReclaimRow): boolean {
  return !jobRows(tx, row).some(isWithdrawn) && activeIds(tx, row.source_id).length === 0 && reclaimOverlaps(tx, row.source_id).length === 0;
}

/** Cancelled by a person, or found damaged by an audit, since the reclaim began. */
function isWithdrawn({ state, damage }: JobRow): boolean {
  return state !== 'CLEANUP_ELIGIBLE' || damage !== null;
}

/** @throws LeaseLostError */
export function endReclaim(tx: Tx, lease: ReclaimLease, end: ReclaimEnd): void {
  const row = heldReclaim(tx, lease);
  tx.sql('UPDATE reclaims SET state = ?, lease_until = NULL, owner = NULL, touched = ?, files_freed = ?, bytes_freed = ?, reason = ?, evidence = ?, ended_at = ? WHERE seq = ?').run(
    end.kind,
    end.kind === 'stopped' && end.touched === 'no' && row.owner_lapsed === 0 ? 0 : row.touched,
    end.filesFreed,
    end.bytesFreed,
    end.reason,
    end.evidence,
    tx.now,
    row.seq,
  );
  for (const job of jobRows(tx, row)) {
    if (job.state !== 'CLEANUP_ELIGIBLE') remark(tx, job, end);
    else transition(tx, job, end.kind === 'done' ? 'CLEANED' : 'VERIFIED', { note: end });
  }
  if (end.kind === 'done') closeChapter(tx, row);
}

/** What is put into this folder from now on is another content: it is meant for what it is enqueued for then. */
function closeChapter(tx: Tx, row: ReclaimRow): void {
  tx.sql(
    `DELETE FROM source_destinations WHERE source_id = ? AND destination IN (SELECT destination FROM reclaim_places WHERE reclaim_id = ?)
     AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.source_id = source_destinations.source_id AND j.destination = source_destinations.destination AND j.state IN ('QUEUED', 'RUNNING', 'AWAITING_VERIFY'))`,
  ).run(row.source_id, row.id);
}

/** @throws LeaseLostError */
export function releaseReclaim(tx: Tx, lease: ReclaimLease): void {
  const row = heldReclaim(tx, lease);
  tx.sql('UPDATE reclaims SET lease_until = ? WHERE seq = ?').run(LET_GO, row.seq);
}

/** Whether a job is in the hands of a reaper: nobody else may move it then. */
export function isBeingReclaimed(tx: Tx, jobId: string): boolean {
  return tx.sql("SELECT 1 FROM reclaims r INDEXED BY reclaims_open JOIN reclaim_places p ON p.reclaim_id = r.id WHERE r.state = 'open' AND p.job_id = ?").get(jobId) !== undefined;
}

function heldReclaim(tx: Tx, { reclaimId, epoch }: ReclaimLease): ReclaimRow {
  const row = tx.sql("SELECT * FROM reclaims WHERE id = ? AND epoch = ? AND state = 'open'").get(reclaimId, epoch) as ReclaimRow | undefined;
  if (row === undefined) throw new LeaseLostError(reclaimId, { context: { epoch, reclaimId } });
  return row;
}

function jobRows(tx: Tx, { id }: ReclaimRow): readonly JobRow[] {
  return jobsOf(tx, id).flatMap((jobId) => findRow(tx, jobId) ?? []);
}

function nextEpoch(tx: Tx): number {
  return tx.sql("UPDATE counters SET value = value + 1 WHERE name = 'epoch' RETURNING value").pluck().get() as number;
}
