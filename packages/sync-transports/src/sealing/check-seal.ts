import { displayPath } from '../raw-path.ts';
import type { RawPath } from '../raw-path.ts';
import type { Seal, SealEntry } from '../seal.ts';
import type { SealCheck } from '../sealer.ts';
import { SourceUnreadableError } from '@longhaul/errors';
import type { EntryBatch } from '../worker/entry-batch.ts';
import { filterRules } from '../source-filter.ts';
import { errnoOf, isGone } from '../worker/raw-fs.ts';
import type { ListReport } from '../worker/tasks.ts';
import type { WorkerPool } from '../worker/worker-pool.ts';
import type { EntryDraft } from './entry-draft.ts';
import { draftsOf } from './entry-draft.ts';
import { sourceError } from './resolve-source.ts';

/**
 * Holds a source against its seal by stat alone; no byte is read. What is new counts as changed. Of folders only their mode counts: their times move
 * with every file that came and went.
 * @throws SourceUnreadableError
 */
export async function checkSeal(pool: WorkerPool, seal: Seal, signal?: AbortSignal): Promise<SealCheck> {
  const { root, kind, name } = seal.source;
  const comparison = new SealComparison(seal.entries);
  const task = { kind: 'list', root, only: kind === 'file' ? name : null, devices: 'any', cacheFile: null, readable: 'assume', filter: filterRules(seal.source.filter) } as const;
  let report: ListReport;
  try {
    report = await pool.run(task, { onPart: (batch) => comparison.add(batch), signal });
  } catch (error) {
    if (isGone(errnoOf(error))) return { kind: 'vanished', paths: seal.entries.map(({ path }) => path) };
    throw sourceError(displayPath(root), error);
  }
  if (report.unreadable.length > 0) throw new SourceUnreadableError(displayPath(root), report.unreadable.map((path) => displayPath(path as RawPath)));
  return comparison.result();
}

/** Walks both lists side by side: they are sorted the same way. */
class SealComparison {
  readonly #sealed: readonly SealEntry[];
  readonly #changed: RawPath[] = [];
  readonly #vanished: RawPath[] = [];
  #next = 0;

  constructor(sealed: readonly SealEntry[]) {
    this.#sealed = sealed;
  }

  add(batch: EntryBatch): void {
    // Findings are left out: where a fifo stands in a file's place, the file is not there any more and is found as vanished.
    for (const entry of draftsOf(batch).entries) this.#entry(entry);
  }

  result(): SealCheck {
    this.#skipTo(null);
    if (this.#vanished.length > 0) return { kind: 'vanished', paths: this.#vanished };
    return this.#changed.length > 0 ? { kind: 'changed', paths: this.#changed } : { kind: 'unchanged' };
  }

  #entry(entry: EntryDraft): void {
    this.#skipTo(entry.path);
    const sealed = this.#sealed[this.#next];
    if (sealed?.path !== entry.path) this.#changed.push(entry.path);
    else {
      this.#next += 1;
      if (!isSame(sealed, entry)) this.#changed.push(entry.path);
    }
  }

  #skipTo(path: RawPath | null): void {
    for (let sealed = this.#sealed[this.#next]; sealed !== undefined && (path === null || sealed.path < path); sealed = this.#sealed[this.#next]) {
      this.#vanished.push(sealed.path);
      this.#next += 1;
    }
  }
}

function isSame(sealed: SealEntry, entry: EntryDraft): boolean {
  if (sealed.type !== entry.type || sealed.mode !== entry.mode) return false;
  if (sealed.type === 'dir') return true;
  const sameInode = sealed.dev === entry.dev && sealed.ino === entry.ino && sealed.mtimeNs === entry.mtimeNs && sealed.ctimeNs === entry.ctimeNs;
  if (sealed.type === 'symlink') return sameInode && entry.type === 'symlink' && entry.target === sealed.target;
  return sameInode && entry.type === 'file' && entry.size === sealed.size;
}
