import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';

/** Writes a file so that readers see the old content or the new, never half of it; after a crash of the machine too. 0600. */
export function replaceFile(file: string, content: string): void {
  withTemporary(file, content, (temporary) => {
    renameSync(temporary, file);
  });
}

/** Creates a file with its whole content at once, or gives `exists` where another was quicker. 0600. */
export function createFile(file: string, content: string): 'created' | 'exists' {
  return withTemporary(file, content, (temporary) => {
    try {
      linkSync(temporary, file);
      return 'created';
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return 'exists';
      throw error;
    }
  });
}

let made = 0;

function withTemporary<T>(file: string, content: string, publish: (temporary: string) => T): T {
  const folder = path.dirname(file);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // Not by crypto, whose loading would cost every start-up; opened exclusively, so that a name in use is an error.
  const temporary = path.join(folder, `.${path.basename(file)}.${String(process.pid)}.${String(++made)}.${Math.random().toString(36).slice(2)}`);
  try {
    const fd = openSync(temporary, 'wx', 0o600);
    try {
      writeSync(fd, content);
      fsyncSync(fd);
    } finally {
      closeSync(fd);
    }
    return publish(temporary);
  } finally {
    rmSync(temporary, { force: true });
  }
}
