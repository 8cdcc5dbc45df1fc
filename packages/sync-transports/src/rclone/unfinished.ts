import { METADATA } from '../protocol/layout.ts';
import { parseReceipt } from '../manifest/receipt-codec.ts';
import type { RawPath } from '../raw-path.ts';
import { joinRaw } from '../raw-path.ts';
import type { Receipt } from '../receipt.ts';
import type { RemoteFolder } from './remote-folder.ts';

/**
 * `.longhaul/unfinished.json` under a final name: a result is being made there, in its own place, because the remote moves no folders. It stands from before
 * the first byte until the receipt is written; without a receipt beside it, what lies there is no result.
 */
export interface Unfinished {
  readonly schemaVersion: 1;
  readonly hostId: string;
  readonly jobId: string;
  readonly sourceId: string;
  readonly source: string;
  /** What is being pushed; another seal begins anew. */
  readonly sealDigest: string;
  /** The receipt of the result that was there before; null: nothing was. */
  readonly replaced: Receipt | null;
}

/** Relative to a result's root. */
export const UNFINISHED_PATH: RawPath = `${METADATA}/unfinished.json` as RawPath;

export async function readUnfinished(folder: RemoteFolder, finalName: RawPath): Promise<Unfinished | null> {
  const content = await folder.read(joinRaw(finalName, UNFINISHED_PATH));
  return content === null ? null : parseUnfinished(content.toString());
}

export async function writeUnfinished(folder: RemoteFolder, finalName: RawPath, unfinished: Unfinished): Promise<void> {
  await folder.write(joinRaw(finalName, UNFINISHED_PATH), `${JSON.stringify(unfinished, null, 2)}\n`);
}

/** null for a text that is not one of ours. */
export function parseUnfinished(text: string): Unfinished | null {
  try {
    const value = JSON.parse(text) as Partial<Unfinished>;
    const { schemaVersion, hostId, jobId, sourceId, source, sealDigest, replaced } = value;
    if (schemaVersion !== 1 || [hostId, jobId, sourceId, source, sealDigest].some((field) => typeof field !== 'string')) return null;
    if (replaced !== null && parseReceipt(JSON.stringify(replaced)).kind !== 'receipt') return null;
    return value as Unfinished;
  } catch {
    return null;
  }
}
