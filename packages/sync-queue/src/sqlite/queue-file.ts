import { chmod, mkdir, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { QueueStoreError } from '@longhaul/errors';
import { assertLocalDisk } from './local-disk.ts';
import type { FileSystemPorts } from './local-disk.ts';

const SQLITE_HEADER = 'SQLite format 3\0';

/**
 * Makes sure that `path` can be opened as a queue: its folder (0700) and the file (0600) are there, on a local disk, and
 * what is in it is a database. A file that is something else is left as it is.
 * @throws QueueStoreError
 */
export async function prepareQueueFile(path: string, ports?: FileSystemPorts): Promise<void> {
  const folder = dirname(path);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await assertLocalDisk(folder, ports);
    // Created before SQLite sees it: what SQLite makes beside it (-wal, -shm) takes over these permissions.
    await using file = await open(path, 'a+', 0o600);
    await assertDatabase(file, path);
    if (((await stat(path)).mode & 0o077) !== 0) await chmod(path, 0o600);
  } catch (cause) {
    if (cause instanceof QueueStoreError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new QueueStoreError(`the queue ${path} cannot be opened: ${reason}`, {
      problem: 'unreadable',
      path,
      cause,
      hint: `See that ${folder} exists, belongs to this user and can be written to`,
    });
  }
}

async function assertDatabase(file: Awaited<ReturnType<typeof open>>, path: string): Promise<void> {
  const { bytesRead, buffer } = await file.read(Buffer.alloc(SQLITE_HEADER.length), 0, SQLITE_HEADER.length, 0);
  if (bytesRead === 0 || buffer.toString('latin1', 0, bytesRead) === SQLITE_HEADER) return;
  throw new QueueStoreError(`the queue ${path} is damaged: it is not a database`, {
    problem: 'corrupt',
    path,
    hint: `It was left as it is. Move it away (mv ${path} ${path}.damaged) to begin with an empty queue, or put a backup in its place`,
  });
}
