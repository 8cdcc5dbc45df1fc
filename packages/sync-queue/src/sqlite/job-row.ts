import type { TransportErrorKind } from '@longhaul/errors';
import { displayPath, rawPathFromBytes } from '@longhaul/sync-transports';
import type { RawPath, ReceiptRun, SealSource, SourceFilter, TransferProgress } from '@longhaul/sync-transports';
import type { HoldReason, HashingProgress, Job, JobPhase } from '../job.ts';
import type { JobState } from '../job-state.ts';
import type { Owner } from '../owner.ts';

/** A row of `jobs` as SQLite gives it. */
export interface JobRow {
  readonly seq: number;
  readonly id: string;
  readonly state: JobState;
  /** 1: claimable now; 0: from `due_at` on; null: not claimable (leased, or not waiting). */
  readonly due: 0 | 1 | null;
  readonly due_at: number | null;
  readonly source: string;
  readonly source_id: string;
  readonly source_json: string;
  readonly destination: string;
  readonly final_name: string;
  readonly run: string | null;
  readonly run_id: string | null;
  readonly session: string | null;
  readonly next_run: string | null;
  /** As `source_json`: what the next claim, or the job after this one, is to seal. */
  readonly next_source: string | null;
  readonly priority: number;
  readonly generation: number;
  readonly seal_needed: 0 | 1;
  readonly seal_id: string | null;
  readonly seal_digest: string | null;
  readonly staged_digest: string | null;
  readonly files_total: number | null;
  readonly bytes_total: number | null;
  readonly progress: string | null;
  readonly hashing: string | null;
  readonly phase: JobPhase | null;
  readonly attempts: number;
  readonly recoveries: number;
  readonly reseals: number;
  readonly mismatches: number;
  readonly blind_repeats: number;
  readonly epoch: number;
  readonly owner: string | null;
  readonly lease_until: number | null;
  readonly cancel_requested: 0 | 1;
  readonly requests: number;
  readonly hold: HoldReason | null;
  readonly hold_detail: string | null;
  readonly hold_since: number | null;
  readonly error_kind: TransportErrorKind | null;
  readonly last_error: string | null;
  readonly evidence: string | null;
  readonly hint: string | null;
  readonly requeue_when_answers: 0 | 1;
  readonly auto_requeued: 0 | 1;
  readonly staging: 'none' | 'present' | 'abandoned';
  readonly staging_due_at: number | null;
  readonly created_at: number;
  readonly updated_at: number;
  readonly verified_at: number | null;
  readonly proven_at: number | null;
  readonly audit_after: number | null;
  readonly damage: string | null;
}

/** What the destination adds when a job is shown. */
export interface DestinationPart {
  readonly d_paused: 0 | 1;
  readonly d_block_reason: 'breaker' | 'no_space' | null;
  readonly d_block_detail: string | null;
  readonly d_probe_at: number | null;
  /** When the whole queue was paused; 0: it is not. */
  readonly q_paused_at: number;
}

/** Selects everything that {@link toJob} needs. */
export const SELECT_JOB =
  `SELECT j.*, d.paused AS d_paused, d.block_reason AS d_block_reason, d.block_detail AS d_block_detail, d.probe_at AS d_probe_at,
   (SELECT value FROM counters WHERE name = 'paused_at') AS q_paused_at
   FROM jobs j JOIN destinations d ON d.name = j.destination`;

/** What an earlier phase, or a worker that died, has left there says nothing. */
function hashingOf(row: JobRow): HashingProgress | null {
  const hashing = row.lease_until === null ? null : parse<HashingProgress>(row.hashing);
  return hashing?.phase === row.phase ? hashing : null;
}

/** The public form of a row. What a job waits for is decided here, so that a blocked destination is one row and not a million. */
export function toJob(row: JobRow & DestinationPart, now: number): Job {
  const leased = row.lease_until !== null;
  return {
    id: row.id,
    state: row.state,
    source: row.source,
    filter: parseSource(row.source_json).filter ?? null,
    sourceId: row.source_id,
    destination: row.destination,
    finalName: displayPath(row.final_name as RawPath),
    generation: row.generation,
    sealId: row.seal_id,
    sealDigest: row.seal_digest,
    bytesTotal: row.bytes_total,
    filesTotal: row.files_total,
    progress: parse<TransferProgress>(row.progress),
    hashing: hashingOf(row),
    attempts: row.attempts,
    recoveries: row.recoveries,
    reseals: row.reseals,
    mismatches: row.mismatches,
    epoch: row.epoch,
    owner: parse<Owner>(row.owner),
    leaseUntil: isoOrNull(row.lease_until),
    ...waiting(row, now),
    phase: leased ? row.phase : null,
    cancelRequested: row.cancel_requested === 1,
    errorKind: row.error_kind,
    lastError: row.last_error,
    evidence: row.evidence,
    hint: row.hint,
    run: parse<ReceiptRun>(row.run),
    priority: row.priority,
    createdAt: iso(row.created_at),
    updatedAt: iso(row.updated_at),
    verifiedAt: isoOrNull(row.verified_at),
    provenAt: isoOrNull(row.proven_at),
    damage: row.damage,
  };
}

function waiting(row: JobRow & DestinationPart, now: number): Pick<Job, 'hold' | 'holdDetail' | 'nextAttemptAt'> {
  if (row.due === null) return { hold: null, holdDetail: null, nextAttemptAt: null };
  const dueAt = row.due === 0 && row.due_at !== null && row.due_at > now ? row.due_at : null;
  if (row.q_paused_at > 0) return { hold: 'paused', holdDetail: `the whole queue is paused since ${iso(row.q_paused_at)}`, nextAttemptAt: isoOrNull(dueAt) };
  if (row.d_paused === 1) return { hold: 'paused', holdDetail: `destination ${row.destination} is paused`, nextAttemptAt: isoOrNull(dueAt) };
  if (row.d_block_reason !== null) return { hold: row.d_block_reason, holdDetail: row.d_block_detail, nextAttemptAt: isoOrNull(later(dueAt, row.d_probe_at)) };
  return dueAt === null ? { hold: null, holdDetail: null, nextAttemptAt: null } : { hold: row.hold, holdDetail: row.hold_detail, nextAttemptAt: iso(dueAt) };
}

function later(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

/** The source, with its device as the big integer it is. */
export function parseSource(json: string): SealSource {
  const stored = JSON.parse(json) as { kind: SealSource['kind']; root: string; name: string; dev: string; filter?: SourceFilter };
  return { kind: stored.kind, root: stored.root as RawPath, name: stored.name as RawPath, dev: BigInt(stored.dev), ...(stored.filter === undefined ? {} : { filter: stored.filter }) };
}

export function sourceJson(source: SealSource): string {
  return JSON.stringify({ ...source, dev: String(source.dev) });
}

/** Real path of what is pushed. A single file as source: its folder is the root. */
export function sourcePath(source: SealSource): RawPath {
  if (source.kind === 'directory') return source.root;
  const parts = [source.root === '/' ? '' : source.root, source.name].join('/');
  return rawPathFromBytes(Buffer.from(parts, 'latin1'));
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}

export function isoOrNull(ms: number | null): string | null {
  return ms === null ? null : iso(ms);
}

/** What a JSON column of ours holds. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- what we wrote ourselves has the type that the caller names
export function parse<T>(json: string | null): T | null {
  return json === null ? null : (JSON.parse(json) as T);
}
