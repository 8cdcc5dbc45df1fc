import { count, isLonghaulError, LeaseLostError } from '@longhaul/errors';
import type { RawPath } from '@longhaul/sync-transports';
import type { Job } from '../job.ts';
import type { JobState } from '../job-state.ts';
import type { Owner } from '../owner.ts';
import type { AuditBudget, ClaimedVerifyPass, Repair, VerifyPassClaim, VerifyPassOutcome, VerifyPassRef, VerifyPassRequest } from '../verify-pass.ts';
import { reportStaging } from './claim.ts';
import type { JobRow } from './job-row.ts';
import { parseSource } from './job-row.ts';
import { getJob, getRow, remark, transition, updateRow } from './job-table.ts';
import { insertProof, provenAt, voidProofs } from './proof-table.ts';
import type { Tx } from './queue-database.ts';
import { isPaused } from './queue-status.ts';
import { isBeingReclaimed } from './reclaim-table.ts';
import { FRESH_BUDGET, requeue } from './requests.ts';

/** What is published, and may have lost its local copy. */
const PUBLISHED: readonly JobState[] = ['VERIFIED', 'CLEANUP_ELIGIBLE', 'CLEANED'];
const PUBLISHED_SQL = "('VERIFIED', 'CLEANUP_ELIGIBLE', 'CLEANED')";
const DAY_MS = 24 * 60 * 60_000;
/** Ended passes are remembered for the budget, and a while longer for people who look into the file. */
const KEPT_MS = 30 * DAY_MS;
const FORGOTTEN_AT_ONCE = 100;
/** A destination that could not be told from a damaged one must not be asked without end. */
const LEAST_DELAY_MS = 1000;

type AuditTarget = Extract<VerifyPassRequest['target'], { occasion: 'audit' }>;

interface PassRow {
  readonly seq: number;
  readonly job_id: string;
  readonly occasion: ClaimedVerifyPass['occasion'];
  readonly owner: string;
  readonly started_at: number;
}

/** A cheap look, without the write lock: idle workers ask often. */
export function auditDue(tx: Tx, { budget, destinations }: AuditTarget): boolean {
  const row = oldest(tx, { everyMs: budget.everyMs, destinations });
  return row !== null && hasBudget(tx, row, budget);
}

/** @throws JobNotFoundError */
export function claimVerifyPass(tx: Tx, request: VerifyPassRequest): VerifyPassClaim {
  endLapsed(tx);
  const { target } = request;
  if (target.occasion === 'audit') return claimAudit(tx, { ...request, target });
  const row = getRow(tx, target.jobId);
  const holder = tx.sql('SELECT owner FROM verify_passes WHERE job_id = ? AND lease_until IS NOT NULL').pluck().get(row.id) as string | undefined;
  if (holder !== undefined) return { kind: 'busy', owner: JSON.parse(holder) as Owner };
  if (!PUBLISHED.includes(row.state)) return { kind: 'not_there', job: getJob(tx, row.id) };
  return begin(tx, row, request);
}

/** Passes whose owner has not renewed them: that they were lost is all that is known. One may have staged something to mend a result. */
function endLapsed(tx: Tx): void {
  const lost = tx.sql("UPDATE verify_passes SET lease_until = NULL, outcome = 'lost' WHERE lease_until <= ? RETURNING job_id").pluck().all(tx.now) as string[];
  for (const jobId of lost) reportStaging(tx, jobId);
  tx.sql(`DELETE FROM verify_passes WHERE seq IN (SELECT seq FROM verify_passes WHERE started_at < ? AND lease_until IS NULL ORDER BY started_at LIMIT ${FORGOTTEN_AT_ONCE})`).run(tx.now - KEPT_MS);
}

function claimAudit(tx: Tx, request: VerifyPassRequest & { readonly target: AuditTarget }): VerifyPassClaim {
  const { budget, destinations } = request.target;
  const row = oldest(tx, { everyMs: budget.everyMs, destinations });
  // Never a smaller one out of turn: the large ones would never be looked at.
  if (row === null || !hasBudget(tx, row, budget)) return { kind: 'none' };
  return begin(tx, row, request);
}

