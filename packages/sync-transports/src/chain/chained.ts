import { createHash } from 'node:crypto';
import { percentEncode } from '../manifest/inventory.ts';
import type { RawPath } from '../raw-path.ts';
import type { Receipt } from '../receipt.ts';
import type { ReceiptHead } from './receipt-chain.ts';

/** The receipt as the link after `head`. For those who implement a transport: publish with this one, and add the link before the result is revealed. */
export function chained(receipt: Receipt, head: ReceiptHead, finalName: RawPath): Receipt {
  const place = head.kind === 'link' ? { sequence: head.sequence + 1, previous: head.sha256 } : { sequence: 1, previous: null };
  return { ...receipt, chain: { ...place, finalName: percentEncode(finalName) } };
}

/** What the next receipt names: SHA-256 of a receipt's bytes. */
export function receiptHash(content: Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
