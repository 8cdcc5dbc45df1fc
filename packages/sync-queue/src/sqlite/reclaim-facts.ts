import { displayPath } from '@longhaul/sync-transports';
import type { RawPath } from '@longhaul/sync-transports';
import type { Proof } from '../job.ts';
import type { JobState } from '../job-state.ts';
import type { Owner } from '../owner.ts';
import { sourcesOverlap } from '../reclaim/overlap.ts';
import type { EndedReclaim, OpenReclaim, OverlappingJob, ReclaimAsker, ReclaimedResult, ReclaimFacts, ReclaimPlace } from '../reclaim/reclaim-store.ts';
import type { JobRow } from './job-row.ts';
import { iso, parse, parseSource, sourcePath } from './job-row.ts';
import { getJob } from './job-table.ts';
import type { Tx } from './queue-database.ts';

/** A row of `reclaims`. */
export interface ReclaimRow {
  readonly seq: number;
  readonly id: string;
  readonly source_id: string;
  readonly source: string;
  readonly source_json: string;
  readonly seal_id: string;
  readonly seal_digest: string;
  readonly state: 'open' | 'done' | 'stopped';
  readonly asked_by: ReclaimAsker;
  readonly without: string;
  readonly touched: 0 | 1;
  readonly owner_lapsed: 0 | 1;
  readonly epoch: number;
  readonly owner: string | null;
  readonly lease_until: number | null;
  readonly files_freed: number;
  readonly bytes_freed: number;
  readonly reason: string | null;
  readonly evidence: string | null;
  readonly begun_at: number;
  readonly ended_at: number | null;
}

const NOBODY: Owner = { host: 'unknown', bootId: '', pid: 0, processStartTime: '' };

/** A page by jobs, so that a read stays short whatever the number of sources. */
export function reclaimSources(tx: Tx, { after, limit }: { readonly after: number; readonly limit: number }): { readonly sourceIds: readonly string[]; readonly next: number | null } {
  const rows = tx
    .sql("SELECT seq, source_id AS sourceId FROM jobs INDEXED BY jobs_state WHERE state = 'VERIFIED' AND seq > ? ORDER BY seq LIMIT ?")
    .all(after, limit) as { seq: number; sourceId: string }[];
  return { sourceIds: [...new Set(rows.map(({ sourceId }) => sourceId))], next: rows.length < limit ? null : (rows.at(-1)?.seq ?? null) };
}

export function reclaimFacts(tx: Tx, sourceId: string): ReclaimFacts | null {
  const any = tx.sql('SELECT * FROM jobs WHERE source_id = ? ORDER BY seq DESC LIMIT 1').get(sourceId) as JobRow | undefined;
  if (any === undefined) return null;
  return {
    sourceId,
    source: parseSource(any.source_json),
    sourcePath: any.source,
    now: tx.now,
    places: meantFor(tx, sourceId).map((destination) => placeOf(tx, sourceId, destination)),
    active: activeIds(tx, sourceId).map((id) => getJob(tx, id)),
    open: openReclaimOf(tx, sourceId),
    last: lastReclaim(tx, sourceId),
  };
}

export function meantFor(tx: Tx, sourceId: string): readonly string[] {
  return tx.sql('SELECT destination FROM source_destinations WHERE source_id = ? ORDER BY destination').pluck().all(sourceId) as string[];
}

export function activeIds(tx: Tx, sourceId: string): readonly string[] {
  return tx.sql("SELECT id FROM jobs WHERE source_id = ? AND state IN ('QUEUED', 'RUNNING', 'AWAITING_VERIFY') ORDER BY seq").pluck().all(sourceId) as string[];
}

export function newestAt(tx: Tx, sourceId: string, destination: string): JobRow | undefined {
  return tx.sql('SELECT * FROM jobs WHERE source_id = ? AND destination = ? ORDER BY seq DESC LIMIT 1').get(sourceId, destination) as JobRow | undefined;
}

