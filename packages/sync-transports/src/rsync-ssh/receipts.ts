import { TransportError, TransportErrorKind } from '@longhaul/errors';
import { receiptHash } from '../chain/chained.ts';
import type { ReceiptHead, ReceiptListing } from '../chain/receipt-chain.ts';
import { linkPath, RECEIPT_FILE, RECEIPT_PATH, sequenceOf } from '../protocol/layout.ts';
import type { RawPath } from '../raw-path.ts';
import type { RemoteHost } from './remote-host.ts';
import { HEAD_SCRIPT, READ_RECEIPTS_SCRIPT, RECEIPTS_SCRIPT } from './scripts/receipts-script.ts';

/** The newest link of the chain there. @throws TransportError */
export async function receiptHead(host: RemoteHost, signal: AbortSignal | undefined): Promise<ReceiptHead> {
  const [word, name = '', text = '', first = ''] = await host.call({ doing: 'reading the chain of receipts', scripts: [HEAD_SCRIPT], signal });
  if (word === 'untouched' || word === 'empty') return { kind: word };
  const sequence = sequenceOf(name);
  if (word === 'link' && sequence !== null) return { kind: 'link', sequence, sha256: receiptHash(bytesOf(text)), place: first === '' ? null : receiptHash(bytesOf(first)) };
  throw new TransportError(`reading the chain of receipts ended with ${JSON.stringify(word ?? 'nothing')}`, { errorKind: TransportErrorKind.UNKNOWN });
}

/** All links and all receipts in place there. @throws TransportError */
export async function listReceipts(host: RemoteHost, signal: AbortSignal | undefined): Promise<ReceiptListing> {
  const names = new NameReader();
  await host.call({ doing: 'listing the receipts', scripts: [RECEIPTS_SCRIPT], signal, onField: (field) => { names.add(field); } });
  if (!names.isWhole) throw endedEarly(host);
  const { links, results, unreadable } = names;
  const paths = [...links.filter(({ receipt }) => receipt === 'there').map(({ sequence }) => inLink(sequence)), ...results.map(inResult)];
  const contents = await readReceipts(host, paths, signal);
  return {
    links: links.map(({ sequence }) => ({ sequence, content: contents.get(inLink(sequence)) ?? null })),
    // One that is gone by now is not in place.
    results: results.flatMap((name) => {
      const content = contents.get(inResult(name));
      return content === undefined ? [] : [{ finalName: withoutDot(name), content }];
    }),
    unreadable,
  };
}

function inLink(sequence: number): RawPath {
  return `${linkPath(sequence)}/${RECEIPT_FILE}` as RawPath;
}

function inResult(name: string): RawPath {
  return `${name}/${RECEIPT_PATH}` as RawPath;
}

/** Takes RECEIPTS_SCRIPT's fields as they come. */
class NameReader {
  readonly links: { readonly sequence: number; readonly receipt: string }[] = [];
  /** With `./`. */
  readonly results: string[] = [];
  readonly unreadable: RawPath[] = [];
  isWhole = false;
  #fields: string[] = [];

  add(field: string): void {
    this.#fields.push(field);
    const [word = '', first = '', second = ''] = this.#fields;
    if (this.#fields.length < (NAME_FIELDS[word] ?? 1)) return;
    this.#fields = [];
    if (word === 'end') this.isWhole = true;
    else if (word === 'link') this.#link(first, second);
    else if (word === 'result') this.results.push(first);
    else if (word === 'unreadable') this.unreadable.push(withoutDot(first));
  }

  #link(name: string, receipt: string): void {
    const sequence = sequenceOf(name);
    if (sequence !== null) this.links.push({ sequence, receipt });
  }
}

const NAME_FIELDS: Readonly<Record<string, number>> = { listing: 1, link: 3, result: 2, unreadable: 2, end: 1 };

/** By path; what is gone by now is left out. */
async function readReceipts(host: RemoteHost, paths: readonly RawPath[], signal: AbortSignal | undefined): Promise<ReadonlyMap<RawPath, Uint8Array>> {
  const found = new Map<RawPath, Uint8Array>();
  if (paths.length === 0) return found;
  const batches = await readFields(host, { how: 'batch', paths, signal });
  const again = takeBatches(batches, paths, found);
  if (again.length === 0) return found;
  const single = await readFields(host, { how: 'single', paths: again, signal });
  for (const [index, path] of again.entries()) if (single[index * 2] === 'one') found.set(path, bytesOf(single[index * 2 + 1] ?? ''));
  if (single.length !== again.length * 2) throw endedEarly(host);
  return found;
}

/** Without the last word. */
async function readFields(host: RemoteHost, { how, paths, signal }: { readonly how: 'batch' | 'single'; readonly paths: readonly RawPath[]; readonly signal: AbortSignal | undefined }): Promise<readonly string[]> {
  const input = Buffer.from(paths.map((path) => `${path}\0`).join(''), 'latin1');
  const fields = await host.call({ doing: 'reading the receipts', scripts: [READ_RECEIPTS_SCRIPT], values: { how }, input, signal });
  if (fields.at(-1) !== 'end') throw endedEarly(host);
  return fields.slice(0, -1);
}

/** Puts the receipts of every batch that stood still into `found`, and returns the other paths. */
export function takeBatches(fields: readonly string[], paths: readonly RawPath[], found: Map<RawPath, Uint8Array>): readonly RawPath[] {
  const again: RawPath[] = [];
  let [at, next] = [0, 0];
  while (next < paths.length && fields[at] === 'batch') {
    const [count = '', before = '', contents = '', after = ''] = fields.slice(at + 1, at + 5);
    const batch = paths.slice(next, next + Number(count));
    const sizes = before.split('\n').slice(0, -1).map((line) => Number(line.slice(line.lastIndexOf(' ') + 1)));
    if (before !== after || sizes.length !== batch.length || sizes.reduce((sum, size) => sum + size, 0) !== contents.length) again.push(...batch);
    else for (let index = 0, from = 0; index < batch.length; from += sizes[index] ?? 0, index += 1) found.set(batch[index] as RawPath, bytesOf(contents.slice(from, from + (sizes[index] ?? 0))));
    at += 5;
    next += batch.length;
  }
  return [...again, ...paths.slice(next)];
}

function endedEarly({ destination }: RemoteHost): TransportError {
  return new TransportError(`the list of receipts at ${destination.target} ended early`, { errorKind: TransportErrorKind.NETWORK });
}

function withoutDot(name: string): RawPath {
  return (name.startsWith('./') ? name.slice(2) : name) as RawPath;
}

function bytesOf(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
