import type { BigIntStats } from 'node:fs';
import { closeSync, constants, fstatSync, lstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { errnoOf } from './errno.ts';

/**
 * Node's constants lack it. With it a folder can be held where this user may pass but not read (`/home` is often 0711).
 */
const O_PATH = 0o10000000;
const HOLD = O_PATH | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * A folder held by a descriptor (Linux). Node has no `openat`; a path below `/proc/self/fd/N` is the same thing: the kernel goes on from the
 * very folder that was opened, whatever has that name by now. Each is opened from the one above it, never through a symlink.
 */
export class HeldFolder implements Disposable {
  readonly #fd: number;
  readonly #parent: HeldFolder | null;
  readonly #name: string;
  readonly dev: bigint;
  readonly ino: bigint;
  #open = true;

  private constructor(fd: number, { parent, name }: { readonly parent: HeldFolder | null; readonly name: string }) {
    this.#fd = fd;
    this.#parent = parent;
    this.#name = name;
    const { dev, ino } = fstatSync(fd, { bigint: true });
    this.dev = dev;
    this.ino = ino;
  }

  /** Holds `/`. @throws where `/proc` does not give a way below held folders */
  static root(): HeldFolder {
    const root = new HeldFolder(openSync('/', HOLD), { parent: null, name: '' });
    try {
      const seen = lstatSync(root.at('.'), { bigint: true });
      if (seen.ino === root.ino && seen.dev === root.dev) return root;
      throw new Error('/proc/self/fd does not lead to open folders');
    } catch (error) {
      root[Symbol.dispose]();
      throw error;
    }
  }

  /** A folder in this one, by its raw name. @throws ENOENT, ENOTDIR (also for a symlink), EACCES */
  child(name: string): HeldFolder {
    const fd = openSync(this.at(name), HOLD);
    try {
      return new HeldFolder(fd, { parent: this, name });
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** Path of an entry, as bytes for a system call. `name` is raw, of one part. */
  at(name: string): Buffer {
    if (name === '' || name === '..' || name.includes('/') || name.includes('\0')) throw new Error(`${JSON.stringify(name)} is no name of an entry`);
    return Buffer.from(`/proc/self/fd/${String(this.#fd)}/${name}`, 'latin1');
  }

  lstat(name: string): BigIntStats {
    return lstatSync(this.at(name), { bigint: true });
  }

  /** Raw names, sorted by their bytes. */
  names(): readonly string[] {
    return readdirSync(this.at('.'), { encoding: 'latin1' }).sort();
  }

  /** Which mount it lies on: a bind mount has the device of what it shows, and is somewhere else all the same. */
  mountId(): string | null {
    return mountIdOf(this.#fd);
  }

  /** Whether this folder, and each above it, still stands where it was opened. */
  inPlace(): boolean {
    if (this.#parent === null) return true;
    try {
      const { dev, ino } = this.#parent.lstat(this.#name);
      return ino === this.ino && dev === this.dev && this.#parent.inPlace();
    } catch (error) {
      if (errnoOf(error) === 'UNKNOWN') throw error;
      return false;
    }
  }

  /** Closing twice is harmless. */
  [Symbol.dispose](): void {
    if (this.#open) closeSync(this.#fd);
    this.#open = false;
  }
}

/** null where the kernel does not tell. */
export function mountIdOf(fd: number): string | null {
  try {
    return /^mnt_id:\s*(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${String(fd)}`, 'latin1'))?.[1] ?? null;
  } catch (error) {
    if (errnoOf(error) === 'UNKNOWN') throw error;
    return null;
  }
}
