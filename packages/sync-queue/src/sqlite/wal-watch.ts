import { watch } from 'node:fs';
import type { FSWatcher } from 'node:fs';

/**
 * A write to the log is seen before its commit can be read: the frames are written and synced first, the index in shared memory follows,
 * and that is no event. So it is looked whether a commit came, this many milliseconds after the last write.
 */
const COMMIT_CAN_TAKE_MS = [2, 8, 32, 128, 512] as const;

/** The file and what tells two of its states apart: SQLite's `data_version`, which changes with commits of other connections; null: not now. */
export interface WatchedQueue {
  readonly path: string;
  readonly version: () => number | null;
}

/** Calls `listener` when another connection may have written, and again once that can be read. Only a hint: where it cannot be had, polling is the truth. */
export function watchWal(queue: WatchedQueue, listener: () => void): Disposable {
  if (queue.path === ':memory:') return { [Symbol.dispose]: () => undefined };
  const commits = new CommitWatch(queue.version, listener);
  const watcher = tryWatch(`${queue.path}-wal`, () => {
    listener();
    commits.expect();
  });
  return {
    [Symbol.dispose]: () => {
      watcher?.close();
      commits[Symbol.dispose]();
    },
  };
}

/** Looks for the commit that a write announced. */
class CommitWatch implements Disposable {
  readonly #version: () => number | null;
  readonly #listener: () => void;
  #known: number | null;
  #timer: NodeJS.Timeout | undefined;

  constructor(version: () => number | null, listener: () => void) {
    this.#version = version;
    this.#listener = listener;
    this.#known = version();
  }

  expect(): void {
    clearTimeout(this.#timer);
    this.#look(COMMIT_CAN_TAKE_MS);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  #look([delayMs, ...later]: readonly number[]): void {
    if (delayMs === undefined) return;
    this.#timer = setTimeout(() => {
      const version = this.#version();
      if (version !== null && version !== this.#known) {
        this.#known = version;
        this.#listener();
      }
      this.#look(later);
    }, delayMs);
    this.#timer.unref();
  }
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
