import { percentDecode } from '../manifest/inventory.ts';
import { parseReceipt } from '../manifest/receipt-codec.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath } from '../raw-path.ts';
import type { Receipt } from '../receipt.ts';
import { receiptHash } from './chained.ts';
import type { ReceiptChain, ReceiptLink, ReceiptListing } from './receipt-chain.ts';

/** Something that the chain shows. */
export interface ReceiptFinding {
  /**
   * Faults: `gap` links are gone; `broken` a link does not name the one before it; `damaged` a link cannot be read; `changed` the receipt in place is
   * none that the chain knows; `earlier` it is an older one than the newest of this result. Notes: `absent` the chain has it, and nothing is in
   * place (removed, or its publish never ended); `unchained` a receipt without a place in any chain; `unreadable` a folder nobody could look into.
   */
  readonly kind: 'gap' | 'broken' | 'damaged' | 'changed' | 'earlier' | 'absent' | 'unchained' | 'unreadable';
  /** The result it is about, below the destination's root; null where nobody can tell. */
  readonly result: string | null;
  /** The link it is about. */
  readonly sequence: number | null;
  /** What a person should read. */
  readonly text: string;
}

/** What a walk along the chain of a destination found. Whole: no faults. */
export interface ReceiptReport {
  readonly links: number;
  readonly results: number;
  readonly faults: readonly ReceiptFinding[];
  readonly notes: readonly ReceiptFinding[];
}

/** A link whose receipt can be read. */
interface ReadLink {
  readonly sequence: number;
  readonly sha256: string;
  readonly receipt: Receipt & { readonly chain: ReceiptChain };
}

/** Walks the chain, then holds every receipt in place against it (PROTOCOL.md, "The chain"). Pure. */
export function checkReceipts(listing: ReceiptListing): ReceiptReport {
  const walk = new ChainWalk();
  for (const link of listing.links.toSorted((a, b) => a.sequence - b.sequence)) walk.add(link);
  const places = new Map(listing.results.map(({ finalName, content }) => [finalName, content]));
  const faults = [...walk.faults, ...[...places].flatMap(([finalName, content]) => placeFault(walk, finalName, content))];
  const notes = [...[...places].flatMap(([finalName, content]) => unchained(walk, finalName, content)), ...absent(walk, places), ...listing.unreadable.map(unreadable)];
  return { links: listing.links.length, results: listing.results.length, faults, notes };
}

/** What the next link is held against; `sha256` is null where the link itself could not be read. */
interface Before {
  readonly sequence: number;
  readonly sha256: string | null;
  readonly name: string;
}

class ChainWalk {
  readonly faults: ReceiptFinding[] = [];
  /** Of each result, oldest first. */
  readonly byPlace: Map<RawPath, ReadLink[]> = new Map<RawPath, ReadLink[]>();
  #last: Before | null = null;

  add({ sequence, content }: ReceiptLink): void {
    const before = this.#last;
    const receipt = content === null ? null : readChained(content, sequence);
    const name = receipt === null ? 'a result whose receipt cannot be read' : nameOf(receipt);
    if (sequence !== (before?.sequence ?? 0) + 1) this.#gap(sequence, name);
    if (receipt === null || content === null) {
      this.faults.push({ kind: 'damaged', result: null, sequence, text: `link ${sequence} ${content === null ? 'holds no receipt' : 'cannot be read'}; it stands ${before === null ? 'at the beginning' : `behind ${before.name}`}` });
      this.#last = { sequence, sha256: null, name };
      return;
    }
    const link = { sequence, sha256: receiptHash(content), receipt };
    this.#compare(link, before);
    const place = percentDecode(receipt.chain.finalName) ?? (receipt.chain.finalName as RawPath);
    this.byPlace.set(place, [...(this.byPlace.get(place) ?? []), link]);
    this.#last = { sequence, sha256: link.sha256, name };
  }

  #gap(sequence: number, name: string): void {
    const from = (this.#last?.sequence ?? 0) + 1;
    const links = from === sequence - 1 ? `link ${from} is` : `links ${from} to ${sequence - 1} are`;
    const behind = this.#last === null ? 'at the beginning' : `behind ${this.#last.name}`;
    this.faults.push({ kind: 'gap', result: name, sequence: from, text: `${links} gone, ${behind} and before ${name}` });
  }

