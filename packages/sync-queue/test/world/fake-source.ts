import { createHash } from 'node:crypto';
import { SourceChangedError, SourceNotFoundError } from '@longhaul/errors';
import { rawPathFromText } from '@longhaul/sync-transports';
import type { ListedFile, RawPath, SealListing, Seal, SealCheck, SealedFile, Sealer, SealRequest, SealSource } from '@longhaul/sync-transports';

interface FakeFile {
  readonly content: string;
  /** What stat shows: changed by every ordinary write, not by bit rot. */
  readonly version: number;
  /** Its version when it was made: what tells it from a later file of the same name. */
  readonly born: number;
}

/** The files of a folder by path. */
type FakeFiles = Pick<Map<RawPath, FakeFile>, 'get' | 'set' | 'has' | 'delete' | 'keys' | 'size'> & Iterable<[RawPath, FakeFile]>;

/** A folder in memory. One inside another shows a part of that one's files: what is written or deleted in one is so in the other. */
export class FakeFolder {
  readonly files: FakeFiles;
  readonly #around: { readonly folder: FakeFolder; readonly prefix: string } | null;
  #version = 0;

  constructor(files: Readonly<Record<string, string>> = {}, around: { readonly folder: FakeFolder; readonly prefix: string } | null = null) {
    this.#around = around;
    this.files = around === null ? new Map<RawPath, FakeFile>() : new FilesBelow(around.folder.files, around.prefix);
    for (const [name, content] of Object.entries(files)) this.write(name, content);
  }

  write(name: string, content: string): void {
    if (this.#around !== null) {
      this.#around.folder.write(`${this.#around.prefix}${name}`, content);
      return;
    }
    const version = (this.#version += 1);
    this.files.set(rawPathFromText(name), { content, version, born: this.files.get(rawPathFromText(name))?.born ?? version });
  }

  /** The content changes and no time tells. */
  rot(name: string, content: string): void {
    const old = this.files.get(rawPathFromText(name));
    this.files.set(rawPathFromText(name), { content, version: old?.version ?? 0, born: old?.born ?? 0 });
  }

  delete(name: string): void {
    this.files.delete(rawPathFromText(name));
  }

  contents(): ReadonlyMap<RawPath, string> {
    return new Map([...this.files].map(([path, { content }]) => [path, content]));
  }
}

/** Those of a folder whose path begins so, by the rest of it. */
class FilesBelow implements FakeFiles {
  readonly #all: FakeFiles;
  readonly #prefix: string;

  constructor(all: FakeFiles, prefix: string) {
    this.#all = all;
    this.#prefix = prefix;
  }

  get size(): number {
    return [...this].length;
  }

  get(path: RawPath): FakeFile | undefined {
    return this.#all.get(this.#whole(path));
  }

  has(path: RawPath): boolean {
    return this.#all.has(this.#whole(path));
  }

  set(path: RawPath, file: FakeFile): ReturnType<FakeFiles['set']> {
    return this.#all.set(this.#whole(path), file);
  }

  delete(path: RawPath): boolean {
    return this.#all.delete(this.#whole(path));
  }

  keys(): ReturnType<FakeFiles['keys']> {
    return new Map(this).keys();
  }

  *[Symbol.iterator](): Generator<[RawPath, FakeFile]> {
    for (const [path, file] of this.#all) if (path.startsWith(this.#prefix)) yield [path.slice(this.#prefix.length) as RawPath, file];
  }

  #whole(path: RawPath): RawPath {
    return `${this.#prefix}${path}` as RawPath;
  }
}

export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** Seals folders in memory. Its cache is as good as stat: it does not see bit rot. */
export class FakeSealer implements Sealer {
  readonly folders: Map<string, FakeFolder> = new Map<string, FakeFolder>();
  /** Bytes hashed so far. */
  hashed = 0;
  /** Called between listing and hashing: a chance to change the source while it is read. */
  onSeal: ((source: SealSource) => Promise<void> | void) | null = null;
  readonly #cache = new Map<string, { readonly version: number; readonly sha256: string }>();
  readonly #now: () => number;
  #ids = 0;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** One that lies in another is made after that one. */
  folder(path: string, files: Readonly<Record<string, string>>): FakeFolder {
    const around = [...this.folders].find(([root]) => path.startsWith(`${root}/`));
    const folder = new FakeFolder(files, around === undefined ? null : { folder: around[1], prefix: path.slice(around[0].length + 1) + '/' });
    this.folders.set(path, folder);
    return folder;
  }

