import type { EntryBatch } from './entry-batch.ts';
import type { FilterRules } from './filter/list-filter.ts';

/** Lists everything below `root`, sorted by path, bytewise. Parts: EntryBatch. */
export interface ListTask {
  readonly kind: 'list';
  /** Absolute, raw. */
  readonly root: string;
  /** A single entry of `root` instead of all. */
  readonly only: string | null;
  /** `same`: what lies on another device than the root is refused. */
  readonly devices: 'same' | 'any';
  /** A hash cache to fill in hashes from; text path. */
  readonly cacheFile: string | null;
  /** `probe`: files whose hash is not known are asked for read permission at once. */
  readonly readable: 'probe' | 'assume';
  /** What is taken of a source, by these rules and the ignore files in it; null: everything. */
  readonly filter: FilterRules | null;
}

/** Raw paths by what was wrong with them. */
export interface ListReport {
  readonly unreadable: readonly string[];
  readonly otherDevice: readonly string[];
  /** There when the folder was read, gone when asked for. */
  readonly vanished: readonly string[];
  /** Whether `.longhaul` lies at the top; it is never listed. */
  readonly metadata: 'present' | 'absent';
  /** Numbers of the groups that entries belong to, each once. */
  readonly groups: readonly number[];
  /** What the filter left out: a folder counts once, with everything in it. */
  readonly leftOut: { readonly files: number; readonly folders: number; readonly ignoreFiles: readonly string[] };
}

/** Hashes files that were listed. Parts: HashProgress. */
export interface HashTask {
  readonly kind: 'hash';
  readonly root: string;
  readonly files: EntryBatch;
}

export interface HashProgress {
  readonly files: number;
  readonly bytes: number;
}

/** Why a file has no hash. `code` is an errno name. */
export interface HashFault {
  readonly path: string;
  readonly reason: 'changed' | 'vanished' | 'unreadable';
  readonly code: string;
}

export interface HashReport {
  /** 32 bytes for each file, in order; zeros where there is a fault. */
  readonly hashes: Uint8Array<ArrayBuffer>;
  readonly faults: readonly HashFault[];
}

/** Copies sealed files into a tree. Parts: CopyProgress. Ends at the first fault. */
export interface CopyTask {
  readonly kind: 'copy';
  readonly sourceRoot: string;
  /** Absolute, raw: staging's `tree` and `partial`. */
  readonly treeRoot: string;
  readonly partialRoot: string;
  readonly files: EntryBatch;
  /** Names of the partial files, one for each file. */
  readonly partials: readonly string[];
  /** `off` once the file system has said that it cannot. */
  readonly reflink: 'try' | 'off';
  /** Bytes per second; null for no limit. */
  readonly bandwidth: number | null;
  /** Folder of epoch markers, and the highest that is ours. */
  readonly fence: { readonly folder: string; readonly epoch: number };
}

export interface CopyProgress {
  /** Files whole since the last part. */
  readonly files: number;
  /** Bytes written since the last part. */
  readonly bytes: number;
  /** Bytes that a partial file of an earlier attempt held already. */
  readonly resumed: number;
  readonly current: string;
}

export interface CopyFault {
  readonly path: string;
  readonly side: 'source' | 'destination' | 'fence';
  readonly reason: 'changed' | 'failed' | 'fenced';
  /** The failed call and its errno name, e.g. `write`, `ENOSPC`. */
  readonly call: string;
  readonly code: string;
  readonly message: string;
}

export interface CopyReport {
  readonly fault: CopyFault | null;
  readonly reflink: 'try' | 'off';
  /** Modes that the destination would not take: EPERM from a file system without them. */
  readonly modesRefused: number;
}

/** Makes folders, hard links and symlinks in a tree, or ends it with modes and times. */
export interface ShapeTask {
  readonly kind: 'shape';
  readonly treeRoot: string;
  readonly partialRoot: string;
  readonly steps: readonly ShapeStep[];
}

export type ShapeStep =
  | { readonly do: 'remove'; readonly path: string }
  | { readonly do: 'folder'; readonly path: string }
  | { readonly do: 'symlink'; readonly path: string; readonly target: string; readonly mtimeNs: bigint; readonly partial: string }
  /** Another name for a file of the tree, or a file of the result in place. */
  | { readonly do: 'link'; readonly path: string; readonly from: string; readonly partial: string }
  | { readonly do: 'attributes'; readonly path: string; readonly mode: number; readonly mtimeNs: bigint };

export interface ShapeReport {
  /** Steps done: the fault, if any, is the next one. */
  readonly done: number;
  readonly fault: { readonly path: string; readonly call: string; readonly code: string; readonly message: string } | null;
  readonly modesRefused: number;
}

/** Deletes trees; what is not there is fine. */
export interface RemoveTask {
  readonly kind: 'remove';
  /** Absolute, raw. */
  readonly paths: readonly string[];
}

/** Deletes from a result what its own inventory names; all else stays where it is. */
export interface ClearTask {
  readonly kind: 'clear';
  /** Absolute, raw. */
  readonly root: string;
}

/** `gone`: nothing is left, the folder neither. */
export interface ClearReport {
  readonly root: 'gone' | 'holds-others';
}

/** Syncs files and folders one by one, where the file system cannot be synced as a whole. */
export interface SyncTask {
  readonly kind: 'sync';
  /** Absolute, raw. */
  readonly root: string;
}

/** What each task gives: its part messages and its report. */
export interface TaskTypes {
  readonly list: { readonly task: ListTask; readonly part: EntryBatch; readonly report: ListReport };
  readonly hash: { readonly task: HashTask; readonly part: HashProgress; readonly report: HashReport };
  readonly copy: { readonly task: CopyTask; readonly part: CopyProgress; readonly report: CopyReport };
  readonly shape: { readonly task: ShapeTask; readonly part: never; readonly report: ShapeReport };
  readonly remove: { readonly task: RemoveTask; readonly part: never; readonly report: null };
  readonly clear: { readonly task: ClearTask; readonly part: never; readonly report: ClearReport };
  readonly sync: { readonly task: SyncTask; readonly part: never; readonly report: null };
}

export type TaskKind = keyof TaskTypes;
export type Task = TaskTypes[TaskKind]['task'];

/** From the pool to a worker. */
export interface TaskMessage {
  readonly task: Task;
  readonly abort: SharedArrayBuffer;
}

/** From a worker to the pool. */
export type WorkerMessage =
  | { readonly kind: 'part'; readonly part: unknown }
  | { readonly kind: 'done'; readonly report: unknown }
  | { readonly kind: 'aborted' }
  | { readonly kind: 'failed'; readonly code: string; readonly message: string };
