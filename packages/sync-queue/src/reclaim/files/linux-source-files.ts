import { renameSync, rmdirSync, statfsSync } from 'node:fs';
import { displayPath, METADATA, rawBase, rawParent } from '@longhaul/sync-transports';
import type { RawPath, Seal, SealedFile } from '@longhaul/sync-transports';
import { errnoOf } from './errno.ts';
import { FolderChain, holdAbsolute } from './folder-chain.ts';
import type { HeldFolder } from './held-folder.ts';
import type { FoundReceipt, ReceiptState } from './found-receipt.ts';
import { receiptBelow } from './found-receipt.ts';
import { leaveBehind, metadataName } from './leave-behind.ts';
import { lookAtSource } from './look-at-source.ts';
import { removeFile } from './remove-file.ts';
import { filesShared } from './shared-files.ts';
import type { HeldSource, LeftBehind, Removal, RemoveOptions, SharedFiles, SourceFiles, SourceLook } from './source-files.ts';
import { SourceBlocked } from './source-files.ts';

/**
 * Sources on this machine. Only Linux gives Node a way to delete below a folder that is held (`/proc/self/fd`); elsewhere every source is
 * refused, because a path that is looked at and then deleted may lead somewhere else in between.
 */
export const localSourceFiles: SourceFiles = {
  open: async (seal) => Promise.resolve(openSource(seal)),
};

function openSource(seal: Seal): HeldSource {
  if (process.platform !== 'linux') throw new SourceBlocked({ kind: 'no_handles', platform: process.platform });
  const { root, dev } = seal.source;
  let held: readonly HeldFolder[];
  try {
    held = holdAbsolute(root);
  } catch (error) {
    throw notHeld(root, error);
  }
  const source = new LinuxSource(seal, held);
  const found = held.at(-1)?.dev;
  if (found === dev) return source;
  source.close();
  throw new SourceBlocked({ kind: 'source_moved', detail: `it lies on device ${String(found)}, and was sealed on ${String(dev)}: another disk is mounted there, or its number has changed` });
}

function notHeld(root: RawPath, error: unknown): Error {
  const code = errnoOf(error);
  const path = displayPath(root);
  if (code === 'UNKNOWN') return new SourceBlocked({ kind: 'no_handles', platform: `this machine (${error instanceof Error ? error.message : String(error)})` });
  if (code === 'ENOENT') return new SourceBlocked({ kind: 'source_gone', detail: `${path} does not exist` });
  if (code === 'ENOTDIR' || code === 'ELOOP') return new SourceBlocked({ kind: 'source_moved', detail: `${path} is not reached through folders alone: a symlink or a file stands on the way` });
  return new SourceBlocked({ kind: 'source_gone', detail: `${path} cannot be opened: ${code}` });
}

class LinuxSource implements HeldSource {
  readonly #seal: Seal;
  readonly #held: readonly HeldFolder[];
  readonly #root: HeldFolder;
  readonly #chain: FolderChain;
  readonly #mount: string | null;
  readonly #metadata: string;

  constructor(seal: Seal, held: readonly HeldFolder[]) {
    const root = held.at(-1);
    if (root === undefined) throw new Error('nothing is held');
    this.#seal = seal;
    this.#held = held;
    this.#root = root;
    this.#chain = new FolderChain(root);
    this.#mount = root.mountId();
    this.#metadata = metadataName(seal.source);
  }