/** The result proven longest ago, of the destinations that are neither paused nor blocked. One seek per destination. */
function oldest(tx: Tx, { everyMs, destinations }: { readonly everyMs: number; readonly destinations?: readonly string[] | undefined }): JobRow | null {
  if (isPaused(tx)) return null;
  const open = (tx.sql('SELECT name FROM destinations WHERE paused = 0 AND block_reason IS NULL').pluck().all() as string[]).filter((name) => destinations?.includes(name) ?? true);
  const heads = open.flatMap((name) => {
    const head = tx
      .sql(
        `SELECT * FROM jobs INDEXED BY jobs_proven WHERE destination = ? AND proven_at IS NOT NULL AND proven_at <= ? AND (audit_after IS NULL OR audit_after <= ?)
         AND state IN ${PUBLISHED_SQL} AND NOT EXISTS (SELECT 1 FROM verify_passes p WHERE p.job_id = jobs.id AND p.lease_until > ?)
         ORDER BY proven_at LIMIT 1`,
      )
      .get(name, tx.now - everyMs, tx.now, tx.now) as JobRow | undefined;
    return head === undefined ? [] : [head];
  });
  return heads.reduce<JobRow | null>((first, head) => (first === null || (head.proven_at ?? 0) < (first.proven_at ?? 0) ? head : first), null);
}

function hasBudget(tx: Tx, row: JobRow, { maxFilesPerDay, maxBytesPerDay }: AuditBudget): boolean {
  const spent = tx.sql("SELECT coalesce(sum(files), 0) AS files, coalesce(sum(bytes), 0) AS bytes FROM verify_passes WHERE started_at > ? AND occasion = 'audit'").get(tx.now - DAY_MS) as {
    readonly files: number;
    readonly bytes: number;
  };
  return fits(spent.files, { more: row.files_total ?? 0, limit: maxFilesPerDay }) && fits(spent.bytes, { more: row.bytes_total ?? 0, limit: maxBytesPerDay });
}

function fits(spent: number, { more, limit }: { readonly more: number; readonly limit: number | null }): boolean {
  return limit === null || spent === 0 || spent + more <= limit;
}

function begin(tx: Tx, row: JobRow, { owner, leaseMs, target: { occasion } }: VerifyPassRequest): VerifyPassClaim {
  const pass = tx
    .sql('INSERT INTO verify_passes (job_id, occasion, owner, started_at, lease_until, files, bytes) VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING seq')
    .pluck()
    .get(row.id, occasion, JSON.stringify(owner), tx.now, tx.now + leaseMs, row.files_total ?? 0, row.bytes_total ?? 0) as number;
  const epoch = tx.sql("UPDATE counters SET value = value + 1 WHERE name = 'epoch' RETURNING value").pluck().get() as number;
  return { kind: 'claimed', pass: { ref: { jobId: row.id, pass }, epoch, job: getJob(tx, row.id), source: parseSource(row.source_json), finalName: row.final_name as RawPath, occasion } };
}

/** @throws LeaseLostError */
export function renewVerifyPass(tx: Tx, { jobId, pass }: VerifyPassRef, leaseMs: number): void {
  const { changes } = tx.sql('UPDATE verify_passes SET lease_until = ? WHERE seq = ? AND job_id = ? AND lease_until > ?').run(tx.now + leaseMs, pass, jobId, tx.now);
  if (changes === 0) throw new LeaseLostError(jobId, { context: { pass } });
}

/**
 * Proof, history, repair: one transaction. A pass whose lease has lapsed is not settled: its machine slept, perhaps, and what it read is long ago.
 * @throws LeaseLostError
 */
export function settleVerifyPass(tx: Tx, { jobId, pass }: VerifyPassRef, outcome: VerifyPassOutcome): Job {
  const ended = tx.sql('UPDATE verify_passes SET lease_until = NULL, outcome = ? WHERE seq = ? AND job_id = ? AND lease_until > ? RETURNING *').get(outcome.kind, pass, jobId, tx.now) as PassRow | undefined;
  if (ended === undefined) throw new LeaseLostError(jobId, { context: { pass } });
  const row = getRow(tx, jobId);
  // Cancelled or sent again meanwhile: what was found is about what was there before.
  if (PUBLISHED.includes(row.state)) apply(tx, row, { outcome, occasion: ended.occasion, began: ended.started_at });
  else remark(tx, row, { reason: `${BY[ended.occasion]} ended too late: the job is ${row.state} by now`, evidence: outcome.evidence });
  return getJob(tx, jobId);
}

