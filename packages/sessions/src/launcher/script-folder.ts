import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Makes sure that a folder of scripts is there, whole. Any number of processes may do so at once. The folder is named by the content of its
 * scripts: a shell reads its script while it runs it, so one that a running launcher still reads must never change under it.
 */
export function installScripts(folder: string, scripts: Readonly<Record<string, string>>): string {
  if (existsSync(folder)) return folder;
  const staging = `${folder}.${String(process.pid)}.tmp`;
  rmSync(staging, { recursive: true, force: true });
  mkdirSync(staging, { recursive: true, mode: 0o700 });
  for (const [name, text] of Object.entries(scripts)) writeFileSync(join(staging, name), text, { mode: 0o600 });
  try {
    renameSync(staging, folder);
  } catch (error) {
    rmSync(staging, { recursive: true, force: true });
    // Another process was first, and what it made is the same.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** A private file that appears whole or not at all: a launcher of an earlier run may be reading the old one. */
export function writeWholeFile(path: string, text: string): void {
  const staging = `${path}.${String(process.pid)}.tmp`;
  try {
    writeFileSync(staging, text, { mode: 0o600 });
    renameSync(staging, path);
  } catch (error) {
    rmSync(staging, { force: true });
    throw error;
  }
}
