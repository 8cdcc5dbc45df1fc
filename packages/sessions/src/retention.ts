import { lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { currentRun } from './current-run.ts';
import { isErrno } from './errno.ts';
import { hasUnsettledOutputs } from './output-settlement.ts';
import { listRuns } from './run-catalog.ts';
import type { RunDirectory } from './run-directory.ts';
import { runIdTime } from './run-id.ts';
import { observeRun } from './run-observation.ts';
import type { RunId } from './run-record.ts';
import { hasEnded, mayLive } from './run-verdict.ts';
import { collectRemoved, removeRunFolder } from './session-removal.ts';
import type { StateDirectory } from './state-directory.ts';
import type { World } from './world.ts';

/** What may go. A run goes when any of the limits says so; without limits nothing goes. */
export interface RetentionPolicy {
  /** Runs kept of each session, the current one counted. */
  readonly maxRuns?: number | undefined;
  /** Milliseconds since the end of a run. */
  readonly maxAgeMs?: number | undefined;
  /** Bytes on disk of all runs together; the oldest go first. */
  readonly maxBytes?: number | undefined;
  /** `plan` only says what would go. Default: `remove`. */
  readonly mode?: 'plan' | 'remove' | undefined;
  /** Milliseconds since 1970. */
  readonly now?: number | undefined;
}

/** What went, or would go. */
export interface PruneReport {
  readonly removed: readonly RunId[];
  /** Blocks on disk, not lengths: a log with punched holes frees less. */
  readonly freedBytes: number;
}

interface Candidate {
  readonly run: RunDirectory;
  /** How many newer runs its session has. */
  readonly newer: number;
  readonly bytes: number;
  /** Milliseconds since 1970; null where the run is kept whatever the policy says. */
  readonly endedAt: number | null;
}

/** Where and how to look. */
export interface RetentionOptions {
  readonly state: StateDirectory;
  readonly world: World;
}

/** Removes runs by policy (design §4.2). The current run of a session, one that may live, and one whose outputs are not in the queue stay. */
export function prune(policy: RetentionPolicy, options: RetentionOptions): PruneReport {
  const goes = choose(candidates(options), policy);
  if (policy.mode !== 'plan') {
    for (const { run } of goes) removeRunFolder(run.path, options.state);
    collectRemoved(options.state);
  }
  return { removed: goes.map(({ run }) => run.runId), freedBytes: goes.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Pure: which of these go. Given newest first, returned oldest first. */
function choose(all: readonly Candidate[], { maxRuns = Infinity, maxAgeMs = Infinity, maxBytes = Infinity, now = Date.now() }: RetentionPolicy): readonly Candidate[] {
  let total = all.reduce((sum, { bytes }) => sum + bytes, 0);
  return all.toReversed().filter(({ endedAt, newer, bytes }) => {
    if (endedAt === null) return false;
    const goes = newer >= maxRuns || now - endedAt > maxAgeMs || total > maxBytes;
    if (goes) total -= bytes;
    return goes;
  });
}

function candidates({ state, world }: RetentionOptions): readonly Candidate[] {
  const counts = new Map<string, number>();
  return listRuns(state).map((run) => {
    const newer = counts.get(run.session) ?? 0;
    counts.set(run.session, newer + 1);
    return { run, newer, bytes: bytesOf(run.path), endedAt: endOf(run, { state, world }) };
  });
}

function endOf(run: RunDirectory, { state, world }: RetentionOptions): number | null {
  const { verdict } = observeRun(run, { world });
  if (mayLive(verdict) || hasUnsettledOutputs(state, run.runId) || isCurrent(run, { state, world })) return null;
  const recorded = hasEnded(verdict) && verdict.endedAt !== null ? Date.parse(verdict.endedAt) : NaN;
  return Number.isNaN(recorded) ? runIdTime(run.runId).getTime() : recorded;
}

function isCurrent(run: RunDirectory, { state, world }: RetentionOptions): boolean {
  try {
    return currentRun(run.session, { state, world })?.claim.runId === run.runId;
  } catch {
    // A claim of a newer version: which run is current cannot be told, so none of this session's goes.
    return true;
  }
}

function bytesOf(path: string): number {
  try {
    // A run's folder is flat, and its links lead out of it.
    return readdirSync(path).reduce((sum, name) => sum + diskBytes(join(path, name)), 0);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0;
    throw error;
  }
}

function diskBytes(path: string): number {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return 0;
  // Holes make the blocks fewer, what a file system sets aside for a file that was growing makes them more.
  return Math.min(found.blocks * 512, Math.ceil(found.size / 4096) * 4096);
}
