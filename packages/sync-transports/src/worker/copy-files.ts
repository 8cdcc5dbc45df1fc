import { closeSync, fchmodSync, fstatSync, futimesSync, openSync, readdirSync, renameSync, unlinkSync } from 'node:fs';
import type { AbortFlag } from './abort-flag.ts';
import { attempt, secondsOf } from './attributes.ts';
import { attemptOn, cloneFile, copyContent, openPartial } from './copy-content.ts';
import { CopyFailure } from './copy-failure.ts';
import type { EntryStats } from './entry-batch.ts';
import { entryStats, sameStats, statsAt } from './entry-batch.ts';
import { Pace } from './pace.ts';
import { absolutePath, errnoOf, isGone, OPEN_FOR_READING } from './raw-fs.ts';
import type { CopyFault, CopyProgress, CopyReport, CopyTask } from './tasks.ts';

const TELL_EVERY_BYTES = 4 << 20;
const TELL_EVERY_FILES = 64;
const EPOCH_MARKER = /^epoch\.(\d+)$/;

/** Copies sealed files to partial names and renames each into the tree when it is whole. Ends at the first fault and names it. */
export function copyFiles(task: CopyTask, abort: AbortFlag, onProgress: (progress: CopyProgress) => void): CopyReport {
  const copier = new FileCopier(task, abort, onProgress);
  const fault = copier.copyAll();
  copier.tell();
  return { fault, reflink: copier.reflink, modesRefused: copier.modesRefused };
}

class FileCopier {
  reflink: 'try' | 'off';
  modesRefused = 0;
  readonly #task: CopyTask;
  readonly #abort: AbortFlag;
  readonly #onProgress: (progress: CopyProgress) => void;
  readonly #pace: Pace;
  readonly #buffer: Buffer;
  #untold = { files: 0, bytes: 0, resumed: 0, current: '' };

  constructor(task: CopyTask, abort: AbortFlag, onProgress: (progress: CopyProgress) => void) {
    this.#task = task;
    this.#abort = abort;
    this.#onProgress = onProgress;
    this.reflink = task.reflink;
    this.#pace = new Pace(task.bandwidth, abort);
    this.#buffer = Buffer.allocUnsafeSlow(this.#pace.piece);
  }

  copyAll(): CopyFault | null {
    const { files, partials } = this.#task;
    for (const [index, path] of files.paths.entries()) {
      this.#abort.check();
      if (index % TELL_EVERY_FILES === 0 && this.#isFenced()) {
        return { path, side: 'fence', reason: 'fenced', call: 'claim', code: 'FENCED', message: 'a later claim of this job has taken the staging folder' };
      }
      this.#untold.current = path;
      const fault = this.#copyOne(path, statsAt(files, index), partials[index] ?? '');
      if (fault !== null) return fault;
      this.#untold.files += 1;
      if (this.#untold.files >= TELL_EVERY_FILES) this.tell();
    }
    return null;
  }

  tell(): void {
    const { files, bytes, resumed } = this.#untold;
    if (files > 0 || bytes > 0 || resumed > 0) this.#onProgress(this.#untold);
    this.#untold = { files: 0, bytes: 0, resumed: 0, current: this.#untold.current };
  }

  #copyOne(path: string, sealed: EntryStats, partial: string): CopyFault | null {
    try {
      return this.#copyOpened(path, sealed, absolutePath(this.#task.partialRoot, partial));
    } catch (error) {
      if (!(error instanceof CopyFailure)) throw error;
      const { side, call, code, message } = error;
      return { path, side, reason: side === 'source' && code === 'ELOOP' ? 'changed' : 'failed', call, code, message };
    }
  }

  #copyOpened(path: string, sealed: EntryStats, partial: Buffer): CopyFault | null {
    const source = absolutePath(this.#task.sourceRoot, path);
    const from = attemptOn('source', 'open', () => openSync(source, OPEN_FOR_READING));
    try {
      const unchanged = (): boolean => sameStats(entryStats(attemptOn('source', 'fstat', () => fstatSync(from, { bigint: true }))), sealed);
      if (!unchanged()) return changedFault(path);
      this.#fill({ source, from, sealed, partial });
      // Torn while it was copied: it never gets its name, the partial file starts anew.
      if (!unchanged()) {
        attemptOn('destination', 'unlink', () => unlinkSync(partial));
        return changedFault(path);
      }
    } finally {
      closeSync(from);
    }
    attemptOn('destination', 'rename', () => renameSync(partial, absolutePath(this.#task.treeRoot, path)));
    return null;
  }

  #fill({ source, from, sealed, partial }: { readonly source: Buffer; readonly from: number; readonly sealed: EntryStats; readonly partial: Buffer }): void {
    const size = Number(sealed.size);
    const cloned = this.reflink === 'try' && size > 0 && this.#clone(source, partial);
    const to = attemptOn('destination', 'open', () => openPartial(partial));
    try {
      const sparse = sealed.allocated < sealed.size ? 'holes' : 'dense';
      // What was cloned has not travelled, like what an earlier attempt had copied.
      this.#untold.resumed += cloned ? size : copyContent({ from, to, size, sparse, pace: this.#pace, buffer: this.#buffer, onBytes: this.#onBytes });
      attemptOn('destination', 'futimes', () => futimesSync(to, secondsOf(sealed.mtimeNs), secondsOf(sealed.mtimeNs)));
      if (attemptOn('destination', 'fchmod', () => attempt(() => fchmodSync(to, Number(sealed.mode)))) === 'refused') this.modesRefused += 1;
    } finally {
      closeSync(to);
    }
  }

  #clone(source: Buffer, partial: Buffer): boolean {
    const result = cloneFile(source, partial);
    if (result === 'off') this.reflink = 'off';
    return result === 'cloned';
  }

  readonly #onBytes = (bytes: number): void => {
    this.#untold.bytes += bytes;
    if (this.#untold.bytes >= TELL_EVERY_BYTES || this.#task.bandwidth !== null) this.tell();
  };

  #isFenced(): boolean {
    const { folder, epoch } = this.#task.fence;
    try {
      return readdirSync(absolutePath(folder, ''), { encoding: 'latin1' }).some((name) => Number(EPOCH_MARKER.exec(name)?.[1] ?? -1) > epoch);
    } catch (error) {
      if (isGone(errnoOf(error))) return true;
      throw error;
    }
  }
}

function changedFault(path: string): CopyFault {
  return { path, side: 'source', reason: 'changed', call: 'stat', code: 'CHANGED', message: 'the file is not the one that was sealed' };
}
