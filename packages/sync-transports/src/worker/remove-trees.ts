import { chmodSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import type { AbortFlag } from './abort-flag.ts';
import { absolutePath, errnoOf } from './raw-fs.ts';
import type { RemoveTask } from './tasks.ts';

/**
 * Deletes trees by their bytes: Node's own recursive rm takes names for UTF-8 and stops at folders without write permission.
 * Symlinks are removed, never followed.
 */
export function removeTrees(task: RemoveTask, abort: AbortFlag): null {
  for (const path of task.paths) removeTree(path, abort);
  return null;
}

function removeTree(path: string, abort: AbortFlag): void {
  abort.check();
  const bytes = absolutePath(path, '');
  const stat = lstatSync(bytes, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isDirectory()) {
    quietly(() => unlinkSync(bytes));
    return;
  }
  if ((stat.mode & 0o700) !== 0o700) chmodSync(bytes, 0o700);
  for (const name of readdirSync(bytes, { encoding: 'latin1', withFileTypes: false })) {
    const child = `${path}/${name}`;
    if (!removedAsFile(absolutePath(child, ''))) removeTree(child, abort);
  }
  quietly(() => rmdirSync(bytes));
}

/** Most entries are files: unlink first saves a stat for each. */
function removedAsFile(bytes: Buffer): boolean {
  try {
    unlinkSync(bytes);
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return true;
    // Linux says EISDIR, POSIX and macOS EPERM; the stat in removeTree tells.
    if (code === 'EISDIR' || code === 'EPERM') return false;
    throw error;
  }
}

/** Somebody else may delete the same trash at the same time. */
function quietly(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
