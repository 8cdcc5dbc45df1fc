import type { RawPath, Seal, SealedFile } from '@longhaul/sync-transports';
import type { Blocker } from '../blocker.ts';
import type { FoundReceipt, ReceiptState } from './found-receipt.ts';

/** How a source stands against its seal, before anything is deleted. */
export interface SourceLook {
  /** Sealed files that are there, and are what was sealed as far as a look tells. */
  readonly present: readonly SealedFile[];
  /** Sealed files that are gone already. */
  readonly gone: readonly RawPath[];
  /** Not what was sealed: other content, or no regular file any more. */
  readonly changed: readonly RawPath[];
  readonly unreadable: readonly { readonly path: RawPath; readonly code: string }[];
  /** Not in the seal: made since, or left out by rules. They stay. */
  readonly extra: readonly RawPath[];
  /** Of the folders in it that are sealed, of itself, and of each folder above it: what lies there may be somebody's result. */
  readonly receipts: readonly FoundReceipt[];
}

/** What became of one file. */
export type Removal =
  /** `freedBytes`: what the disk got back; 0 while another name still holds the content. */
  | { readonly kind: 'removed'; readonly path: RawPath; readonly bytes: number; readonly freedBytes: number }
  | { readonly kind: 'gone'; readonly path: RawPath }
  /** It stays: it is not the file that was sealed any more, may not be deleted, or its folder has been moved away. */
  | { readonly kind: 'kept'; readonly path: RawPath; readonly why: 'changed' | 'denied' | 'moved'; readonly detail: string }
  /** It stays because the caller's word was taken back. */
  | { readonly kind: 'stopped'; readonly path: RawPath };

export interface RemoveOptions {
  /**
   * Waited for when the content of the file was read, and before it is held against its name for the last time: may take long, in which whatever is
   * written to the file is noticed. What it throws leaves the file.
   */
  readonly ready?: () => Promise<void>;
  /** Asked right before each file goes, without anything in between: false leaves it. */
  readonly allowed: () => boolean;
  readonly signal?: AbortSignal | undefined;
}

/** `unknown`: something there cannot be looked at. */
export type SharedFiles = { readonly kind: 'known'; readonly paths: readonly RawPath[] } | { readonly kind: 'unknown'; readonly detail: string };

/** One file for `.longhaul/`. */
export interface LeftBehind {
  readonly name: string;
  readonly content: Uint8Array;
}

/** A source whose folder is held open, so that nothing that is swapped in for it, or on the way to it, is ever touched. */
export interface HeldSource extends AsyncDisposable {
  /** @throws the signal's reason */
  look(options?: { readonly signal?: AbortSignal | undefined }): Promise<SourceLook>;
  /** Deletes one sealed file, if it still is what was sealed. @throws the signal's reason */
  remove(file: SealedFile, options: RemoveOptions): Promise<Removal>;
  /**
   * Whether each of them is the very file that was sealed, whatever was written into it since: never deleted, nor replaced by another one. False where
   * the file system does not tell.
   */
  areOriginals(files: readonly SealedFile[]): Promise<boolean>;
  /** Removes sealed folders that are empty by now. Returns how many. */
  removeEmptyFolders(options: Pick<RemoveOptions, 'allowed'>): Promise<number>;
  /** Whether there is a receipt where a result has one: then the source may be a result itself, seen from the other side. */
  receiptState(): Promise<ReceiptState['kind']>;
  /** Runs `work` while such receipts have another name; then they have their own again. */
  withoutReceipt<T>(work: () => Promise<T>): Promise<T>;
  /**
   * Which of the sealed folders and files are the very same ones, by device and inode, in that folder of this machine (absolute, raw); the first few. An
   * empty path is the source's own folder. @throws the signal's reason
   */
  sharedWith(folder: RawPath, options: { readonly signal: AbortSignal }): Promise<SharedFiles>;
  /** Puts files into `.longhaul/`, durably; what an earlier reclaim has left there is kept beside them. @throws SourceBlocked */
  leaveBehind(files: readonly LeftBehind[]): Promise<void>;
  /** Bytes that a user may still write on the disk of the source. */
  freeBytes(): Promise<number>;
}

/** Where sources are. A port, so that a simulation can have its own. */
export interface SourceFiles {
  /** @throws SourceBlocked where it is not there, is another one, or cannot be held */
  open(seal: Seal): Promise<HeldSource>;
}

/** The source forbids it. Never leaves the reaper: it becomes a blocker. */
export class SourceBlocked extends Error {
  override readonly name = 'SourceBlocked';
  readonly blocker: Blocker;

  constructor(blocker: Blocker) {
    super(blocker.kind);
    this.blocker = blocker;
  }
}
