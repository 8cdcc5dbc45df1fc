import { createHash } from 'node:crypto';
import { INVENTORY_FILE, METADATA } from '../protocol/layout.ts';
import { namedInInventory, printInventory } from '../manifest/inventory.ts';
import { parseReceipt } from '../manifest/receipt-codec.ts';
import type { RawPath } from '../raw-path.ts';
import { joinRaw, rawPathBytes } from '../raw-path.ts';
import type { Receipt } from '../receipt.ts';
import type { Seal } from '../seal.ts';
import { remoteName } from './push-plan.ts';
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

/** Lines of an inventory: all that Longhaul has put under this name, or may have, since the last result and with it. What is not in it is somebody else's. */
const OURS_PATH: RawPath = `${METADATA}/unfinished.jsonl` as RawPath;

/** Both names that stand while a result is being made. */
export const UNFINISHED_PATHS: readonly RawPath[] = [UNFINISHED_PATH, OURS_PATH];

/** One content that we have put under a name at the remote. */
export interface OwnFile {
  readonly size: number | null;
  readonly sha256: string | null;
}

/** What is ours under a final name. */
export interface Ours {
  /** By name at the remote. Several contents where several seals had the name. */
  readonly files: ReadonlyMap<RawPath, readonly OwnFile[]>;
  readonly folders: ReadonlySet<RawPath>;
}

/** Before the first byte goes there, and before the inventory of the earlier result is deleted: with it, nobody knows any more what of it is ours. Replayable. */
export async function writeOurs(folder: RemoteFolder, finalName: RawPath, { entries }: Pick<Seal, 'entries'>): Promise<void> {
  const known = await Promise.all([OURS_PATH, `${METADATA}/${INVENTORY_FILE}` as RawPath].map(async (path) => folder.read(joinRaw(finalName, path))));
  const lines = new Set([...known.map((content) => content?.toString() ?? ''), printInventory(entries).toString()].flatMap((text) => text.split('\n')));
  await folder.write(joinRaw(finalName, OURS_PATH), `${[...lines].filter((line) => line !== '').join('\n')}\n`);
}

/** null where nobody has written it down. */
export async function readOurs(folder: RemoteFolder, finalName: RawPath): Promise<Ours | null> {
  const content = await folder.read(joinRaw(finalName, OURS_PATH));
  return content === null ? null : parseOurs(content.toString());
}

/** Pure. Symlinks are files there that hold their target. */
export function parseOurs(text: string): Ours {
  const files = new Map<RawPath, OwnFile[]>();
  const folders = new Set<RawPath>();
  for (const { path, type, size, sha256, target } of namedInInventory(text)) {
    if (type === 'dir') folders.add(path);
    if (type === 'file') files.set(path, [...(files.get(path) ?? []), { size, sha256 }]);
    if (type !== 'symlink' || target === null) continue;
    const name = remoteName({ path, type });
    files.set(name, [...(files.get(name) ?? []), { size: target.length, sha256: createHash('sha256').update(rawPathBytes(target)).digest('hex') }]);
  }
  return { files, folders };
}

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
