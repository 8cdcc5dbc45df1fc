import { lstat, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import type { BigIntStats } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { TransportError, TransportErrorKind } from '@longhaul/errors';
import { syncFolder } from '../flush.ts';
import type { RawPath } from '../raw-path.ts';
import { rawPathFromText } from '../raw-path.ts';
import { absolutePath, errnoOf, isGone } from '../worker/raw-fs.ts';

/** Where results go. */
export interface DestinationOptions {
  /** The destination's root. It must exist: nobody creates it, so that an unmounted disk is not filled. */
  readonly path: string;
  /** Must be a mount point whenever something is written: for a `path` that is the mount point itself and exists without the disk, too. */
  readonly mountPoint?: string | undefined;
}

/** The destination's root and the few system calls that the protocol needs, all with paths relative to it. */
export class DestinationFolder {
  /** Absolute, raw. */
  readonly root: RawPath;
  readonly #options: DestinationOptions;

  constructor(options: DestinationOptions) {
    this.#options = { ...options, path: resolve(options.path) };
    this.root = rawPathFromText(this.#options.path);
  }

  /** For people. */
  get shown(): string {
    return this.#options.path;
  }

  /** Absolute, raw: for tasks of workers. */
  absolute(path: RawPath): string {
    return absolutePath(this.root, path).toString('latin1');
  }

  /** @throws TransportError of kind config when the root is missing or not mounted */
  async assertThere(): Promise<void> {
    const found = await stat(this.#options.path).catch((error: unknown) => {
      if (isGone(errnoOf(error))) return null;
      throw error;
    });
    if (found?.isDirectory() !== true) throw this.#notThere(found === null ? 'does not exist' : 'is not a folder');
    const { mountPoint } = this.#options;
    if (mountPoint !== undefined && !(await isMounted(mountPoint))) throw this.#notThere(`is not there: nothing is mounted at ${JSON.stringify(mountPoint)}`);
  }

  /** null where nothing is. Symlinks are not followed. */
  async entry(path: RawPath): Promise<BigIntStats | null> {
    return lstat(this.#bytes(path), { bigint: true }).catch(goneAsNull);
  }

  /** null where there is no such folder. */
  async names(path: RawPath): Promise<readonly RawPath[] | null> {
    const names = await readdir(this.#bytes(path), { encoding: 'latin1' }).catch(goneAsNull);
    return names as readonly string[] | null as readonly RawPath[] | null;
  }

  /** null where there is no such file. */
  async read(path: RawPath): Promise<Buffer | null> {
    return readFile(this.#bytes(path)).catch(goneAsNull);
  }

  /** One that exists already is fine. The parent must exist. */
  async makeFolder(path: RawPath): Promise<void> {
    await mkdir(this.#bytes(path), { mode: 0o755 }).catch((error: unknown) => {
      if (errnoOf(error) !== 'EEXIST') throw error;
    });
  }

  async makeEmptyFile(path: RawPath): Promise<void> {
    await (await open(this.#bytes(path), 'a', 0o644)).close();
  }

  /** Written beside its name, synced, renamed. */
  async writeFile(path: RawPath, content: Uint8Array): Promise<void> {
    const passing = `${path}.new` as RawPath;
    const file = await open(this.#bytes(passing), 'w', 0o644);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.move(passing, path);
  }

  async move(from: RawPath, to: RawPath): Promise<void> {
    await rename(this.#bytes(from), this.#bytes(to));
  }

  /** Whether it was there to be moved. */
  async moveIfThere(from: RawPath, to: RawPath): Promise<boolean> {
    return this.move(from, to).then(() => true, goneAsFalse);
  }

  /** A file, or nothing. */
  async removeFile(path: RawPath): Promise<void> {
    await rm(this.#bytes(path), { force: true });
  }

  async syncFolder(path: RawPath): Promise<void> {
    await syncFolder(this.#bytes(path));
  }

  #bytes(path: RawPath): Buffer {
    return absolutePath(this.root, path);
  }

  #notThere(how: string): TransportError {
    return new TransportError(`the destination's folder ${JSON.stringify(this.#options.path)} ${how}`, {
      errorKind: TransportErrorKind.CONFIG,
      hint: 'Mount the disk or share, correct `path`, or create the folder. It is never created by a push, so that an unmounted disk is not filled',
    });
  }
}

function goneAsNull(error: unknown): null {
  if (isGone(errnoOf(error))) return null;
  throw error;
}

function goneAsFalse(error: unknown): false {
  if (isGone(errnoOf(error))) return false;
  throw error;
}

async function isMounted(path: string): Promise<boolean> {
  const [here, above] = await Promise.all([lstat(path), lstat(dirname(resolve(path)))].map((found) => found.catch(() => null)));
  return here !== null && above !== null && (here?.isDirectory() ?? false) && here?.dev !== above?.dev;
}
