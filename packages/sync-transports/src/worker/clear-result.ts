import { chmodSync, lstatSync, readdirSync, readFileSync, rmdirSync, unlinkSync } from 'node:fs';
import type { Stats } from 'node:fs';
import { namedInInventory } from '../manifest/inventory.ts';
import type { AbortFlag } from './abort-flag.ts';
import { MountedBelow } from './mounts.ts';
import { absolutePath, errnoOf, isGone } from './raw-fs.ts';
import { OWNER_ALL } from './remove-trees.ts';
import type { ClearReport, ClearTask } from './tasks.ts';

const METADATA = '.longhaul';
/** In this order: the inventory is needed until all it names is gone. */
const OURS: readonly string[] = ['longhaul.json', 'checksums.sha256', 'inventory.jsonl'];

/**
 * Takes a result apart that another has replaced: what its own inventory names is deleted, if it still is what is named there. Everything else stays: what
 * people and programs have put into it, and what is mounted there. Replayable; without a readable inventory nothing but
 * Longhaul's own three files is deleted.
 */
export function clearResult({ root }: ClearTask, abort: AbortFlag): ClearReport {
  const stat = lstatSync(absolutePath(root, ''), { throwIfNoEntry: false });
  if (stat === undefined) return { root: 'gone' };
  if (!stat.isDirectory()) return { root: 'holds-others' };
  const clearing = new Clearing(root, { stat, abort });
  const isEmpty = clearing.folder('', stat);
  return { root: clearing.metadata() && isEmpty && removedFolder(absolutePath(root, '')) ? 'gone' : 'holds-others' };
}

class Clearing {
  readonly #root: string;
  readonly #abort: AbortFlag;
  readonly #named: ReadonlyMap<string, string>;
  readonly #mounts: MountedBelow;

  constructor(root: string, { stat, abort }: { readonly stat: Stats; readonly abort: AbortFlag }) {
    this.#root = root;
    this.#abort = abort;
    this.#mounts = new MountedBelow(root, stat.dev);
    this.#named = namedIn(root);
  }

  /** Whether nothing is left in it. */
  folder(folder: string, { mode }: Stats): boolean {
    this.#abort.check();
    if ((mode & OWNER_ALL) !== OWNER_ALL) chmodSync(absolutePath(this.#root, folder), mode | OWNER_ALL);
    let isEmpty = true;
    for (const name of readdirSync(absolutePath(this.#root, folder), { encoding: 'latin1' })) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (path !== METADATA && !this.#cleared(path)) isEmpty = false;
    }
    return isEmpty;
  }

  /** Its own files of `.longhaul`, last of all. Whether that folder is gone. */
  metadata(): boolean {
    const stat = lstatSync(absolutePath(this.#root, METADATA), { throwIfNoEntry: false });
    if (stat === undefined) return true;
    if (!stat.isDirectory() || this.#mounts.has(`${this.#root}/${METADATA}`, stat.dev)) return false;
    for (const name of OURS) unlinkIfThere(absolutePath(this.#root, `${METADATA}/${name}`));
    return removedFolder(absolutePath(this.#root, METADATA));
  }

  #cleared(path: string): boolean {
    const bytes = absolutePath(this.#root, path);
    const stat = lstatSync(bytes, { throwIfNoEntry: false });
    if (stat === undefined) return true;
    const isNamed = this.#named.get(path) === typeOf(stat);
    if (!stat.isDirectory()) return isNamed && unlinkIfThere(bytes);
    if (!isNamed || this.#mounts.has(`${this.#root}/${path}`, stat.dev)) return false;
    return this.folder(path, stat) && removedFolder(bytes);
  }
}

/** Type by path. Empty where there is no inventory any more. */
function namedIn(root: string): ReadonlyMap<string, string> {
  return new Map([...namedInInventory(inventoryOf(root))].map(({ path, type }) => [path, type]));
}

function inventoryOf(root: string): string {
  try {
    return readFileSync(absolutePath(root, `${METADATA}/inventory.jsonl`), 'latin1');
  } catch (error) {
    if (isGone(errnoOf(error))) return '';
    throw error;
  }
}

function typeOf(stat: Stats): string {
  if (stat.isFile()) return 'file';
  if (stat.isDirectory()) return 'dir';
  return stat.isSymbolicLink() ? 'symlink' : 'other';
}

function unlinkIfThere(bytes: Buffer): boolean {
  try {
    unlinkSync(bytes);
  } catch (error) {
    // A file can be a mount point, too.
    if (errnoOf(error) === 'EBUSY') return false;
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  return true;
}

/** Something may have come into it in the meantime. */
function removedFolder(bytes: Buffer): boolean {
  try {
    rmdirSync(bytes);
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'EBUSY'].includes(errnoOf(error))) return false;
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
  return true;
}
