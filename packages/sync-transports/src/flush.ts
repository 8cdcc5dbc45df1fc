import { closeSync, constants, fsyncSync, openSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { errnoOf } from './worker/raw-fs.ts';

/** Some network and FUSE file systems do not know fsync of folders: there a rename is as durable as they make it. */
const NOT_KNOWN: readonly string[] = ['EINVAL', 'ENOTSUP'];

/** fsync of an open file or folder. @throws errors of the file system */
export function flush(fd: number): void {
  try {
    fsyncSync(fd);
  } catch (error) {
    if (!NOT_KNOWN.includes(errnoOf(error))) throw error;
  }
}

/** Makes a rename or a new name in a folder durable, at once. @throws errors of the file system */
export function flushFolder(path: string | Buffer): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    flush(fd);
  } finally {
    closeSync(fd);
  }
}

/** The same, without holding up this thread. @throws errors of the file system */
export async function syncFolder(path: string | Buffer): Promise<void> {
  const folder = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await folder.sync();
  } catch (error) {
    if (!NOT_KNOWN.includes(errnoOf(error))) throw error;
  } finally {
    await folder.close();
  }
}
