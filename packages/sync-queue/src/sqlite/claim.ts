import type { ChildProcess, Owner } from '../owner.ts';
import type { AbandonedStaging, ClaimedJob, ClaimRequest, LeaseRef } from '../lease.ts';
import type { RawPath } from '@longhaul/sync-transports';
import type { JobRow } from './job-row.ts';
import { parseSource } from './job-row.ts';
import { getJob, remark, transition, updateRow } from './job-table.ts';
import type { Tx } from './queue-database.ts';
import { isPaused } from './queue-status.ts';

/** So many scheduled jobs become due in one transaction: more would make other writers wait. */
const PROMOTED_AT_ONCE = 500;

interface Head {
  readonly seq: number;
  readonly priority: number;
  readonly running: number;
}

/** A cheap look, without the write lock: idle workers ask often. */
export function mayClaim(tx: Tx): boolean {
  if (isPaused(tx)) return false;
  const due = tx.sql('SELECT 1 FROM destinations d WHERE d.paused = 0 AND d.block_reason IS NULL AND EXISTS (SELECT 1 FROM jobs INDEXED BY jobs_due WHERE destination = d.name AND due = 1)').get();
  return due !== undefined || tx.sql('SELECT 1 FROM jobs INDEXED BY jobs_scheduled WHERE due = 0 AND due_at <= ? LIMIT 1').get(tx.now) !== undefined;
}

/**
 * One seek per destination with a free slot: a million jobs of a full or blocked destination cost nothing. Each query names
 * its index, because the planner, which keeps no statistics here, prefers wider ones: 0.3 s instead of 0.03 ms at a million rows.
 */
export function claim(tx: Tx, request: ClaimRequest): ClaimedJob | null {
  if (isPaused(tx)) return null;
  promote(tx);
  const best = heads(tx, request).reduce<Head | null>((first, head) => (first === null || before(head, first) ? head : first), null);
  if (best === null) return null;
  return take(tx, tx.sql('SELECT * FROM jobs WHERE seq = ?').get(best.seq) as JobRow, request);
}

/** Jobs whose time has come move into the index of due jobs, which is the only one that a claim reads. */
function promote(tx: Tx): void {
  tx.sql(`UPDATE jobs SET due = 1, due_at = NULL WHERE seq IN (SELECT seq FROM jobs INDEXED BY jobs_scheduled WHERE due = 0 AND due_at <= ? ORDER BY due_at LIMIT ${PROMOTED_AT_ONCE})`).run(tx.now);
}

function heads(tx: Tx, { slots, slotsOf = {}, destinations }: ClaimRequest): Head[] {
  const open = tx.sql('SELECT name FROM destinations WHERE paused = 0 AND block_reason IS NULL').pluck().all() as string[];
  return open.flatMap((name) => {
    if (destinations !== undefined && !destinations.includes(name)) return [];
    const head = tx.sql('SELECT seq, priority FROM jobs INDEXED BY jobs_due WHERE due = 1 AND destination = ? ORDER BY priority DESC, seq LIMIT 1').get(name) as Omit<Head, 'running'> | undefined;
    if (head === undefined) return [];
    const running = tx.sql('SELECT count(*) FROM jobs INDEXED BY jobs_leased WHERE lease_until IS NOT NULL AND destination = ?').pluck().get(name) as number;
    return running < (slotsOf[name] ?? slots) ? [{ ...head, running }] : [];
  });
}

/** Priority first; then the destination that has less in hand, so that a long queue for one does not starve the others. */
function before(a: Head, b: Head): boolean {
  if (a.priority !== b.priority) return a.priority > b.priority;
  return a.running === b.running ? a.seq < b.seq : a.running < b.running;
}

function take(tx: Tx, waiting: JobRow, { owner, leaseMs }: ClaimRequest): ClaimedJob {
  const row = { ...waiting, ...newestSource(tx, waiting) };
  const epoch = lease(tx, row, { owner, leaseMs });
  const leased = { ...row, epoch };
  if (row.state === 'QUEUED') transition(tx, leased, 'RUNNING', { changes: { phase: null }, note: { reason: 'claimed', evidence: ownerText(owner) } });
  else remark(tx, leased, { reason: 'claimed to verify', evidence: ownerText(owner) });
  return {
    job: getJob(tx, row.id),
    lease: { jobId: row.id, epoch },
    source: parseSource(row.source_json),
    finalName: row.final_name as RawPath,
    stagedDigest: row.staged_digest,
    sealNeeded: row.seal_needed === 1 ? 'yes' : 'no',
    waited: row.hold === null ? null : { reason: row.hold, ms: tx.now - (row.hold_since ?? tx.now) },
    blindRepeats: row.blind_repeats,
    orphans: processesOf(tx, row.id),
  };
}

