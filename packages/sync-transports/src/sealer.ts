import type { RawPath } from './raw-path.ts';
import type { Seal, SealListing, SealSource } from './seal.ts';

export interface SealRequest {
  readonly source: SealSource;
  /** Hash every file again, whatever the cache says (after a mismatch). */
  readonly hashing: 'cached' | 'fresh';
  /** Told once, before anything is hashed: the list is fixed from then on. A push may begin with it, and comes to nothing where no seal does. */
  readonly onListed?: (listing: SealListing) => void;
  readonly onProgress?: (progress: { readonly filesDone: number; readonly filesTotal: number; readonly bytesDone: number; readonly bytesTotal: number }) => void;
  readonly signal?: AbortSignal;
}

/** How a source stands against a seal of it, by stat alone. */
export type SealCheck =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'changed'; readonly paths: readonly RawPath[] }
  | { readonly kind: 'vanished'; readonly paths: readonly RawPath[] };

/** Takes and checks seals (design §5.1). */
export interface Sealer extends AsyncDisposable {
  /** Resolves symlinks, records the device. @throws SourceNotFoundError, SourceUnreadableError, SourceNotDirectoryError for a socket, fifo or device */
  resolve(path: string): Promise<SealSource>;
  /**
   * @throws SourceNotFoundError, SourceUnreadableError (naming the parts, also those on another file system), SourceChangedError when it changes while
   * it is read, SourceNameError when `.longhaul` at its top is not ours, the signal's reason when aborted
   */
  seal(request: SealRequest): Promise<Seal>;
  /** Stat list against seal: no byte is read. What is new counts as changed. @throws SourceUnreadableError */
  check(seal: Seal, options?: { readonly signal?: AbortSignal }): Promise<SealCheck>;
}