function placeOf(tx: Tx, sourceId: string, destination: string): ReclaimPlace {
  const row = newestAt(tx, sourceId, destination);
  const status = tx.sql('SELECT paused, block_reason, block_detail, probe_at FROM destinations WHERE name = ?').get(destination) as
    | { readonly paused: 0 | 1; readonly block_reason: string | null; readonly block_detail: string | null; readonly probe_at: number | null }
    | undefined;
  return {
    destination,
    job: row === undefined ? null : getJob(tx, row.id),
    finalName: row === undefined ? null : (row.final_name as RawPath),
    proofs: row === undefined ? [] : proofsThatCount(tx, row),
    paused: status?.paused === 1,
    block: status?.block_reason == null ? null : { detail: status.block_detail ?? status.block_reason, nextProbeAt: status.probe_at },
  };
}

/**
 * What was proven before the last publish or repair says nothing of what lies there now. The proof of that publish itself bears the time when its reading
 * began, which is before it.
 */
function proofsThatCount(tx: Tx, row: JobRow): ReclaimPlace['proofs'] {
  if (row.verified_at === null) return [];
  const rows = tx
    .sql(
      `SELECT job_id AS jobId, seal_id AS sealId, seal_digest AS sealDigest, destination, strength, at, files, bytes, occasion FROM proofs
       WHERE job_id = ? AND seal_digest = ? AND voided_at IS NULL
         AND (at >= ? OR seq = (SELECT max(seq) FROM proofs WHERE job_id = ? AND occasion = 'publish')) ORDER BY at, seq`,
    )
    .all(row.id, row.seal_digest, row.verified_at, row.id) as (Omit<Proof, 'at' | 'voidedAt'> & { readonly at: number })[];
  return rows.map((proof) => ({ ...proof, at: iso(proof.at), voidedAt: null }));
}

/** Jobs of sources inside this one, or around it, that still need its files: on their way, or failed and to be tried again. */
export function reclaimOverlaps(tx: Tx, sourceId: string): readonly OverlappingJob[] {
  const json = tx.sql('SELECT source_json FROM jobs WHERE source_id = ? ORDER BY seq DESC LIMIT 1').pluck().get(sourceId) as string | undefined;
  if (json === undefined) return [];
  const source = parseSource(json);
  const rows = tx
    .sql("SELECT id, source, source_json, state FROM jobs INDEXED BY jobs_state WHERE state IN ('QUEUED', 'RUNNING', 'AWAITING_VERIFY', 'FAILED') AND source_id <> ?")
    .all(sourceId) as { readonly id: string; readonly source: string; readonly source_json: string; readonly state: JobState }[];
  return rows.filter((row) => sourcesOverlap(source, parseSource(row.source_json))).map(({ id, source: path, state }) => ({ jobId: id, source: path, state }));
}

/** By the index of paths, so that it stays quick whatever the number of sources. */
export function reclaimNeighbours(tx: Tx, sourceId: string): readonly string[] {
  const json = tx.sql('SELECT source_json FROM jobs WHERE source_id = ? ORDER BY seq DESC LIMIT 1').pluck().get(sourceId) as string | undefined;
  if (json === undefined) return [];
  const source = parseSource(json);
  const path = sourcePath(source);
  const found = [
    ...foldersAbove(path).flatMap((folder) => sourcesShownAs(tx, 'source = ?', displayPath(folder))),
    ...shownBelow(path).flatMap((from) => sourcesShownAs(tx, 'source >= ? AND source < ?', `${from}/`, `${from}0`)),
  ];
  const others = new Map(found.map(({ source_id: id, source_json: at }) => [id, at]));
  others.delete(sourceId);
  return [...others].filter(([, at]) => sourcesOverlap(source, parseSource(at))).map(([id]) => id);
}

/** As its newest job has it; only what was meant for something since it was last freed. */
function sourcesShownAs(tx: Tx, where: 'source = ?' | 'source >= ? AND source < ?', ...paths: readonly string[]): readonly Pick<JobRow, 'source_id' | 'source_json'>[] {
  const meant = 'EXISTS (SELECT 1 FROM source_destinations d WHERE d.source_id = jobs.source_id)';
  return tx.sql(`SELECT source_id, source_json, max(seq) FROM jobs INDEXED BY jobs_source WHERE ${where} AND ${meant} GROUP BY source_id`).all(...paths) as Pick<JobRow, 'source_id' | 'source_json'>[];
}