/** What is still to be sealed is sealed as it was asked for last. */
function newestSource(tx: Tx, row: JobRow): Partial<JobRow> {
  if (row.state !== 'QUEUED' || row.next_source === null) return {};
  const changes = { source_json: row.next_source, next_source: null, seal_needed: 1 } as const;
  updateRow(tx, row, changes);
  return changes;
}

/** Epochs grow over the whole queue, so that whoever comes later to the same place at a destination always has the higher one. */
function lease(tx: Tx, row: JobRow, { owner, leaseMs }: { readonly owner: Owner; readonly leaseMs: number }): number {
  const epoch = tx.sql("UPDATE counters SET value = value + 1 WHERE name = 'epoch' RETURNING value").pluck().get() as number;
  updateRow(tx, row, { epoch, owner: JSON.stringify(owner), lease_until: tx.now + leaseMs, due: null, due_at: null });
  return epoch;
}

export function processesOf(tx: Tx, jobId: string): readonly ChildProcess[] {
  return tx.sql('SELECT host, boot_id AS bootId, pid, start_time AS startTime FROM job_processes WHERE job_id = ?').all(jobId) as ChildProcess[];
}

export function ownerText({ host, pid }: Owner): string {
  return `by process ${pid} on ${host}`;
}

/** A cheap look, without the write lock. */
export function anyAbandonedStaging(tx: Tx): boolean {
  return !isPaused(tx) && tx.sql("SELECT 1 FROM jobs INDEXED BY jobs_abandoned WHERE staging = 'abandoned' AND staging_due_at <= ? LIMIT 1").get(tx.now) !== undefined;
}

export function claimAbandonedStaging(tx: Tx, request: { readonly owner: Owner; readonly leaseMs: number }): AbandonedStaging | null {
  const row = tx
    .sql(
      `SELECT j.* FROM jobs j INDEXED BY jobs_abandoned JOIN destinations d ON d.name = j.destination
       WHERE j.staging = 'abandoned' AND j.staging_due_at <= ? AND j.lease_until IS NULL AND d.paused = 0 AND d.block_reason IS NULL
       ORDER BY j.staging_due_at LIMIT 1`,
    )
    .get(tx.now) as JobRow | undefined;
  if (row === undefined) return null;
  const epoch = lease(tx, row, request);
  return { lease: { jobId: row.id, epoch }, destination: row.destination, finalName: row.final_name as RawPath };
}

/** A job that is on its way, or may be tried again, still needs its staging. */
export function reportStaging(tx: Tx, jobId: string): void {
  tx.sql(
    `UPDATE jobs SET staging = 'abandoned', staging_due_at = ? WHERE id = ? AND staging = 'none'
     AND state IN ('VERIFIED', 'CLEANUP_ELIGIBLE', 'CLEANED', 'CANCELLED')`,
  ).run(tx.now, jobId);
}

type StagingOutcome = { readonly kind: 'removed' } | { readonly kind: 'later'; readonly delayMs: number };

/** Lets go of the row; a job that was asked for again meanwhile can run now. Returns false when the lease is lost. */
export function settleAbandonedStaging(tx: Tx, { jobId, epoch }: LeaseRef, outcome: StagingOutcome): boolean {
  const row = tx.sql('SELECT * FROM jobs WHERE id = ? AND epoch = ? AND lease_until IS NOT NULL').get(jobId, epoch) as JobRow | undefined;
  if (row === undefined) return false;
  const due = row.state === 'QUEUED' ? 1 : null;
  const staging = outcome.kind === 'removed' ? ({ staging: 'none', staging_due_at: null, staged_digest: null } as const) : { staging_due_at: tx.now + outcome.delayMs };
  updateRow(tx, row, { owner: null, lease_until: null, due, ...staging });
  if (outcome.kind === 'removed') remark(tx, row, { reason: 'staging removed at the destination' });
  return true;
}