  resolve(path: string): Promise<SealSource> {
    if (!this.folders.has(path)) return Promise.reject(new SourceNotFoundError(path));
    return Promise.resolve({ kind: 'directory', root: rawPathFromText(path), name: rawPathFromText(path.split('/').at(-1) ?? ''), dev: 1n });
  }

  async seal({ source, hashing, onListed, onProgress, signal }: SealRequest): Promise<Seal> {
    const folder = this.#folderOf(source);
    const listed = [...folder.files].sort(([a], [b]) => (a < b ? -1 : 1));
    onListed?.(listingOf(source, listed));
    await this.onSeal?.(source);
    signal?.throwIfAborted();
    const entries = listed.map(([path, file]): SealedFile => this.#entry({ source, path, file: folder.files.get(path) ?? file, hashing }));
    const changed = listed.filter(([path, file]) => folder.files.get(path)?.version !== file.version).map(([path]) => path);
    if (changed.length > 0) throw new SourceChangedError(source.root, changed);
    const bytes = entries.reduce((sum, { size }) => sum + size, 0);
    onProgress?.({ filesDone: entries.length, filesTotal: entries.length, bytesDone: bytes, bytesTotal: bytes });
    const totals = { files: entries.length, directories: 0, symlinks: 0, bytes };
    const digest = sha256(JSON.stringify(entries.map(({ path, sha256: hash }) => [path, hash])));
    return { id: `seal-${(this.#ids += 1)}-${digest.slice(0, 6)}`, digest, source, sealedAt: new Date(this.#now()).toISOString(), totals, findings: [], entries };
  }

  check(seal: Seal): Promise<SealCheck> {
    const folder = this.#folderOf(seal.source);
    const vanished = seal.entries.filter(({ path }) => !folder.files.has(path)).map(({ path }) => path);
    if (vanished.length > 0) return Promise.resolve({ kind: 'vanished', paths: vanished });
    const known = new Map(seal.entries.map(({ path, ctimeNs }) => [path, Number(ctimeNs)]));
    const changed = [...folder.files].filter(([path, { version }]) => known.get(path) !== version).map(([path]) => path);
    return Promise.resolve(changed.length > 0 ? { kind: 'changed', paths: changed } : { kind: 'unchanged' });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #folderOf(source: SealSource): FakeFolder {
    const folder = this.folders.get(source.root);
    if (folder === undefined) throw new SourceNotFoundError(source.root);
    return folder;
  }

  #entry({ source, path, file, hashing }: { readonly source: SealSource; readonly path: RawPath; readonly file: FakeFile; readonly hashing: SealRequest['hashing'] }): SealedFile {
    const key = `${source.root}/${path}`;
    const cached = this.#cache.get(key);
    const hash = hashing === 'cached' && cached?.version === file.version ? cached.sha256 : this.#hash(file.content);
    this.#cache.set(key, { version: file.version, sha256: hash });
    const size = file.content.length;
    return { type: 'file', path, size, allocated: size, nlink: 1, sha256: hash, mode: 0o644, mtimeNs: BigInt(file.version), ctimeNs: BigInt(file.version), dev: 1n, ino: BigInt(file.born) };
  }

  #hash(content: string): string {
    this.hashed += content.length;
    return sha256(content);
  }
}

function listingOf(source: SealSource, listed: readonly (readonly [RawPath, FakeFile])[]): SealListing {
  const entries = listed.map(([path, { content, version }]): ListedFile => ({ type: 'file', path, size: content.length, allocated: content.length, nlink: 1, mode: 0o644, mtimeNs: BigInt(version), ctimeNs: BigInt(version), dev: 1n, ino: 1n }));
  return { source, totals: { files: entries.length, directories: 0, symlinks: 0, bytes: entries.reduce((sum, { size }) => sum + size, 0) }, findings: [], entries };
}
