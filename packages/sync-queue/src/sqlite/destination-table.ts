import { QueueError } from '@longhaul/errors';
import type { DestinationBlock, DestinationStatus, DueProbe, KnownPlace, ProbeOutcome, ProbeRecord } from '../destination-status.ts';
import { iso, parse } from './job-row.ts';
import type { Tx } from './queue-database.ts';
import { isPaused } from './queue-status.ts';

/** A row of `destinations`. */
export interface DestinationRow {
  readonly name: string;
  readonly paused: 0 | 1;
  readonly block_reason: 'breaker' | 'no_space' | null;
  readonly block_detail: string | null;
  readonly block_kind: DestinationBlock['errorKind'];
  readonly block_needed_bytes: number | null;
  readonly blocked_at: number | null;
  readonly probe_at: number | null;
  readonly failed_probes: number;
  readonly strikes: number;
  readonly ever_worked: 0 | 1;
  readonly last_probe: string | null;
}

export function findDestination(tx: Tx, name: string): DestinationStatus | null {
  const row = tx.sql('SELECT * FROM destinations WHERE name = ?').get(name) as DestinationRow | undefined;
  return row === undefined ? null : toStatus(tx, row);
}

export function allDestinations(tx: Tx): readonly DestinationStatus[] {
  return (tx.sql('SELECT * FROM destinations ORDER BY name').all() as DestinationRow[]).map((row) => toStatus(tx, row));
}

function toStatus(tx: Tx, row: DestinationRow): DestinationStatus {
  const active = count(tx, { index: 'jobs_destination', condition: "state IN ('QUEUED', 'RUNNING', 'AWAITING_VERIFY')" }, row.name);
  const running = count(tx, { index: 'jobs_leased', condition: "lease_until IS NOT NULL AND state IN ('RUNNING', 'AWAITING_VERIFY')" }, row.name);
  return {
    name: row.name,
    paused: row.paused === 1,
    block: toBlock(row),
    strikes: row.strikes,
    everWorked: row.ever_worked === 1,
    lastProbe: parse<ProbeRecord>(row.last_probe),
    waiting: active - running,
    running,
  };
}

function toBlock(row: DestinationRow): DestinationStatus['block'] {
  if (row.block_reason === null) return null;
  return {
    reason: row.block_reason,
    detail: row.block_detail ?? '',
    errorKind: row.block_kind,
    since: iso(row.blocked_at ?? 0),
    nextProbeAt: iso(row.probe_at ?? 0),
    neededBytes: row.block_needed_bytes,
    failedProbes: row.failed_probes,
  };
}

function count(tx: Tx, { index, condition }: { readonly index: string; readonly condition: string }, destination: string): number {
  return tx.sql(`SELECT count(*) FROM jobs INDEXED BY ${index} WHERE destination = ? AND ${condition}`).pluck().get(destination) as number;
}

/** Jobs that failed together block once: one strike, and the schedule of the first. */
export function block(tx: Tx, name: string, { reason, detail, errorKind, probeInMs, neededBytes }: DestinationBlock): void {
  tx.sql(
    `UPDATE destinations SET block_reason = ?, block_detail = ?, block_kind = ?, block_needed_bytes = ?, blocked_at = ?, probe_at = ?, failed_probes = 0, strikes = strikes + 1
     WHERE name = ? AND block_reason IS NULL`,
  ).run(reason, detail, errorKind, neededBytes, tx.now, tx.now + probeInMs, name);
}

/** Something got through. */
export function recordSuccess(tx: Tx, name: string): void {
  tx.sql('UPDATE destinations SET ever_worked = 1, strikes = 0 WHERE name = ? AND (ever_worked = 0 OR strikes > 0)').run(name);
}

export function setPaused(tx: Tx, name: string, paused: 0 | 1): void {
  tx.sql('UPDATE destinations SET paused = ? WHERE name = ?').run(paused, name);
}

/** A person wants to know now whether it answers. */
export function probeSoon(tx: Tx, name: string): void {
  tx.sql('UPDATE destinations SET probe_at = min(probe_at, ?) WHERE name = ? AND block_reason IS NOT NULL').run(tx.now, name);
}

