import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';

/** Tells that something in a folder may have changed. A hint only: who waits looks again after a while in any case. */
export class ChangeSignal implements Disposable {
  #watcher: FSWatcher | null = null;
  #changed: boolean = false;
  #wake: (() => void) | null = null;

  constructor(folder: string) {
    try {
      this.#watcher = watch(folder, () => this.#notice());
      this.#watcher.on('error', () => this.#stopWatching());
    } catch {
      // Too many watches on this machine, or a file system without them: polling finds what happened, a little later.
      this.#watcher = null;
    }
  }

  /** Settles at the next change, at once when there was one since the last call, after `ms` or when `signal` aborts. */
  async next(ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.#changed && signal?.aborted !== true) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal?.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, ms);
        this.#wake = done;
        signal?.addEventListener('abort', done);
      });
    }
    this.#wake = null;
    this.#changed = false;
  }

  [Symbol.dispose](): void {
    this.#stopWatching();
  }

  #notice(): void {
    this.#changed = true;
    this.#wake?.();
  }

  #stopWatching(): void {
    this.#watcher?.close();
    this.#watcher = null;
  }
}
