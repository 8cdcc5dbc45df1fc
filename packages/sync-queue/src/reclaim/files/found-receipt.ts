import { lstatSync, readFileSync } from 'node:fs';
import { parseReceipt, RECEIPT_FILE } from '@longhaul/sync-transports';
import type { Receipt, SealSource } from '@longhaul/sync-transports';
import { errnoOf } from './errno.ts';
import type { HeldFolder } from './held-folder.ts';

/** What a folder with receipts says. One that cannot be read is not "none": nobody knows then what lies around it. */
export type ReceiptState = { readonly kind: 'none' } | { readonly kind: 'receipt'; readonly receipt: Receipt } | { readonly kind: 'unknown'; readonly detail: string };

/** A receipt in the source, or around it. */
export interface FoundReceipt {
  /** Whose own one it would be, were it left by a reclaim: a source of that place. */
  readonly place: Pick<SealSource, 'kind' | 'root' | 'name'>;
  readonly state: Exclude<ReceiptState, { kind: 'none' }>;
}

/** The receipt in `folder`. */
export function receiptIn(folder: HeldFolder): ReceiptState {
  try {
    const parsed = parseReceipt(readFileSync(folder.at(RECEIPT_FILE)));
    return parsed.kind === 'receipt' ? parsed : { kind: 'unknown', detail: parsed.evidence };
  } catch (error) {
    return stateOf(error);
  }
}

/** The receipt in the folder of that name in `parent`. A file of that name is none; a symlink may lead to one. */
export function receiptBelow(parent: HeldFolder, name: string): ReceiptState {
  try {
    using folder = parent.child(name);
    return receiptIn(folder);
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR') return isSymlink(parent, name) ? { kind: 'unknown', detail: 'it is a symlink' } : { kind: 'none' };
    return stateOf(error);
  }
}

function stateOf(error: unknown): ReceiptState {
  const code = errnoOf(error);
  if (code === 'UNKNOWN') throw error;
  return code === 'ENOENT' ? { kind: 'none' } : { kind: 'unknown', detail: code };
}

function isSymlink(parent: HeldFolder, name: string): boolean {
  return lstatSync(parent.at(name)).isSymbolicLink();
}
