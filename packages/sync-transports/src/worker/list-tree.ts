import type { BigIntStats } from 'node:fs';
import { accessSync, constants, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import type { AbortFlag } from './abort-flag.ts';
import type { EntryBatch } from './entry-batch.ts';
import { appendEntry, entryStats, EntryType, newEntryBatch } from './entry-batch.ts';
import { HashCacheCursor } from './hash-cache-cursor.ts';
import { absolutePath, errnoOf, isGone } from './raw-fs.ts';
import type { ListReport, ListTask } from './tasks.ts';

const BATCH = 4096;
const METADATA = '.longhaul';

/**
 * Walks a tree with synchronous calls (several times quicker than promises) and hands out its entries in order. A folder's own entry sorts
 * before what it holds, but `a-b` stands between `a` and `a/c`: folders wait on a stack until their turn, so that nothing is sorted twice
 * and memory holds one folder's names at a time, not the tree.
 */
export function listTree(task: ListTask, abort: AbortFlag, onBatch: (batch: EntryBatch) => void): ListReport {
  return new TreeLister(task, abort, onBatch).run();
}

class TreeLister {
  readonly #task: ListTask;
  readonly #abort: AbortFlag;
  readonly #onBatch: (batch: EntryBatch) => void;
  readonly #cache: HashCacheCursor;
  readonly #device: bigint;
  readonly #unreadable: string[] = [];
  readonly #otherDevice: string[] = [];
  readonly #vanished: string[] = [];
  #metadata: 'present' | 'absent' = 'absent';
  #batch = newEntryBatch(BATCH);

  constructor(task: ListTask, abort: AbortFlag, onBatch: (batch: EntryBatch) => void) {
    this.#task = task;
    this.#abort = abort;
    this.#onBatch = onBatch;
    this.#cache = HashCacheCursor.open(task.cacheFile);
    this.#device = lstatSync(absolutePath(task.root, ''), { bigint: true }).dev;
  }

  run(): ListReport {
    if (this.#task.only === null) this.#folder('');
    else this.#entry(this.#task.only);
    if (this.#batch.paths.length > 0) this.#onBatch(this.#batch);
    return { unreadable: this.#unreadable, otherDevice: this.#otherDevice, vanished: this.#vanished, metadata: this.#metadata };
  }

  #folder(folder: string): void {
    this.#abort.check();
    const waiting: string[] = [];
    for (const name of this.#names(folder)) {
      const path = folder === '' ? name : `${folder}/${name}`;
      for (let next = waiting.at(-1); next !== undefined && `${next}/` < path; next = waiting.at(-1)) this.#folder(waiting.pop() ?? next);
      if (this.#entry(path) === 'folder') waiting.push(path);
    }
    for (const path of waiting.reverse()) this.#folder(path);
  }

  #names(folder: string): string[] {
    try {
      const names = readdirSync(absolutePath(this.#task.root, folder), { encoding: 'latin1' }).sort();
      if (folder !== '' || !names.includes(METADATA)) return names;
      this.#metadata = 'present';
      return names.filter((name) => name !== METADATA);
    } catch (error) {
      this.#fault(folder, error);
      return [];
    }
  }

  #entry(path: string): 'folder' | 'other' {
    const bytes = absolutePath(this.#task.root, path);
    try {
      const stat = lstatSync(bytes, { bigint: true });
      const type = entryType(stat);
      if (this.#task.devices === 'same' && stat.dev !== this.#device) {
        this.#otherDevice.push(path);
        return 'other';
      }
      this.#emit(path, { stat, type, bytes });
      return type === EntryType.DIR ? 'folder' : 'other';
    } catch (error) {
      this.#fault(path, error);
      return 'other';
    }
  }

  #emit(path: string, { stat, type, bytes }: { readonly stat: BigIntStats; readonly type: EntryType; readonly bytes: Buffer }): void {
    const stats = entryStats(stat);
    const hash = type === EntryType.FILE ? this.#cache.find(path, stats) : undefined;
    const target = type === EntryType.SYMLINK ? readlinkSync(bytes, { encoding: 'latin1' }) : '';
    if (type === EntryType.FILE && hash === undefined && this.#task.readable === 'probe') accessSync(bytes, constants.R_OK);
    appendEntry(this.#batch, { path, type, stats, target, ...(hash === undefined ? {} : { hash }) });
    if (this.#batch.paths.length < BATCH) return;
    this.#onBatch(this.#batch);
    this.#batch = newEntryBatch(BATCH);
    this.#abort.check();
  }

  #fault(path: string, error: unknown): void {
    if (path === '') throw error;
    (isGone(errnoOf(error)) ? this.#vanished : this.#unreadable).push(path);
  }
}

function entryType(stat: BigIntStats): EntryType {
  if (stat.isFile()) return EntryType.FILE;
  if (stat.isDirectory()) return EntryType.DIR;
  if (stat.isSymbolicLink()) return EntryType.SYMLINK;
  if (stat.isSocket()) return EntryType.SOCKET;
  return stat.isFIFO() ? EntryType.FIFO : EntryType.DEVICE;
}
