import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { Claim } from './claim.ts';
import { isErrno } from './errno.ts';
import type { StateDirectory } from './state-directory.ts';

/** Begins with a dot: never a session's name, never a run's id. */
const REMOVED = '.removed-';

/** Forgets a session under a claim for removal: its env file, its claims, its name, in one step. Its runs stay. */
export function removeSessionFolder(claim: Claim, state: StateDirectory): void {
  const folder = state.session(claim.session);
  // Secrets first, should the rest fail.
  rmSync(join(folder, 'env'), { force: true });
  moveAwayAndDelete(folder, state.sessions);
}

/** Drops a run's folder in one step for every reader. */
export function removeRunFolder(path: string, state: StateDirectory): void {
  moveAwayAndDelete(path, state.runs);
}

/** Deletes what a crash has left half deleted. */
export function collectRemoved(state: StateDirectory): void {
  for (const folder of [state.sessions, state.runs]) {
    for (const name of namesIn(folder)) if (name.startsWith(REMOVED)) rmSync(join(folder, name), { recursive: true, force: true });
  }
}

function moveAwayAndDelete(path: string, parent: string): void {
  const grave = join(parent, `${REMOVED}${String(process.pid)}-${String(performance.now())}`);
  try {
    renameSync(path, grave);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return;
    throw error;
  }
  rmSync(grave, { recursive: true, force: true });
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
