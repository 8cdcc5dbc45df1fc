import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { AGAIN_SCRIPT } from './scripts/again-script.ts';
import { EXEC_SCRIPT } from './scripts/exec-script.ts';
import { FINISH_SCRIPT } from './scripts/finish-script.ts';
import { INNER_SCRIPT } from './scripts/inner-script.ts';
import { JOB_SCRIPT } from './scripts/job-script.ts';
import { LAUNCHER_SCRIPT } from './scripts/launcher-script.ts';
import { LOOP_SCRIPT } from './scripts/loop-script.ts';
import { RECORD_SCRIPT } from './scripts/record-script.ts';

/** The scripts by their names in the folder. */
export const LAUNCHER_SCRIPTS: Readonly<Record<string, string>> = {
  'again.sh': AGAIN_SCRIPT,
  'exec.sh': EXEC_SCRIPT,
  'finish.sh': FINISH_SCRIPT,
  'inner.sh': INNER_SCRIPT,
  'job.sh': JOB_SCRIPT,
  'launcher.sh': LAUNCHER_SCRIPT,
  'loop.sh': LOOP_SCRIPT,
  'record.sh': RECORD_SCRIPT,
};

/** The beginning of the SHA-256 of the scripts as JSON. Written down, and held by a test: to compute it would make every command load crypto (8 ms). */
export const LAUNCHER_VERSION: string = 'da9006201399a72b';

/**
 * The folder of this version's scripts. Named by their content: a shell reads its script while it runs it, so a script that a
 * running launcher still reads must never change under it.
 */
export function launcherFolder(stateDir: string): string {
  return join(stateDir, 'launcher', LAUNCHER_VERSION);
}

/** Makes sure that {@link launcherFolder} is there, whole. Any number of processes may do so at once. */
export function installLauncherScripts(stateDir: string): string {
  const folder = launcherFolder(stateDir);
  if (existsSync(folder)) return folder;
  const staging = `${folder}.${String(process.pid)}.tmp`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(LAUNCHER_SCRIPTS)) writeFileSync(join(staging, name), text, { mode: 0o600 });
  try {
    renameSync(staging, folder);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    // Another process was first, and what it made is the same.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
