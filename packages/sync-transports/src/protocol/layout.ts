import { createHash } from 'node:crypto';
import type { RawPath } from '../raw-path.ts';
import { rawPathBytes } from '../raw-path.ts';

/** Names at a destination, all relative to its root (PROTOCOL.md). */
export const INCOMING: RawPath = '.longhaul-incoming' as RawPath;
export const LOCKS: RawPath = `${INCOMING}/.locks` as RawPath;
/** The chain of receipts: a folder for each link, see linkPath. */
export const RECEIPTS: RawPath = '.longhaul-receipts' as RawPath;
/** Inside a result: manifest, inventory and receipt. Also what a source may hold at its top from an earlier result. */
export const METADATA: RawPath = '.longhaul' as RawPath;
export const RECEIPT_FILE = 'longhaul.json';
export const CHECKSUMS_FILE = 'checksums.sha256';
export const INVENTORY_FILE = 'inventory.jsonl';
/** Relative to a result's root. */
export const RECEIPT_PATH: RawPath = `${METADATA}/${RECEIPT_FILE}` as RawPath;

/** All that is ours in a result's `.longhaul`, in the order in which it may go: the inventory tells until the end what else is ours. */
export const METADATA_PATHS: readonly RawPath[] = [RECEIPT_FILE, CHECKSUMS_FILE, INVENTORY_FILE].map((name) => `${METADATA}/${name}` as RawPath);

/** One job's staging, relative to the destination's root. `jobId` was checked by assertPlacement. */
export interface StagingLayout {
  readonly job: RawPath;
  readonly tree: RawPath;
  readonly partial: RawPath;
  epochMarker(epoch: number): RawPath;
  swap(epoch: number): RawPath;
  trash(nonce: string): RawPath;
  spent(nonce: string): RawPath;
}

/** Begins the name of an earlier result that is being cleared away. */
export const SPENT = 'spent.';

export function stagingLayout(jobId: string): StagingLayout {
  const job = `${INCOMING}/${jobId}`;
  const below = (name: string): RawPath => `${job}/${name}` as RawPath;
  return {
    job: job as RawPath,
    tree: below('tree'),
    partial: below('partial'),
    epochMarker: (epoch) => below(`epoch.${epoch}`),
    swap: (epoch) => below(`swap.${epoch}`),
    trash: (nonce) => below(`trash.${nonce}`),
    spent: (nonce) => below(`${SPENT}${nonce}`),
  };
}

/** Where the lock of a final name lies: its key is the SHA-256 of the name's bytes, so that no name is too long or too odd. */
export function lockPath(finalName: RawPath): RawPath {
  return `${LOCKS}/${createHash('sha256').update(rawPathBytes(finalName)).digest('hex')}` as RawPath;
}

/** The folder of one link; the receipt lies in it as RECEIPT_FILE. Twelve digits, so that the order of names is the order of links. */
export function linkPath(sequence: number): RawPath {
  return `${RECEIPTS}/${linkName(sequence)}` as RawPath;
}

export function linkName(sequence: number): string {
  return String(sequence).padStart(12, '0');
}

/** The number of a link by the name of its folder; null: another name. */
export function sequenceOf(name: string): number | null {
  return /^\d{12,15}$/.test(name) ? Number(name) : null;
}

/** A short-lived name next to the staging folders. `mark`: from newScrapMark, so that a later look can tell whether its maker has ended. */
export function passingPath(purpose: ScrapPurpose, mark: string): RawPath {
  return `${INCOMING}/.${purpose}.${mark}` as RawPath;
}

export type ScrapPurpose = 'new' | 'gone' | 'probe' | 'names' | 'link';
