import { join } from 'node:path';

import { installScripts } from '@longhaul/sessions';

import { BEGIN_SCRIPT } from './scripts/begin-script.ts';
import { CONTAINER_SCRIPT } from './scripts/container-script.ts';
import { END_SCRIPT } from './scripts/end-script.ts';
import { FOLLOW_SCRIPT } from './scripts/follow-script.ts';
import { LIFE_SCRIPT } from './scripts/life-script.ts';

/** The scripts by their names in the folder. */
export const CONTAINER_SCRIPTS: Readonly<Record<string, string>> = {
  'container.sh': CONTAINER_SCRIPT,
  'begin.sh': BEGIN_SCRIPT,
  'life.sh': LIFE_SCRIPT,
  'end.sh': END_SCRIPT,
  'follow.mjs': FOLLOW_SCRIPT,
};

/** The beginning of the SHA-256 of the scripts as JSON; held by a test, which says the right one. */
export const CONTAINER_SCRIPTS_VERSION: string = '68dd65f79c7d5242';

/** The folder of this version's scripts, named by their content: a shell reads its script while it runs it. */
export function containerScriptsFolder(stateDir: string): string {
  return join(stateDir, 'launcher', `container-${CONTAINER_SCRIPTS_VERSION}`);
}

/** Makes sure that {@link containerScriptsFolder} is there, whole. */
export function installContainerScripts(stateDir: string): string {
  return installScripts(containerScriptsFolder(stateDir), CONTAINER_SCRIPTS);
}
