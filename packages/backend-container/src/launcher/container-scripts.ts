import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { CONTAINER_SCRIPT } from './scripts/container-script.ts';
import { FOLLOW_SCRIPT } from './scripts/follow-script.ts';

/** The scripts by their names in the folder. */
export const CONTAINER_SCRIPTS: Readonly<Record<string, string>> = { 'container.sh': CONTAINER_SCRIPT, 'follow.mjs': FOLLOW_SCRIPT };

/** The beginning of the SHA-256 of the scripts as JSON; held by a test, which says the right one. */
export const CONTAINER_SCRIPTS_VERSION: string = 'a37a801bce39579b';

/** The folder of this version's scripts, named by their content: a shell reads its script while it runs it. */
export function containerScriptsFolder(stateDir: string): string {
  return join(stateDir, 'launcher', `container-${CONTAINER_SCRIPTS_VERSION}`);
}

/** Makes sure that {@link containerScriptsFolder} is there, whole. Any number of processes may do so at once. */
export function installContainerScripts(stateDir: string): string {
  const folder = containerScriptsFolder(stateDir);
  if (existsSync(folder)) return folder;
  const staging = `${folder}.${String(process.pid)}.tmp`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(CONTAINER_SCRIPTS)) writeFileSync(join(staging, name), text, { mode: 0o600 });
  try {
    renameSync(staging, folder);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    // Another process was first, and what it made is the same.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
