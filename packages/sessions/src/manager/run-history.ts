import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';

import type { RunFilter } from '../run-catalog.ts';
import type { RunDirectory } from '../run-directory.ts';
import { RUN_FILES } from '../run-files.ts';
import { runIdTime } from '../run-id.ts';
import type { RunStore } from '../run-store.ts';
import type { SessionState } from '../session-state.ts';
import type { SessionStatus } from '../session-status.ts';

/** Which runs of the history are wanted; `limit` counts those that match. */
export interface HistoryFilter extends RunFilter {
  readonly states?: ReadonlySet<SessionState> | undefined;
  /** `nonzero`: ended in any way but with code 0, also where nobody knows the code. */
  readonly exitCode?: number | 'nonzero' | undefined;
  /** Only runs that went on at this moment or later. */
  readonly since?: Date | undefined;
}

/** Runs are looked for in steps, so that the last ten of many thousand cost ten; each step reads the folder of runs once. */
const FIRST_STEP = 100;
const LAST_STEP = 10_000;

/** The runs that match, newest first. Nothing is started; in memory are the matches and one step. */
export async function runHistory(filter: HistoryFilter, runs: RunStore): Promise<readonly SessionStatus[]> {
  const { session, limit = Infinity } = filter;
  const found: SessionStatus[] = [];
  let { before } = filter;
  for (let step = isPlain(filter) ? limit : FIRST_STEP; found.length < limit; step = Math.min(step * 10, LAST_STEP)) {
    const page = await runs.runs({ session, before, limit: step });
    for (const run of page) {
      if (found.length >= limit) break;
      const status = matching(run, filter, runs);
      if (status !== null) found.push(status);
    }
    before = page.at(-1)?.runId;
    if (before === undefined || page.length < step) break;
  }
  return found;
}

/** Every run matches: one step is enough. */
function isPlain({ states, exitCode, since }: HistoryFilter): boolean {
  return states === undefined && exitCode === undefined && since === undefined;
}

function matching(run: RunDirectory, { states, exitCode, since }: HistoryFilter, runs: RunStore): SessionStatus | null {
  if (since !== undefined && isLongOver(run, since)) return null;
  const status = runs.status(run);
  if (states !== undefined && !states.has(status.state)) return null;
  if (exitCode !== undefined && !hasCode(status, exitCode)) return null;
  return since === undefined || wentOnAt(status, run, since) ? status : null;
}

/** Two looks instead of ten files: nothing was written into the folder of a run that ended since. */
function isLongOver(run: RunDirectory, since: Date): boolean {
  return runIdTime(run.runId) < since && touchedAt(run) < since.getTime() && existsSync(join(run.path, RUN_FILES.exit));
}

function wentOnAt(status: SessionStatus, run: RunDirectory, since: Date): boolean {
  if (status.endedAt !== null) return Date.parse(status.endedAt) >= since.getTime();
  // Of one that was interrupted nobody knows when: the last thing that was written there is the latest sign of it.
  return !ENDED.has(status.state) || runIdTime(run.runId) >= since || touchedAt(run) >= since.getTime();
}

const ENDED: ReadonlySet<SessionState> = new Set(['exited', 'stopped']);

function hasCode({ exitCode, state }: SessionStatus, wanted: number | 'nonzero'): boolean {
  return wanted === 'nonzero' ? ENDED.has(state) && exitCode !== 0 : exitCode === wanted;
}

/** When an entry of the run's folder was last made or replaced; never for a folder that retention took since. */
function touchedAt({ path }: RunDirectory): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
