import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';

/** Calls `listener` when another connection may have written. Only a hint: where it cannot be had, polling is the truth. */
export function watchWal(path: string, listener: () => void): Disposable {
  const watcher = path === ':memory:' ? null : tryWatch(`${path}-wal`, listener);
  return { [Symbol.dispose]: () => watcher?.close() };
}

function tryWatch(file: string, listener: () => void): FSWatcher | null {
  try {
    const watcher = watch(file, { persistent: false }, listener);
    watcher.on('error', () => {
      watcher.close();
    });
    return watcher;
  } catch {
    // No more watches on this system, or no such file yet: the poll finds everything a second later.
    return null;
  }
}
