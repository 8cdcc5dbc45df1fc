import type { RawPath } from '@longhaul/sync-transports';
import { HeldFolder } from './held-folder.ts';

/** Folders of one source, held one below the other. Going from one to the next opens only what they do not share. */
export class FolderChain implements Disposable {
  readonly #root: HeldFolder;
  #parts: readonly string[] = [];
  #folders: readonly HeldFolder[] = [];

  constructor(root: HeldFolder) {
    this.#root = root;
  }

  /** Valid until the next call. `path` is relative to the root; empty is the root itself. @throws ENOENT, ENOTDIR, EACCES */
  to(path: RawPath): HeldFolder {
    const wanted = path === '' ? [] : path.split('/');
    const shared = this.#sharedWith(wanted);
    this.#close(shared);
    for (const name of wanted.slice(shared)) {
      const folder = (this.#folders.at(-1) ?? this.#root).child(name);
      this.#folders = [...this.#folders, folder];
      this.#parts = [...this.#parts, name];
    }
    return this.#folders.at(-1) ?? this.#root;
  }

  [Symbol.dispose](): void {
    this.#close(0);
  }

  #sharedWith(wanted: readonly string[]): number {
    const differs = this.#parts.findIndex((name, index) => name !== wanted[index]);
    return differs === -1 ? this.#parts.length : differs;
  }

  #close(keep: number): void {
    for (const folder of this.#folders.slice(keep).reverse()) folder[Symbol.dispose]();
    this.#folders = this.#folders.slice(0, keep);
    this.#parts = this.#parts.slice(0, keep);
  }
}

/** Holds a folder by its absolute raw path, each part from the one above it. Closes what it opened where one cannot be held. */
export function holdAbsolute(path: string): readonly HeldFolder[] {
  let folder = HeldFolder.root();
  const held = [folder];
  try {
    for (const name of path.split('/').filter((part) => part !== '')) {
      folder = folder.child(name);
      held.push(folder);
    }
    return held;
  } catch (error) {
    for (const opened of held.reverse()) opened[Symbol.dispose]();
    throw error;
  }
}
