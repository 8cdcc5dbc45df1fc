import type { Stats } from 'node:fs';
import { chmodSync, lstatSync, readdirSync, rmdirSync, unlinkSync } from 'node:fs';
import type { AbortFlag } from './abort-flag.ts';
import type { Mount } from './mounts.ts';
import { MountedBelow, mountTable } from './mounts.ts';
import { absolutePath, errnoOf } from './raw-fs.ts';
import type { RemoveTask } from './tasks.ts';

/** All that an owner may do. */
export const OWNER_ALL = 0o700;

interface Removal {
  readonly abort: AbortFlag;
  /** Made for the first folder. */
  mounts: MountedBelow | null;
  /** Read for the first folder of the call: a pruning can name thousands, and what is mounted in the middle of it is seen by its device at best, however often one reads. */
  readonly table: () => readonly Mount[];
  /** Where something else is mounted: left as it is. */
  readonly mounted: string[];
}

/**
 * Deletes trees by their bytes: Node's own recursive rm takes names for UTF-8 and stops at folders without write permission.
 * Symlinks are removed, never followed; what is mounted into a tree is not entered.
 * @throws Error with code EBUSY where something is mounted, once all the rest is gone
 */
export function removeTrees(task: RemoveTask, abort: AbortFlag): null {
  const mounted: string[] = [];
  let read: readonly Mount[] | null = null;
  const table = (): readonly Mount[] => (read ??= mountTable());
  for (const path of task.paths) removeBelow(path, { abort, mounts: null, table, mounted });
  if (mounted.length === 0) return null;
  const where = mounted.map((path) => JSON.stringify(Buffer.from(path, 'latin1').toString())).join(', ');
  throw Object.assign(new Error(`EBUSY: something else is mounted at ${where}: it is left as it is`), { code: 'EBUSY' });
}

/** What is to go may lie in a folder that was sealed without write permission: it gets it for the moment. */
function removeBelow(path: string, removal: Removal): void {
  try {
    removeTree(path, removal);
  } catch (error) {
    const parent = absolutePath(path.slice(0, path.lastIndexOf('/')), '');
    const stat = errnoOf(error) === 'EACCES' ? lstatSync(parent) : null;
    if (stat === null || (stat.mode & OWNER_ALL) === OWNER_ALL) throw error;
    chmodSync(parent, stat.mode | OWNER_ALL);
    removeTree(path, removal);
    chmodSync(parent, stat.mode & 0o7777);
  }
}

/** Whether it is gone. */
function removeTree(path: string, removal: Removal): boolean {
  removal.abort.check();
  const bytes = absolutePath(path, '');
  const stat = lstatSync(bytes, { throwIfNoEntry: false });
  if (stat === undefined) return true;
  if (!stat.isDirectory()) {
    return removedFile(path, bytes, removal);
  }
  return removeFolder(path, stat, removal);
}

/** A file may have another one mounted over it. */
function removedFile(path: string, bytes: Buffer, removal: Removal): boolean {
  try {
    quietly(() => unlinkSync(bytes));
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EBUSY') throw error;
    removal.mounted.push(path);
    return false;
  }
}

function removeFolder(path: string, stat: Stats, removal: Removal): boolean {
  const bytes = absolutePath(path, '');
  removal.mounts ??= new MountedBelow(path, stat.dev, removal.table());
  if (removal.mounts.has(path, stat.dev)) {
    removal.mounted.push(path);
    return false;
  }
  if ((stat.mode & OWNER_ALL) !== OWNER_ALL) chmodSync(bytes, OWNER_ALL);
  let isEmpty = true;
  for (const name of readdirSync(bytes, { encoding: 'latin1', withFileTypes: false })) {
    const child = `${path}/${name}`;
    if (!removedAsFile(absolutePath(child, '')) && !removeTree(child, removal)) isEmpty = false;
  }
  if (isEmpty) quietly(() => rmdirSync(bytes));
  return isEmpty;
}

/** Most entries are files: unlink first saves a stat for each. */
function removedAsFile(bytes: Buffer): boolean {
  try {
    unlinkSync(bytes);
    return true;
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT') return true;
    // Linux says EISDIR, POSIX and macOS EPERM, a mount point EBUSY; the stat in removeTree tells.
    if (code === 'EISDIR' || code === 'EPERM' || code === 'EBUSY') return false;
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
