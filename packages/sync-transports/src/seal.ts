import type { RawPath } from './raw-path.ts';
import type { LeftOut, SourceFilter } from './source-filter.ts';

interface EntryStat {
  readonly path: RawPath;
  /** Permission bits and setuid, setgid, sticky: `st_mode & 0o7777`. */
  readonly mode: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
  readonly dev: bigint;
  readonly ino: bigint;
}

export interface SealedFile extends EntryStat {
  readonly type: 'file';
  /** Bytes. */
  readonly size: number;
  /** Bytes that the file takes on the disk: less than `size` where it is sparse. */
  readonly allocated: number;
  readonly nlink: number;
  /** 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

export interface SealedDirectory extends EntryStat {
  readonly type: 'dir';
}

export interface SealedSymlink extends EntryStat {
  readonly type: 'symlink';
  /** As bytes, never resolved. */
  readonly target: RawPath;
}

export type SealEntry = SealedFile | SealedDirectory | SealedSymlink;

/**
 * Something in the source that a destination will not hold: said, never skipped in silence (design §5.1). `metadata` is `.longhaul` at the top of the
 * source with a receipt of ours in it: what an earlier push or reclaim left, not data.
 */
export interface Finding {
  readonly path: RawPath;
  readonly kind: 'socket' | 'fifo' | 'device' | 'metadata';
}

/** A file whose hash is not known yet. */
export type ListedFile = Omit<SealedFile, 'sha256'>;

export type ListedEntry = ListedFile | SealedDirectory | SealedSymlink;

export interface SealTotals {
  readonly files: number;
  readonly directories: number;
  readonly symlinks: number;
  /** Sum of the sizes of all regular files, each path counted. */
  readonly bytes: number;
}

/**
 * The only truth of one generation of a source (design §5.1): the list is fixed first, every regular file hashed.
 * Immutable. `digest` is over the content that a destination must hold; times, inodes and devices are not part of it.
 */
export interface Seal {
  readonly id: string;
  /** SHA-256 over the canonical manifest: path, type, size, hash, mode, symlink target of every entry, sorted by bytes; see sealDigest. */
  readonly digest: string;
  readonly source: SealSource;
  readonly sealedAt: string;
  readonly totals: SealTotals;
  readonly findings: readonly Finding[];
  /** What rules left out, and which; absent where there were none. */
  readonly leftOut?: LeftOut;
  /** Sorted by path, bytewise; a directory stands before what it holds. The root itself is no entry. */
  readonly entries: readonly SealEntry[];
  /** Numbers of the groups that its entries belong to, each once. Only known where the source has just been listed: it is not kept. */
  readonly groups?: readonly number[];
}

/** A source as it was listed, before it is hashed: all that a push needs which compares nothing. Every seal is one. */
export type SealListing = Pick<Seal, 'source' | 'totals' | 'findings' | 'leftOut' | 'groups'> & { readonly entries: readonly ListedEntry[] };

/** Where a seal was taken. A single file as source: `root` is its folder, the only entry is the file. */
export interface SealSource {
  readonly kind: 'directory' | 'file';
  /** Real path (symlinks resolved at enqueue), as a raw path with a leading slash. */
  readonly root: RawPath;
  /** Base name of the real path: `{name}` in templates. With kind `file`, the file's own name. */
  readonly name: RawPath;
  readonly dev: bigint;
  /** What of it is sent; absent: everything that no `.longhaulignore` in it leaves out. Never on a single file. */
  readonly filter?: SourceFilter;
}