const BY: Readonly<Record<PassRow['occasion'], string>> = { audit: 'the audit', verify: 'the verify pass', reclaim: 'the last check before reclaim' };

interface Ended {
  readonly outcome: VerifyPassOutcome;
  readonly occasion: PassRow['occasion'];
  /** When it was claimed: nothing was read before that. */
  readonly began: number;
}

function apply(tx: Tx, row: JobRow, { outcome, occasion, began }: Ended): void {
  const by = BY[occasion];
  switch (outcome.kind) {
    case 'proven':
      updateRow(tx, row, provenAt(insertProof(tx, row, { proof: outcome.proof, occasion, began })));
      remark(tx, row, { reason: `${by} proved it again`, evidence: outcome.evidence });
      break;
    case 'damaged':
      damaged(tx, row, { outcome, by, began });
      break;
    case 'unknown':
      updateRow(tx, row, { audit_after: tx.now + Math.max(LEAST_DELAY_MS, outcome.delayMs) });
      remark(tx, row, { reason: `${by} could not look: neither proven nor damaged`, evidence: outcome.evidence });
      break;
    case 'superseded':
      updateRow(tx, row, { proven_at: null, damage: null });
      remark(tx, row, { reason: `${by} found a newer generation in its place`, evidence: outcome.evidence });
      break;
  }
}

function damaged(tx: Tx, row: JobRow, { outcome, by, began }: { readonly outcome: Extract<VerifyPassOutcome, { kind: 'damaged' }>; readonly by: string; readonly began: number }): void {
  const { evidence, repair } = outcome;
  voidProofs(tx, row);
  updateRow(tx, row, { damage: evidence, audit_after: tx.now + DAY_MS });
  remark(tx, row, { reason: `${by} found damage`, evidence });
  if (repair.kind === 'mended') mended(tx, row, { ...repair, began });
  else if (repair.kind === 'stay') standing(tx, row, repair.why);
  else if (row.state === 'CLEANED') standing(tx, row, 'its local copy has been reclaimed');
  // The reaper has it in hand: without proofs it lets go, and the next audit comes soon.
  else if (row.state === 'CLEANUP_ELIGIBLE' && isBeingReclaimed(tx, row.id)) standing(tx, row, 'its local copy is just being reclaimed');
  else sendAgain(tx, row, evidence);
}

function mended(tx: Tx, row: JobRow, { from, proof, began }: Extract<Repair, { kind: 'mended' }> & { readonly began: number }): void {
  const at = insertProof(tx, row, { proof, occasion: 'publish', began });
  updateRow(tx, row, { ...provenAt(at), verified_at: tx.now });
  remark(tx, row, { reason: `mended with the copy of ${from}, and proven`, evidence: `${count(proof.files, 'file')}, ${count(proof.bytes, 'byte')}, by ${proof.strength}` });
}

function sendAgain(tx: Tx, row: JobRow, evidence: string): void {
  if (row.state === 'CLEANUP_ELIGIBLE') transition(tx, row, 'VERIFIED', { note: { reason: 'audit found damage: nothing is reclaimed', evidence } });
  try {
    // Mismatches: what is in place must not be believed by its receipt or its times.
    requeue(tx, { ...row, state: 'VERIFIED' }, { changes: { ...FRESH_BUDGET, mismatches: 1, seal_needed: 0 }, note: { reason: 'audit found damage', evidence } });
  } catch (error) {
    if (!isLonghaulError(error, 'JOB_CONFLICT')) throw error;
    remark(tx, { ...row, state: 'VERIFIED' }, { reason: 'a newer generation is on its way there already: that mends it', evidence });
  }
}

function standing(tx: Tx, row: JobRow, why: string): void {
  remark(tx, row, { reason: `not repaired: ${why}` });
}
