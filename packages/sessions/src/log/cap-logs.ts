import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';

import { isErrno } from '../errno.ts';
import { STATE_FOLDERS } from '../run-files.ts';
import type { RunId } from '../run-record.ts';
import type { RunStore } from '../run-store.ts';
import type { SessionName } from '../session-name.ts';
import { asSessionName } from '../session-name.ts';
import type { CapOutcome } from './cap-log.ts';
import { capRun } from './cap-run.ts';
import type { HolePuncher } from './punch-hole.ts';

/** A marker of a name that is just being claimed may come before its run. Milliseconds. */
const FRESH_MS = 60_000;

/** What came of a look at the log of one session. */
export interface CappedLog {
  readonly session: SessionName;
  readonly runId: RunId;
  readonly outcome: CapOutcome;
}

/**
 * Holds the logs of all sessions to their limits (design §4.6). Called where a program of ours runs anyway, and by what the
 * launcher of a run with a limit starts every half minute. Costs one folder where nobody has a limit.
 */
export async function capLogs(runs: RunStore, punch?: HolePuncher): Promise<readonly CappedLog[]> {
  const folder = join(runs.stateDir, STATE_FOLDERS.limited);
  const looked: CappedLog[] = [];
  for (const session of limitedSessions(folder)) {
    const run = runs.observeCurrent(session)?.reading.run ?? null;
    const outcome = run === null ? null : await capRun(run, punch);
    if (run !== null && outcome !== null) looked.push({ session, runId: run.runId, outcome });
    else forgetOld(join(folder, session));
  }
  return looked;
}

function limitedSessions(folder: string): readonly SessionName[] {
  try {
    return readdirSync(folder).map(asSessionName).filter((name) => name !== null);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}

/** Removed since, or started again without a limit. */
function forgetOld(marker: string): void {
  const found = statSync(marker, { throwIfNoEntry: false });
  if (found !== undefined && Date.now() - found.mtimeMs > FRESH_MS) rmSync(marker, { force: true });
}
