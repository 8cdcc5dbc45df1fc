import type { RawPath } from '../raw-path.ts';

/** What ties a receipt to the one before it at the same destination (PROTOCOL.md, "The chain"). */
export interface ReceiptChain {
  /** Counted from 1 at each destination, over all hosts and results. */
  readonly sequence: number;
  /** SHA-256 of the whole receipt before this one, as the chain holds it; null for the first. */
  readonly previous: string | null;
  /** Where the result lies, percent-encoded bytes below the destination's root. */
  readonly finalName: string;
}

/**
 * The newest link. `place`: SHA-256 of the receipt in the oldest one, which no other chain begins with; null where it cannot be read. `empty`: nothing was chained there yet. `untouched`:
 * nothing that Longhaul ever wrote is there, as on a disk that is not mounted.
 */
export type ReceiptHead = { readonly kind: 'link'; readonly sequence: number; readonly sha256: string; readonly place: string | null } | { readonly kind: 'empty' } | { readonly kind: 'untouched' };

/** A copy of a receipt, made right before its result took its final name; it stays when the result goes. */
export interface ReceiptLink {
  /** From its name at the destination. */
  readonly sequence: number;
  /** As it lies there, byte for byte; null: there is no such file where it should be. */
  readonly content: Uint8Array | null;
}

/** A receipt in place, inside its result. */
export interface PlacedReceipt {
  readonly finalName: RawPath;
  readonly content: Uint8Array;
}

/** All that a check of the chain needs, in any order. */
export interface ReceiptListing {
  readonly links: readonly ReceiptLink[];
  readonly results: readonly PlacedReceipt[];
  /** Folders that could not be looked into: whether results are in them is unknown. */
  readonly unreadable: readonly RawPath[];
}
