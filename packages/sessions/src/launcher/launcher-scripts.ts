import { join } from 'node:path';

import { installScripts } from './script-folder.ts';
import { AGAIN_SCRIPT } from './scripts/again-script.ts';
import { EXEC_SCRIPT } from './scripts/exec-script.ts';
import { FINISH_SCRIPT } from './scripts/finish-script.ts';
import { INNER_SCRIPT } from './scripts/inner-script.ts';
import { JOB_SCRIPT } from './scripts/job-script.ts';
import { LIMIT_SCRIPT } from './scripts/limit-script.ts';
import { LAUNCHER_SCRIPT } from './scripts/launcher-script.ts';
import { LOOP_SCRIPT } from './scripts/loop-script.ts';
import { RECORD_SCRIPT } from './scripts/record-script.ts';
import { RESUME_SCRIPT } from './scripts/resume-script.ts';
import { TAKEOVER_SCRIPT } from './scripts/takeover-script.ts';

/** The scripts by their names in the folder. */
export const LAUNCHER_SCRIPTS: Readonly<Record<string, string>> = {
  'again.sh': AGAIN_SCRIPT,
  'exec.sh': EXEC_SCRIPT,
  'finish.sh': FINISH_SCRIPT,
  'inner.sh': INNER_SCRIPT,
  'job.sh': JOB_SCRIPT,
  'launcher.sh': LAUNCHER_SCRIPT,
  'limit.sh': LIMIT_SCRIPT,
  'loop.sh': LOOP_SCRIPT,
  'record.sh': RECORD_SCRIPT,
  'resume.sh': RESUME_SCRIPT,
  'takeover.sh': TAKEOVER_SCRIPT,
};

/** The beginning of the SHA-256 of the scripts as JSON. Written down, and held by a test: to compute it would make every command load crypto (8 ms). */
export const LAUNCHER_VERSION: string = '8af53738bf5826e5';

/** The folder of this version's scripts, named by their content. */
export function launcherFolder(stateDir: string): string {
  return join(stateDir, 'launcher', LAUNCHER_VERSION);
}

/** Makes sure that {@link launcherFolder} is there, whole. */
export function installLauncherScripts(stateDir: string): string {
  return installScripts(launcherFolder(stateDir), LAUNCHER_SCRIPTS);
}
