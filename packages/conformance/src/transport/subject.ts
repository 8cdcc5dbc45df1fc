import type { ProofStrength, PublishRequest, RawPath, Transport } from '@longhaul/sync-transports';

/** A transport under test: each test gets an empty destination of its own. */
export interface TransportSubject {
  /** For the titles of the tests. */
  readonly name: string;
  /** `each-step`: the worlds have `publishUntil`. */
  readonly crashes: 'each-step' | 'none';
  /** `chained`: its publish ties each receipt to the one before (`receiptHead`, `listReceipts`). Absent: it keeps no chain. */
  readonly receipts?: 'chained';
  /** It has `fetch`. */
  readonly fetches?: 'whole results';
  /** What it keeps and proves; left out: all of it. */
  readonly traits?: Partial<TransportTraits>;
  create(): Promise<TransportWorld>;
}

/** Where transports may differ. What one does not keep it refuses or says; that is for its own tests. */
export interface TransportTraits {
  /** What a proof of it is worth. Default `sha256`. */
  readonly strength: ProofStrength;
  /** `content`: no symlinks, modes, hard links and holes as such. Default `all`. */
  readonly keeps: 'all' | 'content';
  /** `text`: names that are no UTF-8 are refused; `lines`: those with control characters or a space at their end, too. Default `bytes`. */
  readonly names: 'bytes' | 'text' | 'lines';
  /** Whether a file keeps its time. Default `kept`. */
  readonly times: 'kept' | 'lost';
  /** `whole`: a further generation is sent from the beginning. Default `difference`. */
  readonly generations: 'difference' | 'whole';
  /** `in-tree`: an interrupted push leaves the part of a file under its name in staging. Default `apart`. */
  readonly partials: 'apart' | 'in-tree';
  /** Whether a probe tells free space. Default `told`. */
  readonly space: 'told' | 'unknown';
}

/** {@link TransportSubject.traits}, with what was left out. */
export function traitsOf({ traits = {} }: TransportSubject): TransportTraits {
  return { strength: 'sha256', keeps: 'all', names: 'bytes', times: 'kept', generations: 'difference', partials: 'apart', space: 'told', ...traits };
}

/** One empty destination, and hands to look at it and to spoil it that do not go through the transport. Disposing of it ends all it started. */
export interface TransportWorld extends AsyncDisposable {
  /** A further transport to the same destination, as another process or host would have it. The world closes it. */
  connect(): Promise<Transport>;
  readonly destination: DestinationHands;
  /**
   * Publishes and is killed after this step (PUBLISH_STEPS, PROTOCOL.md), from which on nothing of that process runs. Left out where the
   * implementer has no way to do so (`crashes: 'none'`): its crash tests are then its own.
   */
  publishUntil?(step: string, request: PublishRequest): Promise<void>;
}

/** All paths are relative to the destination's root. {@link folderHands} makes these for a folder of this machine. */
export interface DestinationHands {
  /** Changes one byte in the middle of a file; size and mtime stay. */
  corrupt(path: RawPath): Promise<void>;
  /** null where there is no such file. */
  read(path: RawPath): Promise<Buffer | null>;
  /** Creates or replaces a file, missing folders too. */
  write(path: RawPath, content: string | Buffer): Promise<void>;
  makeFolder(path: RawPath): Promise<void>;
  remove(path: RawPath): Promise<void>;
  /** Everything at or below a path, sorted; empty where there is nothing. */
  list(path: RawPath): Promise<readonly RawPath[]>;
  /** null where there is nothing. Symlinks are not followed. */
  stat(path: RawPath): Promise<DestinationStat | null>;
}

export interface DestinationStat {
  readonly type: 'file' | 'dir' | 'symlink' | 'other';
  /** Permission bits. */
  readonly mode: number;
  /** Milliseconds since 1970. */
  readonly mtimeMs: number;
  readonly ino: bigint;
  readonly size: number;
  /** Bytes taken on the disk. */
  readonly allocated: number;
  readonly target: RawPath | null;
}
