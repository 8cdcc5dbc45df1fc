import { readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { Claim } from './claim.ts';
import { isErrno } from './errno.ts';
import type { SessionName } from './session-name.ts';
import type { StateDirectory } from './state-directory.ts';

/** Begins with a dot: never a session's name, never a run's id. */
const REMOVED = '.removed-';

/** Forgets a session under a claim for removal: its env files, its claims, its name, in one step. Its runs stay. */
export function removeSessionFolder(claim: Claim, state: StateDirectory): void {
  const folder = state.session(claim.session);
  // Secrets first, should the rest fail.
  for (const name of namesIn(folder)) if (isEnvFile(name)) rmSync(join(folder, name), { force: true });
  moveAwayAndDelete(folder, state.sessions);
}

/**
 * Deletes the environments that no restart can need any more: all but those of these starts. One that a launcher may still read, for the hook of a
 * run that has just ended, is among them.
 */
export function removeEnvFiles(session: SessionName, { keep, state }: { readonly keep: readonly string[]; readonly state: StateDirectory }): void {
  const folder = state.session(session);
  for (const name of namesIn(folder)) if (isEnvFile(name) && !keep.includes(join(folder, name))) rmSync(join(folder, name), { force: true });
}

/** Also what a crash left half written. */
function isEnvFile(name: string): boolean {
  return name === 'env' || name.startsWith('env.');
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
