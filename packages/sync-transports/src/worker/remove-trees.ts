import { chmodSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import type { AbortFlag } from './abort-flag.ts';
import { absolutePath, errnoOf } from './raw-fs.ts';
import type { RemoveTask } from './tasks.ts';

const OWNER_ALL = 0o700;

/**
 * Deletes trees by their bytes: Node's own recursive rm takes names for UTF-8 and stops at folders without write permission.
 * Symlinks are removed, never followed.
 */
export function removeTrees(task: RemoveTask, abort: AbortFlag): null {
  for (const path of task.paths) removeBelow(path, abort);
  return null;
}

/** What is to go may lie in a folder that was sealed without write permission: it gets it for the moment. */
function removeBelow(path: string, abort: AbortFlag): void {
  try {
    removeTree(path, abort);
  } catch (error) {
    const parent = absolutePath(path.slice(0, path.lastIndexOf('/')), '');
    const stat = errnoOf(error) === 'EACCES' ? lstatSync(parent) : null;
    if (stat === null || (stat.mode & OWNER_ALL) === OWNER_ALL) throw error;
    chmodSync(parent, stat.mode | OWNER_ALL);
    removeTree(path, abort);
    chmodSync(parent, stat.mode & 0o7777);
  }
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
  if ((stat.mode & OWNER_ALL) !== OWNER_ALL) chmodSync(bytes, OWNER_ALL);
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