  async look({ signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<SourceLook> {
    this.#mendReceipt();
    const look = await lookAtSource({ chain: this.#chain, seal: this.#seal, signal });
    return { ...look, receipts: [...this.#receiptsAround(), ...look.receipts] };
  }

  async remove(file: SealedFile, options: RemoveOptions): Promise<Removal> {
    const { path } = file;
    try {
      const folder = this.#chain.to(rawParent(path));
      return await removeFile({ folder, name: rawBase(path), file, dev: this.#root.dev, mount: this.#mount }, options);
    } catch (error) {
      const code = errnoOf(error);
      if (code === 'UNKNOWN') throw error;
      if (code === 'ENOENT') return { kind: 'gone', path };
      return code === 'ENOTDIR' || code === 'ELOOP'
        ? { kind: 'kept', path, why: 'moved', detail: 'a folder on the way to it was replaced by something else' }
        : { kind: 'kept', path, why: 'denied', detail: code };
    }
  }

  async areOriginals(files: readonly SealedFile[]): Promise<boolean> {
    return Promise.resolve(files.every((file) => this.#isOriginal(file)));
  }

  async removeEmptyFolders({ allowed }: Pick<RemoveOptions, 'allowed'>): Promise<number> {
    let removed = 0;
    // A folder stands before what it holds: from the end on, each is asked after its own folders.
    for (const { type, path } of this.#seal.entries.toReversed()) {
      if (type === 'dir' && allowed() && this.#removeFolder(path) === 'removed') removed += 1;
    }
    return Promise.resolve(removed);
  }

  async receiptState(): Promise<ReceiptState['kind']> {
    const kinds = this.#metadataNames.map((name) => receiptBelow(this.#root, name).kind);
    return Promise.resolve(kinds.find((kind) => kind === 'unknown') ?? kinds.find((kind) => kind === 'receipt') ?? 'none');
  }

  async withoutReceipt<T>(work: () => Promise<T>): Promise<T> {
    try {
      for (const name of this.#metadataNames) if (this.#has(name)) renameSync(this.#root.at(name), this.#root.at(aside(name)));
      return await work();
    } finally {
      this.#mendReceipt();
    }
  }

  async sharedWith(folder: RawPath, { signal }: { readonly signal: AbortSignal }): Promise<SharedFiles> {
    return filesShared({ root: this.#root, chain: this.#chain, seal: this.#seal, signal }, folder);
  }

  async leaveBehind(files: readonly LeftBehind[]): Promise<void> {
    await Promise.resolve();
    leaveBehind(this.#root, this.#metadata, files);
  }

  async freeBytes(): Promise<number> {
    const { bavail, bsize } = statfsSync(this.#root.at('.'));
    return Promise.resolve(bavail * bsize);
  }

  close(): void {
    this.#chain[Symbol.dispose]();
    for (const folder of this.#held.toReversed()) folder[Symbol.dispose]();
  }

  /** Closing twice is harmless. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.resolve();
    this.close();
  }

  /** A result keeps `.longhaul` beside a single file, too: a source that is one has two places to look at. */
  get #metadataNames(): readonly string[] {
    return this.#metadata === METADATA ? [METADATA] : [this.#metadata, METADATA];
  }

  #receiptsAround(): readonly FoundReceipt[] {
    const parts = this.#seal.source.root.split('/').filter((part) => part !== '');
    return this.#held.slice(0, -1).flatMap((folder, index) => {
      const state = receiptBelow(folder, METADATA);
      const root = `/${parts.slice(0, index).join('/')}` as RawPath;
      return state.kind === 'none' ? [] : [{ place: { kind: 'directory', root, name: rawBase(root) }, state }];
    });
  }

  /** Also what a crash in the middle of {@link withoutReceipt} has left. */
  #mendReceipt(): void {
    for (const name of this.#metadataNames) if (this.#has(aside(name)) && !this.#has(name)) renameSync(this.#root.at(aside(name)), this.#root.at(name));
  }

  #has(name: string): boolean {
    try {
      this.#root.lstat(name);
      return true;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
      return false;
    }
  }

  /** Inode numbers are given away again; no birth before the seal is. Where there are no births, Node says 0 or the last change. */
  #isOriginal({ path, dev, ino, ctimeNs }: SealedFile): boolean {
    try {
      const found = this.#chain.to(rawParent(path)).lstat(rawBase(path));
      return found.isFile() && found.dev === dev && found.ino === ino && found.birthtimeNs > 0n && found.birthtimeNs <= ctimeNs;
    } catch (error) {
      if (errnoOf(error) === 'UNKNOWN') throw error;
      return false;
    }
  }

  #removeFolder(path: RawPath): 'removed' | 'stays' {
    try {
      const parent = this.#chain.to(rawParent(path));
      if (!parent.inPlace()) return 'stays';
      rmdirSync(parent.at(rawBase(path)));
      return 'removed';
    } catch (error) {
      // Not empty, gone already, no folder any more, a mount, not allowed: it is only a folder.
      if (errnoOf(error) === 'UNKNOWN') throw error;
      return 'stays';
    }
  }
}

function aside(name: string): string {
  return `${name}-aside`;
}
