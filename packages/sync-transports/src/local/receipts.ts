import { chainNames } from '../chain/chain-names.ts';
import { receiptHash } from '../chain/chained.ts';
import type { PlacedReceipt, ReceiptHead, ReceiptLink, ReceiptListing } from '../chain/receipt-chain.ts';
import { printReceipt } from '../manifest/receipt-codec.ts';
import { INCOMING, linkPath, passingPath, RECEIPT_FILE, RECEIPT_PATH, RECEIPTS } from '../protocol/layout.ts';
import { newScrapMark } from '../protocol/scraps.ts';
import type { RawPath } from '../raw-path.ts';
import { joinRaw } from '../raw-path.ts';
import type { Receipt } from '../receipt.ts';
import { errnoOf } from '../worker/raw-fs.ts';
import type { DestinationFolder } from './destination-folder.ts';
import type { Staging } from './staging.ts';

const FILE = RECEIPT_FILE as RawPath;
const TAKEN = ['ENOTEMPTY', 'EEXIST'];

/** The newest link of the chain at a destination. */
export async function receiptHead(folder: DestinationFolder): Promise<ReceiptHead> {
  const names = await folder.names(RECEIPTS);
  if (names === null && (await folder.entry(INCOMING)) === null) return { kind: 'untouched' };
  const links = chainNames(names ?? []);
  const [oldest, sequence] = [links[0], links.at(-1)];
  if (oldest === undefined || sequence === undefined) return { kind: 'empty' };
  // A link without its receipt is found by the check; the chain goes on behind it.
  const content = (await folder.read(joinRaw(linkPath(sequence), FILE))) ?? Buffer.alloc(0);
  const first = await folder.read(joinRaw(linkPath(oldest), FILE));
  return { kind: 'link', sequence, sha256: receiptHash(content), place: first === null ? null : receiptHash(first) };
}

/**
 * Adds the receipt to the chain. False: another publish has taken that place. A link is a folder that is never empty, so that
 * renaming onto one fails: place and content in one step.
 */
export async function addLink({ folder, pool }: Pick<Staging, 'folder' | 'pool'>, receipt: Receipt): Promise<boolean> {
  if (receipt.chain === undefined) return true;
  const passing = passingPath('link', newScrapMark());
  await folder.makeFolder(RECEIPTS);
  await folder.makeFolder(passing);
  await folder.writeFile(joinRaw(passing, FILE), Buffer.from(printReceipt(receipt)));
  try {
    await folder.move(passing, linkPath(receipt.chain.sequence));
  } catch (error) {
    await pool.run({ kind: 'remove', paths: [folder.absolute(passing)] });
    if (TAKEN.includes(errnoOf(error))) return false;
    throw error;
  }
  await folder.syncFolder(RECEIPTS);
  return true;
}

/** All links, and every result below the destination's root; results are not looked into. */
export async function listReceipts(folder: DestinationFolder, signal: AbortSignal | undefined): Promise<ReceiptListing> {
  const links: ReceiptLink[] = [];
  for (const sequence of chainNames((await folder.names(RECEIPTS)) ?? [])) {
    signal?.throwIfAborted();
    links.push({ sequence, content: await folder.read(joinRaw(linkPath(sequence), FILE)) });
  }
  const found = { results: [] as PlacedReceipt[], unreadable: [] as RawPath[] };
  await walk(folder, '' as RawPath, { found, signal });
  return { links, ...found };
}

interface Walk {
  readonly found: { readonly results: PlacedReceipt[]; readonly unreadable: RawPath[] };
  readonly signal: AbortSignal | undefined;
}

async function walk(folder: DestinationFolder, path: RawPath, { found, signal }: Walk): Promise<void> {
  signal?.throwIfAborted();
  let names: readonly RawPath[];
  try {
    const content = path === '' ? null : await folder.read(joinRaw(path, RECEIPT_PATH));
    if (content !== null) {
      found.results.push({ finalName: path, content });
      return;
    }
    names = (await folder.names(path)) ?? [];
  } catch (error) {
    if (!['EACCES', 'EPERM'].includes(errnoOf(error))) throw error;
    found.unreadable.push(path);
    return;
  }
  for (const name of names) {
    if (path === '' && name.startsWith('.longhaul')) continue;
    const below = joinRaw(path, name);
    if ((await folder.entry(below))?.isDirectory() === true) await walk(folder, below, { found, signal });
  }
}