function foldersAbove(path: RawPath): readonly RawPath[] {
  const parts = path.split('/').slice(1, -1);
  return ['/' as RawPath, ...parts.map((_, index) => `/${parts.slice(0, index + 1).join('/')}` as RawPath)];
}

/** How a path may begin as it is shown, where something lies below it: one byte that is no UTF-8, and all of it is shown in another way. */
function shownBelow(path: RawPath): readonly string[] {
  const folder = path === '/' ? '' : path;
  const other = displayPath(`${folder}/\xff` as RawPath);
  return [...new Set([folder === '' ? '' : displayPath(path), other.slice(0, other.lastIndexOf('/'))])];
}

function openReclaimOf(tx: Tx, sourceId: string): OpenReclaim | null {
  const row = tx.sql("SELECT * FROM reclaims WHERE source_id = ? AND state = 'open'").get(sourceId) as ReclaimRow | undefined;
  return row === undefined ? null : toOpen(tx, row);
}

export function openReclaims(tx: Tx): readonly OpenReclaim[] {
  return (tx.sql("SELECT * FROM reclaims INDEXED BY reclaims_open WHERE state = 'open' ORDER BY source_id").all() as ReclaimRow[]).map((row) => toOpen(tx, row));
}

export function jobsOf(tx: Tx, reclaimId: string): readonly string[] {
  return tx.sql('SELECT job_id FROM reclaim_places WHERE reclaim_id = ? ORDER BY job_id').pluck().all(reclaimId) as string[];
}

export function ownerOf(row: ReclaimRow): Owner {
  return parse<Owner>(row.owner) ?? NOBODY;
}

function toOpen(tx: Tx, row: ReclaimRow): OpenReclaim {
  return {
    lease: { reclaimId: row.id, epoch: row.epoch },
    sourceId: row.source_id,
    source: parseSource(row.source_json),
    sourcePath: row.source,
    sealId: row.seal_id,
    jobIds: jobsOf(tx, row.id),
    owner: ownerOf(row),
    remainingMs: (row.lease_until ?? 0) - tx.now,
    begunAt: iso(row.begun_at),
    askedBy: row.asked_by,
    without: JSON.parse(row.without) as string[],
    touched: row.touched === 1 ? 'yes' : 'no',
  };
}

function lastReclaim(tx: Tx, sourceId: string): EndedReclaim | null {
  const row = tx.sql("SELECT * FROM reclaims WHERE source_id = ? AND state <> 'open' ORDER BY seq DESC LIMIT 1").get(sourceId) as ReclaimRow | undefined;
  if (row === undefined || row.state === 'open') return null;
  return {
    id: row.id,
    state: row.state,
    sealDigest: row.seal_digest,
    filesFreed: row.files_freed,
    bytesFreed: row.bytes_freed,
    reason: row.reason ?? '',
    evidence: row.evidence,
    begunAt: iso(row.begun_at),
    endedAt: iso(row.ended_at ?? 0),
  };
}

export function reclaimedResult(tx: Tx, place: { readonly sourceId: string; readonly destination: string; readonly finalName: RawPath }): ReclaimedResult | null {
  const row = tx
    .sql(
      `SELECT r.* FROM reclaims r JOIN reclaim_places p ON p.reclaim_id = r.id
       WHERE r.source_id = ? AND r.touched = 1 AND p.destination = ? AND p.final_name = ? AND NOT EXISTS (
         SELECT 1 FROM jobs j WHERE j.source_id = r.source_id AND j.destination = p.destination AND j.final_name = p.final_name
           AND j.seal_digest = r.seal_digest AND j.verified_at > coalesce(r.ended_at, r.begun_at))
       ORDER BY r.seq DESC LIMIT 1`,
    )
    .get(place.sourceId, place.destination, place.finalName) as ReclaimRow | undefined;
  return row === undefined ? null : { sealDigest: row.seal_digest, reclaimId: row.id, at: iso(row.ended_at ?? row.begun_at) };
}
