import type { TransportErrorKind } from '@longhaul/errors';
import type { ReceiptHead, ReceiptListing } from './chain/receipt-chain.ts';
import type { RawPath } from './raw-path.ts';
import type { Receipt } from './receipt.ts';
import type { Seal, SealListing, SealSource } from './seal.ts';

/** The outcome of a push. The evidence, unchanged, stands in stderr; `evidence` is the line that decided `errorKind`. */
export interface TransportResult {
  readonly ok: boolean;
  /** null where ok, and for a failure that no table could name because the program is missing. */
  readonly errorKind: TransportErrorKind | null;
  readonly stderr: string;
  readonly stdout: string;
  readonly returncode: number;
  readonly evidence: string | null;
  /** What to do about it. */
  readonly hint: string | null;
  /** From Retry-After, where the tool told it. Milliseconds. */
  readonly retryAfterMs: number | null;
  /** Bytes that travelled in this push (not those that were there already). */
  readonly bytesSent: number;
}

/** Position within the seal (exact total), and what travelled (for rate and ETA) (design §5.2). */
export interface TransferProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesSent: number;
  readonly currentFile: RawPath | null;
}

/** One job's place at a destination. Staging is the same folder for every attempt, or nothing could be resumed. */
export interface Placement {
  readonly jobId: string;
  /** The fencing number of the claim; it lies beside the staging tree and in the publish lock. */
  readonly epoch: number;
  /** Names this host and state directory, so that two of them never publish over each other. */
  readonly hostId: string;
  /** Path below the destination's `path`, e.g. `train/01J…/results`. Parts are never `.`, `..`, empty, or `.longhaul*`. */
  readonly finalName: RawPath;
}

export interface PushRequest {
  readonly seal: Seal;
  readonly placement: Placement;
  /** Only these files, with times and sizes ignored: the one repeat after a hash mismatch (design §5.4). */
  readonly repeat?: readonly RawPath[];
  /** Bytes per second. */
  readonly bandwidth?: number;
  readonly onProgress?: (progress: TransferProgress) => void;
  /** Told once the upstream tool runs, so that an orphan can be found and ended by the next owner. */
  readonly onProcess?: (process: { readonly pid: number; readonly startTime: string }) => void;
  readonly signal?: AbortSignal;
}

/** A push that begins while the source is still hashed. */
export interface ListingPushRequest extends Omit<PushRequest, 'seal' | 'repeat'> {
  readonly listing: SealListing;
}

/** Where to look: the staging tree of a job, or a result under its final name. */
export interface HashsumRequest {
  readonly where: 'staging' | 'final';
  readonly placement: Placement;
  readonly seal: Seal;
  readonly onProgress?: (progress: HashsumProgress) => void;
  readonly signal?: AbortSignal;
}

