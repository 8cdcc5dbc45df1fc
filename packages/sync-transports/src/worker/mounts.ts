import { readFileSync, realpathSync } from 'node:fs';
import { errnoOf } from './raw-fs.ts';

/** Nothing below a tree that is to be deleted is entered where something else is mounted: a bind mount has the device of what it shows, so the table is asked, too. */
export class MountedBelow {
  readonly #device: bigint | number;
  readonly #root: string;
  readonly #points: ReadonlySet<string>;

  /** `root`: raw, absolute, an existing folder; `device`: its own; `table`: as of now. */
  constructor(root: string, device: bigint | number, table: readonly Mount[] = mountTable()) {
    this.#device = device;
    this.#root = root;
    this.#points = pointsBelow(realpathSync(Buffer.from(root, 'latin1'), 'buffer').toString('latin1'), table);
  }

  /** Whether something else is mounted at this folder, as far as one can tell. `path`: raw, absolute, below the root. */
  has(path: string, device: bigint | number): boolean {
    return device !== this.#device || this.#points.has(path.slice(this.#root.length));
  }
}

/**
 * Under which path the mount that shows `other` may show the same as `path`; null where it does not, or nobody tells. Both raw, absolute, without symlinks. Whoever
 * believes it compares device and inode: two exports of one NFS server can look like one file system from its top.
 */
export function seenThrough(path: string, other: string): string | null {
  const table = mountTable();
  const [own, shows] = [mountOf(table, path), mountOf(table, other)];
  if (own === null || shows === null || own.disk !== shows.disk) return null;
  const onDisk = `${withoutSlash(own.top)}${path.slice(withoutSlash(own.point).length)}`;
  return isAt(onDisk, shows.top) ? `${withoutSlash(shows.point)}${onDisk.slice(withoutSlash(shows.top).length)}` : null;
}

/** Whether `path` is `folder` or lies below it. */
export function isAt(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${withoutSlash(folder)}/`);
}

/** A line of the table of mounts. */
export interface Mount {
  /** Of the file system: `major:minor`. */
  readonly disk: string;
  /** Which folder of the file system is shown. */
  readonly top: string;
  readonly point: string;
}

/** A later line is mounted over an earlier one. */
function mountOf(table: readonly Mount[], path: string): Mount | null {
  return table.reduce<Mount | null>((found, mount) => (isAt(path, mount.point) && mount.point.length >= (found?.point.length ?? 0) ? mount : found), null);
}

/** Relative to `root`, with a slash before. Empty where there is no such table: then the device tells all there is to tell. */
function pointsBelow(root: string, table: readonly Mount[]): ReadonlySet<string> {
  const points = table.map(({ point }) => point);
  return new Set(points.filter((point) => isAt(point, root)).map((point) => point.slice(root.length)));
}

/** All mounts of this process. Empty where there is no such table. */
export function mountTable(): readonly Mount[] {
  let table: string;
  try {
    table = readFileSync('/proc/self/mountinfo', 'latin1');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  }
  return table.split('\n').filter((line) => line !== '').map((line) => {
    const [, , disk = '', top = '', point = ''] = line.split(' ');
    return { disk, top: unescaped(top), point: unescaped(point) };
  });
}

function unescaped(field: string): string {
  return field.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function withoutSlash(folder: string): string {
  return folder === '/' ? '' : folder;
}
