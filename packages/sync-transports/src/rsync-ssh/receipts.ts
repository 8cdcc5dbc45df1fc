import { TransportError, TransportErrorKind } from '@longhaul/errors';
import { receiptHash } from '../chain/chained.ts';
import type { PlacedReceipt, ReceiptHead, ReceiptLink, ReceiptListing } from '../chain/receipt-chain.ts';
import { sequenceOf } from '../protocol/layout.ts';
import type { RawPath } from '../raw-path.ts';
import type { RemoteHost } from './remote-host.ts';
import { HEAD_SCRIPT, RECEIPTS_SCRIPT } from './scripts/receipts-script.ts';

/** The newest link of the chain there. @throws TransportError */
export async function receiptHead(host: RemoteHost, signal: AbortSignal | undefined): Promise<ReceiptHead> {
  const [word, name = '', text = ''] = await host.call({ doing: 'reading the chain of receipts', scripts: [HEAD_SCRIPT], signal });
  if (word === 'untouched' || word === 'empty') return { kind: word };
  const sequence = sequenceOf(name);
  if (word === 'link' && sequence !== null) return { kind: 'link', sequence, sha256: receiptHash(bytesOf(text)) };
  throw new TransportError(`reading the chain of receipts ended with ${JSON.stringify(word ?? 'nothing')}`, { errorKind: TransportErrorKind.UNKNOWN });
}

/** All links and all receipts in place there. @throws TransportError */
export async function listReceipts(host: RemoteHost, signal: AbortSignal | undefined): Promise<ReceiptListing> {
  const reader = new ReceiptReader();
  await host.call({ doing: 'listing the receipts', scripts: [RECEIPTS_SCRIPT], signal, onField: (field) => reader.add(field) });
  if (!reader.isWhole) throw new TransportError(`the list of receipts at ${host.destination.target} ended early`, { errorKind: TransportErrorKind.NETWORK });
  return reader;
}

const FIELDS: Readonly<Record<string, number>> = { listing: 1, link: 4, result: 3, unreadable: 2, end: 1 };

/** Takes RECEIPTS_SCRIPT's fields as they come. */
class ReceiptReader implements ReceiptListing {
  readonly links: ReceiptLink[] = [];
  readonly results: PlacedReceipt[] = [];
  readonly unreadable: RawPath[] = [];
  isWhole = false;
  #fields: string[] = [];

  add(field: string): void {
    this.#fields.push(field);
    const [word = '', first = '', second = '', third = ''] = this.#fields;
    if (this.#fields.length < (FIELDS[word] ?? 1)) return;
    this.#fields = [];
    if (word === 'end') this.isWhole = true;
    else if (word === 'link') this.#link(first, second === 'there' ? bytesOf(third) : null);
    else if (word === 'result') this.results.push({ finalName: withoutDot(first), content: bytesOf(second) });
    else if (word === 'unreadable') this.unreadable.push(withoutDot(first));
  }

  #link(name: string, content: Uint8Array | null): void {
    const sequence = sequenceOf(name);
    if (sequence !== null) this.links.push({ sequence, content });
  }
}

function withoutDot(name: string): RawPath {
  return (name.startsWith('./') ? name.slice(2) : name) as RawPath;
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
