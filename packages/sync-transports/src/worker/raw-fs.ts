import { constants } from 'node:fs';

/** The absolute path of an entry, as bytes for a system call. `root` and `path` are raw (latin1). */
export function absolutePath(root: string, path: string): Buffer {
  return Buffer.from(path === '' ? root : root === '/' ? `/${path}` : `${root}/${path}`, 'latin1');
}

// NONBLOCK: a file that was swapped for a fifo must not hold us for ever. NOFOLLOW: nor a symlink lead elsewhere.
export const OPEN_FOR_READING: number = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The errno name of a failed system call; `UNKNOWN` for anything else, errors of ours with codes of their own included. */
export function errnoOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? code : 'UNKNOWN';
}

/** The entry or a folder on the way to it is gone. */
export function isGone(code: string): boolean {
  return code === 'ENOENT' || code === 'ENOTDIR';
}
