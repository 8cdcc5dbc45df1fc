import type { RawPath } from '../raw-path.ts';
import type { Seal, SealedFile, SealedSymlink, SealEntry } from '../seal.ts';
import type { RemoteItem } from './remote-folder.ts';

/** rclone's own way of writing a symlink where there are none: a file of this ending that holds the target; `rclone copy --links` makes it one again. */
export const LINK_SUFFIX = '.rclonelink';

/** The name under which an entry lies at a remote. */
export function remoteName({ path, type }: Pick<SealEntry, 'path' | 'type'>): RawPath {
  return type === 'symlink' ? (`${path}${LINK_SUFFIX}` as RawPath) : path;
}

/** What the plan is made from. */
export interface PlanInput {
  readonly seal: Seal;
  /** What lies in the tree already; of another content too. */
  readonly there: ReadonlyMap<RawPath, RemoteItem>;
  /** `by-time`: equal size and time; `by-size`: all that is there is of this seal; `ask-rclone`: it looks itself; `none`: everything is sent. */
  readonly complete: 'by-time' | 'by-size' | 'ask-rclone' | 'none';
  /** How exact times are kept, in nanoseconds. */
  readonly precisionNs: number;
  readonly folders: 'real' | 'none';
  /** Only these, whatever is there. */
  readonly repeat?: readonly RawPath[] | undefined;
}

/** What a push has to do. Pure data. */
export interface PushPlan {
  /** Of another type than the seal has there, top-most ones only. */
  readonly removals: readonly { readonly path: RawPath; readonly type: RemoteItem['type'] }[];
  readonly files: readonly SealedFile[];
  readonly symlinks: readonly SealedSymlink[];
  /** Folders without anything in them: the others come with their files. */
  readonly folders: readonly RawPath[];
  /** Bytes and files of the seal that are there already. */
  readonly done: { readonly bytes: number; readonly files: number };
}

export function planPush({ seal, there, complete, precisionNs, folders, repeat }: PlanInput): PushPlan {
  const wanted = repeat === undefined ? null : new Set(repeat);
  const sent = seal.entries.filter(({ path }) => wanted === null || wanted.has(path));
  const files = sent.filter((entry): entry is SealedFile => entry.type === 'file' && (wanted !== null || !isThere(entry, there.get(entry.path), { complete, precisionNs })));
  const sentBytes = files.reduce((sum, { size }) => sum + size, 0);
  const parents = new Set(seal.entries.map(({ path }) => path.slice(0, Math.max(0, path.lastIndexOf('/')))));
  return {
    removals: topMost(seal.entries.flatMap((entry) => inTheWay(entry, there))),
    files,
    symlinks: sent.filter((entry): entry is SealedSymlink => entry.type === 'symlink' && (wanted !== null || complete === 'none' || there.get(remoteName(entry))?.size !== entry.target.length)),
    folders: folders === 'none' ? [] : sent.filter(({ path, type }) => type === 'dir' && !parents.has(path) && there.get(path)?.type !== 'dir').map(({ path }) => path),
    done: { bytes: seal.totals.bytes - sentBytes, files: seal.totals.files - files.length },
  };
}

function inTheWay(entry: SealEntry, there: ReadonlyMap<RawPath, RemoteItem>): readonly { readonly path: RawPath; readonly type: RemoteItem['type'] }[] {
  const path = remoteName(entry);
  const found = there.get(path);
  return found !== undefined && found.type !== (entry.type === 'dir' ? 'dir' : 'file') ? [{ path, type: found.type }] : [];
}

function topMost<T extends { readonly path: RawPath }>(items: readonly T[]): readonly T[] {
  return items.filter(({ path }) => !items.some((other) => path.startsWith(`${other.path}/`)));
}

function isThere(file: SealedFile, found: RemoteItem | undefined, { complete, precisionNs }: Pick<PlanInput, 'complete' | 'precisionNs'>): boolean {
  if (found?.type !== 'file' || found.size !== file.size || complete === 'none' || complete === 'ask-rclone') return false;
  if (complete === 'by-size') return true;
  if (found.mtimeNs === null) return false;
  const apart = found.mtimeNs > file.mtimeNs ? found.mtimeNs - file.mtimeNs : file.mtimeNs - found.mtimeNs;
  return apart < BigInt(Math.max(1000, Math.ceil(precisionNs)));
}
