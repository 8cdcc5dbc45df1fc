import type { BigIntStats } from 'node:fs';
import { accessSync, constants, lstatSync, readdirSync, readlinkSync } from 'node:fs';
import type { AbortFlag } from './abort-flag.ts';
import type { BatchEntry, EntryBatch } from './entry-batch.ts';
import { appendEntry, entryStats, EntryType, newEntryBatch } from './entry-batch.ts';
import { HashCacheCursor } from './hash-cache-cursor.ts';
import { IGNORE_FILE, readIgnoreFile } from './filter/ignore-file.ts';
import type { IgnoreScope, Verdict } from './filter/list-filter.ts';
import { ListFilter } from './filter/list-filter.ts';
import { absolutePath, errnoOf, isGone } from './raw-fs.ts';
import type { ListReport, ListTask } from './tasks.ts';

const BATCH = 4096;
const METADATA = '.longhaul';

/** A folder on the way down: what holds in it. */
interface Level {
  readonly scope: IgnoreScope | null;
  readonly verdict: Verdict;
}

/** An entry that was looked at. */
interface Found {
  readonly stat: BigIntStats;
  readonly type: EntryType;
  readonly bytes: Buffer;
}

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
  readonly #filter: ListFilter | null;
  readonly #leftOut = { files: 0, folders: 0, ignoreFiles: [] as string[] };
  /** Where only some is asked for: a folder is taken if it turns out that something in it is. */
  readonly #kept: { readonly entry: BatchEntry; readonly verdict: Verdict }[] = [];
  readonly #holders = new Set<string>();
  readonly #groups = new Set<number>();
  #metadata: 'present' | 'absent' = 'absent';
  #batch = newEntryBatch(BATCH);

  constructor(task: ListTask, abort: AbortFlag, onBatch: (batch: EntryBatch) => void) {
    this.#task = task;
    this.#abort = abort;
    this.#onBatch = onBatch;
    this.#cache = HashCacheCursor.open(task.cacheFile);
    this.#filter = task.filter === null ? null : new ListFilter(task.filter);
    this.#device = lstatSync(absolutePath(task.root, ''), { bigint: true }).dev;
  }

  run(): ListReport {
    const top: Level = { scope: null, verdict: this.#filter?.takes === 'included' ? 'through' : 'wanted' };
    if (this.#task.only === null) this.#folder('', top);
    else this.#entry(this.#task.only, { scope: null, verdict: 'wanted' });
    this.#giveKept();
    if (this.#batch.paths.length > 0) this.#onBatch(this.#batch);
    return { unreadable: this.#unreadable, otherDevice: this.#otherDevice, vanished: this.#vanished, metadata: this.#metadata, groups: [...this.#groups], leftOut: this.#leftOut };
  }

  #folder(folder: string, { scope: above, verdict }: Level): void {
    this.#abort.check();
    const names = this.#names(folder);
    const scope = this.#filter !== null && names.includes(IGNORE_FILE) ? this.#scope(folder, above) : above;
    const waiting: { readonly path: string; readonly level: Level }[] = [];
    for (const name of names) {
      const path = folder === '' ? name : `${folder}/${name}`;
      for (let next = waiting.at(-1); next !== undefined && `${next.path}/` < path; next = waiting.at(-1)) this.#enter(waiting.pop() ?? next);
      const inside = this.#entry(path, { scope, verdict });
      if (inside !== null) waiting.push({ path, level: { scope, verdict: inside } });
    }
    for (const next of waiting.reverse()) this.#enter(next);
  }

  #enter({ path, level }: { readonly path: string; readonly level: Level }): void {
    this.#folder(path, level);
  }

  #scope(folder: string, above: IgnoreScope | null): IgnoreScope | null {
    const path = folder === '' ? IGNORE_FILE : `${folder}/${IGNORE_FILE}`;
    try {
      const content = readIgnoreFile(absolutePath(this.#task.root, path));
      if (content === null) return above;
      this.#leftOut.ignoreFiles.push(path);
      return ListFilter.scope(folder, content, above);
    } catch (error) {
      // Without its rules nobody knows what is wanted.
      this.#fault(path, error);
      return above;
    }
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

  /** null: nothing to enter. */
  #entry(path: string, level: Level): Verdict | null {
    const bytes = absolutePath(this.#task.root, path);
    try {
      const stat = lstatSync(bytes, { bigint: true });
      const found = { stat, type: entryType(stat), bytes };
      const verdict = this.#verdict(path, found.type, level);
      if (verdict === 'out') return null;
      if (this.#task.devices === 'same' && stat.dev !== this.#device) {
        this.#otherDevice.push(path);
        return null;
      }
      this.#take(path, found, verdict);
      return found.type === EntryType.DIR ? verdict : null;
    } catch (error) {
      // What comes and goes and is left out anyway is no loss.
      if (!isGone(errnoOf(error)) || this.#verdict(path, EntryType.FILE, level) !== 'out') this.#fault(path, error);
      return null;
    }
  }

  #verdict(path: string, type: EntryType, { scope, verdict: parent }: Level): Verdict {
    if (this.#filter === null) return 'wanted';
    const verdict = this.#filter.verdict(path, type === EntryType.DIR ? 'folder' : 'other', { scope, parent });
    if (verdict === 'out' && type === EntryType.DIR) this.#leftOut.folders += 1;
    else if (verdict === 'out') this.#leftOut.files += 1;
    return verdict;
  }

  #take(path: string, { stat, type, bytes }: Found, verdict: Verdict): void {
    const stats = entryStats(stat);
    this.#groups.add(Number(stat.gid));
    const hash = type === EntryType.FILE ? this.#cache.find(path, stats) : undefined;
    const target = type === EntryType.SYMLINK ? readlinkSync(bytes, { encoding: 'latin1' }) : '';
    if (type === EntryType.FILE && hash === undefined && this.#task.readable === 'probe') accessSync(bytes, constants.R_OK);
    const entry = { path, type, stats, target, ...(hash === undefined ? {} : { hash }) };
    if (this.#filter?.takes !== 'included') {
      this.#give(entry);
      return;
    }
    this.#kept.push({ entry, verdict });
    if (verdict === 'wanted') this.#hold(path);
  }

  /** The folders on the way to something that is taken. */
  #hold(path: string): void {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const folder = path.slice(0, end);
      if (this.#holders.has(folder)) return;
      this.#holders.add(folder);
    }
  }

  #giveKept(): void {
    for (const { entry, verdict } of this.#kept) {
      if (verdict === 'wanted' || this.#holders.has(entry.path)) this.#give(entry);
      else this.#leftOut.folders += 1;
    }
  }

  #give(entry: BatchEntry): void {
    appendEntry(this.#batch, entry);
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