/** How far the reading at a destination is. Where a program there does it, a file counts when it is done. */
export interface HashsumProgress {
  readonly filesDone: number;
  readonly filesTotal: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

/** How much a manifest proves; only `sha256` and `download` compare content. */
export type ProofStrength = 'sha256' | 'download' | 'size';

/** What a destination really holds. Includes what the seal does not know (extras). */
export interface RemoteManifest {
  readonly strength: ProofStrength;
  readonly entries: ReadonlyMap<RawPath, RemoteEntry>;
}

export type RemoteEntry =
  | { readonly type: 'file'; readonly size: number; readonly sha256: string | null }
  | { readonly type: 'dir' }
  | { readonly type: 'symlink'; readonly target: RawPath }
  | { readonly type: 'other' };

export interface PublishRequest {
  readonly placement: Placement;
  readonly seal: Seal;
  readonly receipt: Receipt;
  readonly signal?: AbortSignal;
}

/**
 * `published` also when an earlier call had done it; `leftover` says what was not deleted afterwards: what others had put into the earlier
 * result and where it is kept, and what could not be deleted (of the earlier result, of staging). The others leave the destination as it was.
 */
export type PublishOutcome =
  | { readonly kind: 'published'; readonly leftover?: string }
  | { readonly kind: 'conflict'; readonly holder: Receipt | null; readonly evidence: string }
  | { readonly kind: 'fenced'; readonly evidence: string }
  | { readonly kind: 'locked'; readonly holder: string; readonly evidence: string };

export interface FetchRequest {
  readonly finalName: RawPath;
  readonly seal: Seal;
  /** Absolute. */
  readonly into: string;
  readonly signal?: AbortSignal;
}

export interface ProbeReport {
  readonly reachable: boolean;
  readonly errorKind: TransportErrorKind | null;
  readonly evidence: string | null;
  readonly hint: string | null;
  /** Bytes a user may still write; null where nobody tells. */
  readonly freeBytes: number | null;
  /** Size of the whole disk in bytes: what is larger will never fit; null where nobody tells. */
  readonly totalBytes: number | null;
  readonly hash: ProofStrength;
  /** Free text for people, e.g. `rsync 3.2.7, GNU sha256sum`. */
  readonly tools: readonly string[];
}

/** `touch`: `nothing` leaves out the test write, which alone tells of quotas and missing rights; default `test_write`. */
export interface ProbeOptions {
  readonly touch?: 'nothing' | 'test_write';
  readonly signal?: AbortSignal;
}

/**
 * The port that every transport implements (design §5.2): a thin wrapper around an upstream tool.
 *
 * `push` returns failures as results. `hashsum`, `publish`, `readReceipt`, `prune`, `remove` throw TransportError with a kind;
 * the kind is null only where the program itself is missing.
 */
export interface Transport extends AsyncDisposable {
  readonly kind: 'local' | 'rsync_ssh' | 'rclone';
  /** The folder that holds its results, where that is one of this machine's own: absolute, raw, not resolved. Left out where it is reached otherwise. */
  readonly folder?: RawPath;
  /** Without a shared connection: what is true now. Never throws for a destination that does not answer. */
  probe(options?: ProbeOptions): Promise<ProbeReport>;
  /** Refuses names that this destination cannot hold. @throws SourceNameError, naming them, before the first byte. */
  checkNames(seal: SealListing): Promise<void>;
  /** Refuses a final name under which the source itself would be shown: it would prove itself. Left out by a transport that cannot tell. @throws TransportError of kind config */
  assertApart?(request: { readonly source: SealSource; readonly finalName: RawPath; readonly signal?: AbortSignal }): Promise<void>;
  push(request: PushRequest): Promise<TransportResult>;
  /**
   * {@link push} of what is listed and still being hashed: the hashes come later, and are compared in verify as ever (design §5.1). Left out by
   * a transport that needs them to send.
   */
  pushListing?(request: ListingPushRequest): Promise<TransportResult>;
  hashsum(request: HashsumRequest): Promise<RemoteManifest>;
  /** Deletes from the staging tree what the seal does not hold. */
  prune(request: { readonly placement: Placement; readonly extras: readonly RawPath[]; readonly signal?: AbortSignal }): Promise<void>;
  /** Puts manifest and receipt inside, then moves the tree to its final name, replayable at each step. */
  publish(request: PublishRequest): Promise<PublishOutcome>;
  /** The receipt under a final name; `none` where there is nothing, `foreign` where something lies there without a receipt. */
  readReceipt(request: { readonly finalName: RawPath; readonly signal?: AbortSignal }): Promise<
    { readonly kind: 'none' } | { readonly kind: 'foreign' } | { readonly kind: 'receipt'; readonly receipt: Receipt }
  >;
  /** What was published last at this destination. Left out by a transport that keeps no chain of receipts (PROTOCOL.md, "The chain"). */
  receiptHead?(request?: { readonly signal?: AbortSignal }): Promise<ReceiptHead>;
  /** Every link of the chain, and the receipt of every result in place. Left out as above. */
  listReceipts?(request?: { readonly signal?: AbortSignal }): Promise<ReceiptListing>;
  /**
   * Brings a published result back to this machine: what the seal lists, into `into`, an empty folder; or nothing is copied and the place is told where it
   * can be read as it is. Returns the folder. Nothing of it is proven: the caller hashes it. Left out by a transport that cannot.
   */
  fetch?(request: FetchRequest): Promise<string>;
  /** Removes the staging of a job (cancelled, finished or abandoned). Nothing published is ever touched. */
  remove(request: { readonly placement: Placement; readonly signal?: AbortSignal }): Promise<void>;
}
