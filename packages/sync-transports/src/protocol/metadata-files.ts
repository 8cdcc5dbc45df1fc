import { printChecksums } from '../manifest/checksums.ts';
import { printInventory } from '../manifest/inventory.ts';
import { printReceipt } from '../manifest/receipt-codec.ts';
import type { Receipt } from '../receipt.ts';
import type { Seal, SealedFile } from '../seal.ts';
import { CHECKSUMS_FILE, INVENTORY_FILE, RECEIPT_FILE } from './layout.ts';

/** One file of `.longhaul/` in a result. */
export interface MetadataFile {
  readonly name: string;
  readonly content: Buffer;
}

/** All files of a result's `.longhaul/`, in the order in which they are written: the receipt last (PROTOCOL.md). */
export function metadataFiles(seal: Seal, receipt: Receipt): readonly MetadataFile[] {
  const files = seal.entries.filter((entry): entry is SealedFile => entry.type === 'file');
  return [
    { name: CHECKSUMS_FILE, content: printChecksums(files) },
    { name: INVENTORY_FILE, content: printInventory(seal.entries) },
    { name: RECEIPT_FILE, content: Buffer.from(printReceipt(receipt)) },
  ];
}
