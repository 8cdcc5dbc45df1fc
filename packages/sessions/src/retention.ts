import { existsSync, lstatSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { currentRun } from './current-run.ts';
import { isErrno } from './errno.ts';
import { diskBytes } from './log/disk-bytes.ts';
import { clearEndedMarker, hasUnsettledOutputs } from './output-settlement.ts';
import { listRuns } from './run-catalog.ts';
import type { RunDirectory } from './run-directory.ts';
import { runIdTime } from './run-id.ts';
import { observeRun } from './run-observation.ts';
import type { RunId } from './run-record.ts';
import { hasEnded, mayLive } from './run-verdict.ts';
import type { SessionName } from './session-name.ts';
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
  /** Runs that stay whatever the limits say: outputs of theirs are on their way, for instance. */
  readonly keep?: ReadonlySet<RunId> | undefined;
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
}

/** Where and how to look. */
export interface RetentionOptions {
  readonly state: StateDirectory;
  readonly world: World;
}

/**
 * Removes runs by policy (design §4.2). The current run of a session, one that may live, and one whose outputs are not in the queue stay.
 * Cheap where nothing is to go: records are read of those runs only that a limit may be about.
 */
export function prune(policy: RetentionPolicy, options: RetentionOptions): PruneReport {
  const goes = choose(policy, new RunFacts(options), options.state);
  if (policy.mode !== 'plan') {
    for (const { run } of goes) {
      removeRunFolder(run.path, options.state);
      forgetEnvironment(run, options);
      clearEndedMarker(options.state, run.runId);
    }
    collectRemoved(options.state);
  }
  return { removed: goes.map(({ run }) => run.runId), freedBytes: goes.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** A run's environment goes with it, unless it is what the session would be started again with: its first attempt may go before the last. */
function forgetEnvironment(run: RunDirectory, options: RetentionOptions): void {
  const current = existsSync(run.envFile) ? currentRun(run.session, options) : null;
  const isNeeded = current !== null && (current.reading.spec?.firstRunId ?? run.runId) === run.runId;
  if (!isNeeded) rmSync(run.envFile, { force: true });
}

/** Which go, oldest first. */
function choose({ maxRuns = Infinity, maxAgeMs = Infinity, maxBytes = Infinity, keep, now = Date.now() }: RetentionPolicy, facts: RunFacts, state: StateDirectory): readonly { readonly run: RunDirectory; readonly bytes: number }[] {
  if (maxRuns === Infinity && maxAgeMs === Infinity && maxBytes === Infinity) return [];
  const all = candidates(state);
  let total = maxBytes === Infinity ? 0 : all.reduce((sum, { run }) => sum + bytesOf(run.path), 0);
  return all.toReversed().flatMap(({ run, newer }) => {
    // A run ends after it was asked for, so one that was asked for lately is not old.
    const mayGo = newer >= maxRuns || now - runIdTime(run.runId).getTime() > maxAgeMs || total > maxBytes;
    const endedAt = mayGo && keep?.has(run.runId) !== true ? facts.endOf(run) : null;
    if (endedAt === null || !(newer >= maxRuns || now - endedAt > maxAgeMs || total > maxBytes)) return [];
    const bytes = bytesOf(run.path);
    total -= bytes;
    return [{ run, bytes }];
  });
}

/** All runs, newest first. */
function candidates(state: StateDirectory): readonly Candidate[] {
  const counts = new Map<string, number>();
  return listRuns(state).map((run) => {
    const newer = counts.get(run.session) ?? 0;
    counts.set(run.session, newer + 1);
    return { run, newer };
  });
}

/** What is known of runs, each session's current one looked for once. */
class RunFacts {
  readonly #options: RetentionOptions;
  readonly #current = new Map<SessionName, RunId | 'none' | 'unknown'>();

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** When a run ended, milliseconds since 1970; null where it stays whatever the limits say. */
  endOf(run: RunDirectory): number | null {
    const { state, world } = this.#options;
    if (this.#isCurrent(run) || hasUnsettledOutputs(state, run.runId)) return null;
    const { verdict } = observeRun(run, { world });
    if (mayLive(verdict)) return null;
    const recorded = hasEnded(verdict) && verdict.endedAt !== null ? Date.parse(verdict.endedAt) : NaN;
    return Number.isNaN(recorded) ? runIdTime(run.runId).getTime() : recorded;
  }

  #isCurrent({ session, runId }: RunDirectory): boolean {
    const current = this.#current.get(session) ?? this.#look(session);
    this.#current.set(session, current);
    // Where it cannot be told which one is current, none of the session's goes.
    return current === 'unknown' || current === runId;
  }

  #look(session: SessionName): RunId | 'none' | 'unknown' {
    try {
      return currentRun(session, this.#options)?.reading.run.runId ?? 'none';
    } catch {
      // A claim of a newer version.
      return 'unknown';
    }
  }
}

function bytesOf(path: string): number {
  try {
    // A run's folder is flat, and its links lead out of it.
    return readdirSync(path).reduce((sum, name) => {
      const found = lstatSync(join(path, name), { throwIfNoEntry: false });
      return found === undefined ? sum : sum + diskBytes(found);
    }, 0);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return 0;
    throw error;
  }
}
