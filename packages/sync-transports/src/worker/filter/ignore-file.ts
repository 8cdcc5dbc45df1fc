import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs';
import { errnoOf, OPEN_FOR_READING } from '../raw-fs.ts';

/** The file in a folder that says what of it is not sent. It is sent itself. */
export const IGNORE_FILE = '.longhaulignore';

/** What stands in an ignore file (latin1); null where the name is no regular file: then it is only an entry like others. @throws the system's error */
export function readIgnoreFile(path: Buffer): string | null {
  let fd: number;
  try {
    fd = openSync(path, OPEN_FOR_READING);
  } catch (error) {
    // ELOOP: a symlink, which is not followed. ENXIO: a socket.
    if (errnoOf(error) === 'ELOOP' || errnoOf(error) === 'ENXIO') return null;
    throw error;
  }
  try {
    return fstatSync(fd).isFile() ? readFileSync(fd, 'latin1') : null;
  } finally {
    closeSync(fd);
  }
}
