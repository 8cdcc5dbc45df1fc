import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { SourceChangedError, SourceUnreadableError } from '@longhaul/errors';
import { nameCollisions } from '../protocol/name-collisions.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath } from '../raw-path.ts';
import type { Seal, SealedFile, SealEntry, SealSource, SealTotals } from '../seal.ts';
import type { SealCheck, Sealer, SealRequest } from '../sealer.ts';
import type { SourceGlance, SourceSurvey, SourceSurveyor } from '../source-survey.ts';
import type { HashFault } from '../worker/tasks.ts';
import { WorkerPool } from '../worker/worker-pool.ts';
import { checkSeal } from './check-seal.ts';
import type { EntryDraft, FileDraft } from './entry-draft.ts';
import { HashCache, isSettled } from './hash-cache.ts';
import { hashDrafts } from './hash-drafts.ts';
import { resolveSource } from './resolve-source.ts';
import { sealDigest } from './seal-digest.ts';
import { newSealId } from './seal-id.ts';
import { listSource } from './source-listing.ts';

/** Options of {@link createSealer}. */
export interface SealerOptions {
  /** The hash cache lies in `hash-cache` below it (design §7). */
  readonly stateDir: string;
  /** Threads that read and hash; two keep up with any disk that was measured. Default 2. */
  readonly workers?: number;
  /** How much the caches of all sources may take, in bytes. Default 512 MiB (some five million files). */
  readonly maxCacheBytes?: number;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** A sealer with its own threads; dispose of it when done (it does not keep the process alive). */
export function createSealer(options: SealerOptions): Sealer & SourceSurveyor {
  return new FileSealer(options);
}

class FileSealer implements Sealer, SourceSurveyor {
  readonly #pool: WorkerPool;
  readonly #cache: HashCache;
  readonly #now: () => number;

  constructor({ stateDir, workers = 2, maxCacheBytes = 512 << 20, now = Date.now }: SealerOptions) {
    this.#pool = new WorkerPool({ size: workers });
    this.#cache = new HashCache({ directory: join(stateDir, 'hash-cache'), maxBytes: maxCacheBytes });
    this.#now = now;
  }

  async resolve(path: string): Promise<SealSource> {
    return resolveSource(path);
  }

  async seal(request: SealRequest): Promise<Seal> {
    const { source, hashing, signal } = request;
    const cacheFile = hashing === 'cached' ? this.#cache.file(source) : null;
    const { entries, files, findings, leftOut, groups } = await listSource(this.#pool, { source, cacheFile, signal });
    const listed = { source, totals: totalsOf(entries), findings, groups, ...(leftOut === null ? {} : { leftOut }) };
    request.onListed?.({ ...listed, entries });
    await this.#hash(request, files);
    const sealed = entries as readonly SealEntry[];
    const digest = await sealDigest(source.kind, sealed);
    const now = this.#now();
    return { ...listed, id: newSealId(now), digest, sealedAt: new Date(now).toISOString(), entries: sealed };
  }

  async survey(source: SealSource, { signal }: { readonly signal?: AbortSignal } = {}): Promise<SourceSurvey> {
    const { entries, files, findings, leftOut } = await listSource(this.#pool, { source, cacheFile: this.#cache.file(source), signal });
    const known = files.filter(({ sha256 }) => sha256 !== null);
    const listed = entries as readonly SealEntry[];
    return {
      source,
      totals: totalsOf(entries),
      findings,
      leftOut,
      hashed: { files: known.length, bytes: known.reduce((sum, { size }) => sum + size, 0) },
      digest: known.length === files.length ? await sealDigest(source.kind, listed) : null,
      mayCollide: nameCollisions({ entries: listed }, { letterCase: 'ignored', unicodeForm: 'ignored' }),
    };
  }

  async glance(source: SealSource, { signal }: { readonly signal?: AbortSignal } = {}): Promise<SourceGlance> {
    const { entries } = await listSource(this.#pool, { source, cacheFile: null, signal });
    const { files, bytes } = totalsOf(entries);
    return { fingerprint: fingerprintOf(entries), files, bytes };
  }

  async check(seal: Seal, { signal }: { readonly signal?: AbortSignal } = {}): Promise<SealCheck> {
    return checkSeal(this.#pool, seal, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pool[Symbol.asyncDispose]();
  }

  /** Hashes what the cache did not know and remembers it. */
  async #hash({ source, onProgress, signal }: SealRequest, files: readonly FileDraft[]): Promise<void> {
    const progress = progressOf(files);
    onProgress?.({ ...progress });
    if (files.every((file) => file.sha256 !== null)) {
      await this.#cache.touch(source);
      return;
    }
    const unsettled = new Set<FileDraft>();
    const hashing = hashDrafts(this.#pool, {
      root: source.root,
      files,
      signal,
      now: this.#now,
      onHashed: (file, startedAt) => isSettled(file.ctimeNs, startedAt) || unsettled.add(file),
      onProgress: (step) => {
        progress.filesDone += step.files;
        progress.bytesDone += step.bytes;
        onProgress?.({ ...progress });
      },
    });
    // What was hashed is kept even where the seal fails or is left in the middle: the next one need not read it again.
    const keep = async (): Promise<void> => this.#cache.store(source, files.filter((file): file is FileDraft & SealedFile => file.sha256 !== null && !unsettled.has(file)));
    refuseFaults(source, await hashing.finally(keep));
  }
}

function refuseFaults(source: SealSource, faults: readonly HashFault[]): void {
  const unreadable = faults.filter(({ reason }) => reason === 'unreadable');
  const shown = (found: readonly HashFault[]): string[] => found.map(({ path }) => displayPath(path as RawPath));
  if (unreadable.length > 0) throw new SourceUnreadableError(displayPath(source.root), shown(unreadable), { context: { errno: unreadable[0]?.code } });
  if (faults.length > 0) throw new SourceChangedError(displayPath(source.root), shown(faults));
}

function progressOf(files: readonly FileDraft[]): { filesDone: number; filesTotal: number; bytesDone: number; bytesTotal: number } {
  const progress = { filesDone: 0, filesTotal: files.length, bytesDone: 0, bytesTotal: 0 };
  for (const { size, sha256 } of files) {
    progress.bytesTotal += size;
    if (sha256 === null) continue;
    progress.filesDone += 1;
    progress.bytesDone += size;
  }
  return progress;
}

function fingerprintOf(entries: readonly EntryDraft[]): string {
  const hash = createHash('sha256');
  for (const entry of entries) hash.update(glanceLine(entry), 'latin1');
  return hash.digest('hex');
}

function glanceLine(entry: EntryDraft): string {
  const { type, path, mode, mtimeNs, ctimeNs } = entry;
  switch (type) {
    case 'dir':
      return `d ${mode.toString(8)} ${path}\0`;
    case 'file':
      return `f ${mode.toString(8)} ${String(entry.size)} ${String(mtimeNs)} ${String(ctimeNs)} ${path}\0`;
    case 'symlink':
      return `l ${String(mtimeNs)} ${String(ctimeNs)} ${path}\0${entry.target}\0`;
  }
}

function totalsOf(entries: readonly EntryDraft[]): SealTotals {
  const totals = { files: 0, directories: 0, symlinks: 0, bytes: 0 };
  for (const entry of entries) {
    if (entry.type === 'dir') totals.directories += 1;
    else if (entry.type === 'symlink') totals.symlinks += 1;
    else {
      totals.files += 1;
      totals.bytes += entry.size;
    }
  }
  return totals;
}