  /** What stands before a gap or a damaged link cannot be compared: that was told. */
  #compare({ sequence, receipt }: ReadLink, before: Before | null): void {
    if (before?.sha256 === null || (before?.sequence ?? 0) !== sequence - 1) return;
    const { previous } = receipt.chain;
    if (previous === (before?.sha256 ?? null)) return;
    const name = nameOf(receipt);
    const what = before === null ? 'names one before it, and is the first' : `does not name ${before.name} as it is in link ${before.sequence}: one of the two was changed or replaced`;
    this.faults.push({ kind: 'broken', result: name, sequence, text: `link ${sequence}, the receipt of ${name}, ${what}` });
  }
}

function readChained(content: Uint8Array, sequence: number): ReadLink['receipt'] | null {
  const parsed = parseReceipt(content);
  if (parsed.kind === 'damaged' || parsed.receipt.chain?.sequence !== sequence) return null;
  return parsed.receipt as ReadLink['receipt'];
}

function nameOf({ chain }: ReadLink['receipt']): string {
  const path = percentDecode(chain.finalName);
  return path === null ? chain.finalName : displayPath(path);
}

/** A receipt in place must be the newest that the chain has for it, byte for byte. */
function placeFault({ byPlace }: ChainWalk, finalName: RawPath, content: Uint8Array): readonly ReceiptFinding[] {
  const links = byPlace.get(finalName) ?? [];
  const sha256 = receiptHash(content);
  const newest = links.at(-1);
  if (newest?.sha256 === sha256) return [];
  const result = displayPath(finalName);
  const known = links.find((link) => link.sha256 === sha256);
  if (known !== undefined && newest !== undefined) {
    return [{ kind: 'earlier', result, sequence: known.sequence, text: `${result} is as link ${known.sequence} has it, and link ${newest.sequence} announces a newer one: an older result was put back, or a publish never ended` }];
  }
  const parsed = parseReceipt(content);
  if (newest === undefined && parsed.kind === 'receipt' && parsed.receipt.chain === undefined) return [];
  const evidence = parsed.kind === 'damaged' ? `cannot be read (${parsed.evidence})` : claim(parsed.receipt);
  return [{ kind: 'changed', result, sequence: newest?.sequence ?? null, text: `the receipt of ${result} was changed or replaced: it ${evidence}, and ${newest === undefined ? 'the chain knows no result of that name' : `link ${newest.sequence} has another`}` }];
}

function claim({ chain, jobId }: Receipt): string {
  return `${chain === undefined ? 'claims no link' : `claims link ${chain.sequence}`} and is of job ${jobId}`;
}

function unchained({ byPlace }: ChainWalk, finalName: RawPath, content: Uint8Array): readonly ReceiptFinding[] {
  if (byPlace.has(finalName)) return [];
  const parsed = parseReceipt(content);
  if (parsed.kind === 'damaged' || parsed.receipt.chain !== undefined) return [];
  const result = displayPath(finalName);
  return [{ kind: 'unchained', result, sequence: null, text: `${result} was published without a place in the chain` }];
}

function absent({ byPlace }: ChainWalk, places: ReadonlyMap<RawPath, Uint8Array>): readonly ReceiptFinding[] {
  return [...byPlace].flatMap(([finalName, links]) => {
    const newest = links.at(-1);
    if (newest === undefined || places.has(finalName)) return [];
    const result = displayPath(finalName);
    const text = `${result} (link ${newest.sequence}, ${newest.receipt.publishedAt}, from ${newest.receipt.host}) is not in place: it was removed, or its publish never ended`;
    return [{ kind: 'absent' as const, result, sequence: newest.sequence, text }];
  });
}

function unreadable(path: RawPath): ReceiptFinding {
  const folder = displayPath(path);
  return { kind: 'unreadable', result: folder, sequence: null, text: `${folder} cannot be looked into: whether results are in it is unknown` };
}