export function claimProbe(tx: Tx, leaseMs: number): DueProbe | null {
  const row = tx
    .sql(
      `UPDATE destinations SET probe_lease_until = ? WHERE name = (
         SELECT name FROM destinations WHERE block_reason IS NOT NULL AND probe_at <= ? AND (probe_lease_until IS NULL OR probe_lease_until <= ?)
         ORDER BY probe_at LIMIT 1)
       RETURNING *`,
    )
    .get(tx.now + leaseMs, tx.now, tx.now) as DestinationRow | undefined;
  if (row?.block_reason == null) return null;
  return { name: row.name, reason: row.block_reason, errorKind: row.block_kind, neededBytes: row.block_needed_bytes, strikes: row.strikes, failedProbes: row.failed_probes };
}

export function recordProbe(tx: Tx, name: string, { report, verdict }: ProbeOutcome): void {
  const record: ProbeRecord = { at: iso(tx.now), ...report };
  tx.sql('UPDATE destinations SET last_probe = ?, probe_lease_until = NULL, ever_worked = max(ever_worked, ?) WHERE name = ?').run(JSON.stringify(record), report.reachable ? 1 : 0, name);
  if (verdict.kind === 'stay') stayBlocked(tx, name, verdict);
  else release(tx, name);
}

function stayBlocked(tx: Tx, name: string, { detail, probeInMs }: { readonly detail: string; readonly probeInMs: number }): void {
  tx.sql('UPDATE destinations SET failed_probes = failed_probes + 1, block_detail = ?, probe_at = ? WHERE name = ? AND block_reason IS NOT NULL').run(detail, tx.now + probeInMs, name);
}

function release(tx: Tx, name: string): void {
  tx.sql(
    `UPDATE destinations SET block_reason = NULL, block_detail = NULL, block_kind = NULL, block_needed_bytes = NULL, blocked_at = NULL, probe_at = NULL, failed_probes = 0
     WHERE name = ?`,
  ).run(name);
}

/** A destination that a statement has just touched, or that a job names: it is there. */
export function mustFind(tx: Tx, name: string): DestinationStatus {
  const status = findDestination(tx, name);
  if (status === null) throw new QueueError(`the queue knows no destination "${name}"`, { code: 'JOB_NOT_FOUND', hint: 'A destination is known from its first job on: longhaul sync destinations' });
  return status;
}

/** May come before the first job: a person can pause what is not used yet. */
export function pause(tx: Tx, name: string): DestinationStatus {
  ensureDestination(tx, name);
  setPaused(tx, name, 1);
  return mustFind(tx, name);
}

export function resume(tx: Tx, name: string): DestinationStatus {
  ensureDestination(tx, name);
  setPaused(tx, name, 0);
  probeSoon(tx, name);
  return mustFind(tx, name);
}

export function knownPlace(tx: Tx, name: string, limit: number): KnownPlace {
  const place = tx.sql('SELECT place FROM destinations WHERE name = ?').pluck().get(name) as string | null | undefined;
  const proven = tx
    .sql(
      `SELECT id AS jobId, final_name AS finalName FROM jobs INDEXED BY jobs_proven WHERE destination = ? AND proven_at IS NOT NULL
       AND proven_at > coalesce((SELECT renewed_at FROM destinations WHERE name = ?), 0) ORDER BY proven_at DESC LIMIT ?`,
    )
    .all(name, name, limit) as KnownPlace['proven'];
  return { place: place ?? null, proven };
}

export function rememberPlace(tx: Tx, name: string, place: string): void {
  ensureDestination(tx, name);
  tx.sql('UPDATE destinations SET place = ? WHERE name = ?').run(place, name);
}

export function renew(tx: Tx, name: string): DestinationStatus {
  ensureDestination(tx, name);
  tx.sql('UPDATE destinations SET renewed_at = ?, place = NULL WHERE name = ?').run(tx.now, name);
  probeSoon(tx, name);
  return mustFind(tx, name);
}

/** A cheap look, without the write lock. */
export function anyProbeDue(tx: Tx): boolean {
  return !isPaused(tx) && tx.sql('SELECT 1 FROM destinations WHERE block_reason IS NOT NULL AND probe_at <= ? LIMIT 1').get(tx.now) !== undefined;
}

export function ensureDestination(tx: Tx, name: string): void {
  tx.sql('INSERT INTO destinations (name, created_at) VALUES (?, ?) ON CONFLICT (name) DO NOTHING').run(name, tx.now);
}
