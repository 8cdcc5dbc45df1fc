import type { BigIntStats } from 'node:fs';
import { chmodSync, lstatSync, readdirSync, readFileSync, readlinkSync, rmdirSync, unlinkSync } from 'node:fs';
import type { InventoryRow } from '../manifest/inventory.ts';
import { namedInInventory } from '../manifest/inventory.ts';
import { isLitter, isLitterFolder } from '../protocol/litter.ts';
import { isSameTime } from '../protocol/same-time.ts';
import type { AbortFlag } from './abort-flag.ts';
import { entryStats } from './entry-batch.ts';
import { FileHasher } from './hash-files.ts';
import { MountedBelow } from './mounts.ts';
import { absolutePath, errnoOf, isGone } from './raw-fs.ts';
import { OWNER_ALL } from './remove-trees.ts';
import type { ClearReport, ClearTask } from './tasks.ts';

const METADATA = '.longhaul';
/** In this order: the inventory is needed until all it names is gone. */
const OURS: readonly string[] = ['longhaul.json', 'checksums.sha256', 'inventory.jsonl'];

/**
 * Takes a result apart that another has replaced: what its own inventory names is deleted, if it still is what was sealed. Everything else stays: what
 * people and programs have put into it or have changed in it, and what is mounted there; but what a system litters every folder with goes, too, where nothing else
 * is left. Replayable; without a readable inventory nothing but Longhaul's own three files is deleted.
 */
export function clearResult({ root }: ClearTask, abort: AbortFlag): ClearReport {
  const stat = lstatAt(absolutePath(root, ''));
  if (stat === undefined) return { root: 'gone' };
  if (!stat.isDirectory()) return { root: 'holds-others' };
  const clearing = new Clearing(root, { stat, abort });
  clearing.folder('', stat);
  clearing.litter();
  return { root: clearing.metadata() && removedFolder(absolutePath(root, '')) ? 'gone' : 'holds-others' };
}

class Clearing {
  readonly #root: string;
  readonly #abort: AbortFlag;
  readonly #named: ReadonlyMap<string, InventoryRow>;
  readonly #mounts: MountedBelow;
  readonly #hasher: FileHasher;
  readonly #litter: string[] = [];
  /** That hold litter at most; deepest first. */
  readonly #folders: string[] = [];
  #hasOthers = false;

  constructor(root: string, { stat, abort }: { readonly stat: BigIntStats; readonly abort: AbortFlag }) {
    this.#root = root;
    this.#abort = abort;
    this.#mounts = new MountedBelow(root, stat.dev);
    this.#named = new Map([...namedInInventory(inventoryOf(root))].map((row) => [row.path, row]));
    this.#hasher = new FileHasher(abort, () => undefined);
  }

  /** What is ours in it. */
  folder(folder: string, stat: BigIntStats): void {
    this.#abort.check();
    const mode = Number(stat.mode);
    if ((mode & OWNER_ALL) !== OWNER_ALL) chmodSync(absolutePath(this.#root, folder), mode | OWNER_ALL);
    for (const name of readdirSync(absolutePath(this.#root, folder), { encoding: 'latin1' })) {
      const path = folder === '' ? name : `${folder}/${name}`;
      if (path !== METADATA) this.#clear(path);
    }
  }

  /** Litter is no reason to keep a folder; beside something that is kept it stays. */
  litter(): void {
    if (this.#hasOthers) return;
    for (const path of this.#litter) unlinkIfThere(absolutePath(this.#root, path));
    for (const path of this.#folders) removedFolder(absolutePath(this.#root, path));
  }

  /** Its own files of `.longhaul`, last of all. Whether that folder is gone. */
  metadata(): boolean {
    const stat = lstatAt(absolutePath(this.#root, METADATA));
    if (stat === undefined) return true;
    if (!stat.isDirectory() || this.#mounts.has(`${this.#root}/${METADATA}`, stat.dev)) return false;
    for (const name of OURS) unlinkIfThere(absolutePath(this.#root, `${METADATA}/${name}`));
    return removedFolder(absolutePath(this.#root, METADATA));
  }

  #clear(path: string): void {
    const bytes = absolutePath(this.#root, path);
    const stat = lstatAt(bytes);
    if (stat === undefined) return;
    if (stat.isDirectory()) this.#clearFolder(path, stat);
    else if (this.#isSealed(path, stat) && unlinkIfThere(bytes)) return;
    else if (stat.isFile() && isLitter(path)) this.#litter.push(path);
    else this.#hasOthers = true;
  }

  #clearFolder(path: string, stat: BigIntStats): void {
    const isNamed = this.#named.get(path)?.type === 'dir';
    if ((!isNamed && !isLitterFolder(path)) || this.#mounts.has(`${this.#root}/${path}`, stat.dev)) {
      this.#hasOthers = true;
      return;
    }
    this.folder(path, stat);
    if (!isNamed || !removedFolder(absolutePath(this.#root, path))) this.#folders.push(path);
  }

  /** An edited file is its editor's. Only what differs in size or time is read: what keeps both counts as sealed. */
  #isSealed(path: string, stat: BigIntStats): boolean {
    const row = this.#named.get(path);
    const bytes = absolutePath(this.#root, path);
    if (stat.isSymbolicLink()) return row?.type === 'symlink' && row.target === readlinkSync(bytes, 'latin1');
    if (!stat.isFile() || row?.type !== 'file' || row.size === null || BigInt(row.size) !== stat.size) return false;
    if (row.mtimeNs !== null && isSameTime(stat.mtimeNs, row.mtimeNs)) return true;
    const hash = this.#hasher.hash(bytes, entryStats(stat));
    // What cannot be read is not known to be ours.
    return hash instanceof Uint8Array && Buffer.from(hash).toString('hex') === row.sha256;
  }
}

function lstatAt(bytes: Buffer): BigIntStats | undefined {
  return lstatSync(bytes, { bigint: true, throwIfNoEntry: false });
}

/** Empty where there is no inventory any more. */
function inventoryOf(root: string): string {
  try {
    return readFileSync(absolutePath(root, `${METADATA}/inventory.jsonl`), 'latin1');
  } catch (error) {
    if (isGone(errnoOf(error))) return '';
    throw error;
  }
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
