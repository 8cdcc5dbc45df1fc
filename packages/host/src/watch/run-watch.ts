import type { FSWatcher } from 'node:fs';
import { watch } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { WatchSettings } from '@longhaul/config';

import { OwnerLock } from '../worker/owner-lock.ts';
import type { WatchPorts } from './folder-watcher.ts';
import { FolderWatcher } from './folder-watcher.ts';
import { readWatchRecord, writeWatchRecord } from './watch-file.ts';

/** Another process watches already: how often it is seen whether it still lives. Milliseconds. */
const LOCKED_PAUSE_MS = 5000;
/** No look is put off for longer: a machine that slept has missed its timers. Milliseconds. */
const MOST_WAIT_MS = 30_000;
/** Changes come in crowds. Milliseconds. */
const LEAST_WAIT_MS = 100;
/** What is remembered is written this often at most; the keys of the queue make up for what a crash takes. Milliseconds. */
const SAVE_EVERY_MS = 2000;

export interface RunWatchOptions {
  readonly stateDir: string;
  readonly watch: readonly WatchSettings[];
  readonly ports: WatchPorts;
  readonly signal: AbortSignal;
}

/** The lock of whoever watches for this state directory. */
export function watchLock(stateDir: string): OwnerLock {
  return new OwnerLock(path.join(stateDir, 'watch', 'lock'));
}

/** Watches until the signal, as the only process of this state directory; a second one waits for the end of the first. */
export async function runWatch({ stateDir, watch: settings, ports, signal }: RunWatchOptions): Promise<void> {
  if (settings.length === 0) return;
  const lock = watchLock(stateDir);
  while (lock.tryAcquire() === 'held') {
    await pause(LOCKED_PAUSE_MS, signal);
    if (signal.aborted) return;
  }
  const run = new WatchRun(stateDir, settings.map((entry) => new FolderWatcher(entry, readWatchRecord(stateDir, entry.path), ports)), ports);
  try {
    await run.until(signal);
  } finally {
    run.close();
    lock.release();
  }
}

class WatchRun {
  readonly #stateDir: string;
  readonly #watchers: readonly FolderWatcher[];
  readonly #ports: WatchPorts;
  /** One for each watched folder, however many subfolders it has. */
  readonly #hints = new Map<FolderWatcher, FSWatcher>();
  #savedAt = Number.NEGATIVE_INFINITY;
  #wake = new AbortController();

  constructor(stateDir: string, watchers: readonly FolderWatcher[], ports: WatchPorts) {
    this.#stateDir = stateDir;
    this.#watchers = watchers;
    this.#ports = ports;
  }

  async until(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      this.#wake = new AbortController();
      let next = Number.POSITIVE_INFINITY;
      for (const watcher of this.#watchers) {
        this.#listen(watcher);
        next = Math.min(next, await this.#turn(watcher, signal));
      }
      this.#save();
      const wait = Math.min(MOST_WAIT_MS, Math.max(LEAST_WAIT_MS, next - this.#ports.now()));
      await pause(LEAST_WAIT_MS, signal);
      await pause(wait - LEAST_WAIT_MS, AbortSignal.any([signal, this.#wake.signal]));
    }
  }

  close(): void {
    for (const hint of this.#hints.values()) hint.close();
    this.#savedAt = Number.NEGATIVE_INFINITY;
    this.#save();
  }

  /** One watched folder that cannot be looked after must not stop the others, nor the server. */
  async #turn(watcher: FolderWatcher, signal: AbortSignal): Promise<number> {
    try {
      return await watcher.turn(signal);
    } catch (error) {
      // A full disk or a busy queue passes; the next look tries again.
      this.#ports.log(`watched folder ${watcher.settings.path} could not be looked after: ${error instanceof Error ? error.message : String(error)}`);
      return this.#ports.now() + LOCKED_PAUSE_MS;
    }
  }

  /** Only makes it quicker: network file systems tell nothing, and looking is the truth. */
  #listen(watcher: FolderWatcher): void {
    if (this.#hints.has(watcher)) return;
    try {
      const hint = watch(watcher.settings.path, () => {
        watcher.hint();
        this.#wake.abort();
      });
      hint.on('error', () => {
        hint.close();
        this.#hints.delete(watcher);
      });
      this.#hints.set(watcher, hint);
    } catch {
      // Not there, or no watches left on this machine.
    }
  }

  #save(): void {
    if (performance.now() - this.#savedAt < SAVE_EVERY_MS) return;
    for (const watcher of this.#watchers) {
      const record = watcher.takeRecord();
      if (record === null) continue;
      this.#savedAt = performance.now();
      try {
        writeWatchRecord(this.#stateDir, record);
      } catch (error) {
        watcher.keepRecord();
        this.#ports.log(`what is known of ${record.path} could not be written: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(Math.max(0, ms), undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
