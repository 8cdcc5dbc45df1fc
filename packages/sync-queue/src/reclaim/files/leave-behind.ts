import { closeSync, constants, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import type { RawPath } from '@longhaul/sync-transports';
import { flushFolder, METADATA, parseReceipt, RECEIPT_FILE } from '@longhaul/sync-transports';
import { errnoOf } from './errno.ts';
import { receiptIn } from './found-receipt.ts';
import type { HeldFolder } from './held-folder.ts';
import type { LeftBehind } from './source-files.ts';
import { SourceBlocked } from './source-files.ts';

/** What earlier reclaims have left, one folder each. */
export const EARLIER = 'earlier';
const CREATE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Name of the folder with receipts: a single file has one of its own beside it. */
export function metadataName(source: { readonly kind: 'directory' | 'file'; readonly name: RawPath }): string {
  return source.kind === 'directory' ? METADATA : `${source.name}${METADATA}`;
}

/** Writes every file whole or not at all, and makes all durable; an earlier set goes to `earlier/` first. @throws SourceBlocked */
export function leaveBehind(root: HeldFolder, name: string, files: readonly LeftBehind[]): void {
  try {
    using folder = ours(root, name);
    setAside(folder, files);
    for (const file of files) writeWhole(folder, file);
    flushFolder(folder.at('.'));
    flushFolder(root.at('.'));
  } catch (error) {
    if (error instanceof SourceBlocked || errnoOf(error) === 'UNKNOWN') throw error;
    throw new SourceBlocked({ kind: 'cannot_write', detail: error instanceof Error ? error.message : String(error) });
  }
}

/** The folder, made where there is none. Somebody else's is left alone. */
function ours(root: HeldFolder, name: string): HeldFolder {
  const made = makeFolder(root, name);
  const folder = held(root, name);
  if (made || folder.names().length === 0 || receiptIn(folder).kind === 'receipt') return folder;
  folder[Symbol.dispose]();
  throw new SourceBlocked({ kind: 'foreign_metadata', detail: `${name} in the source is not what Longhaul leaves behind` });
}

function held(root: HeldFolder, name: string): HeldFolder {
  try {
    return root.child(name);
  } catch (error) {
    if (errnoOf(error) !== 'ENOTDIR' && errnoOf(error) !== 'ELOOP') throw error;
    throw new SourceBlocked({ kind: 'foreign_metadata', detail: `${name} in the source is no folder` });
  }
}

/** Where something was is worth knowing also after the next content has gone. */
function setAside(folder: HeldFolder, files: readonly LeftBehind[]): void {
  const found = receiptIn(folder);
  const next = files.find(({ name }) => name === RECEIPT_FILE);
  const parsed = next === undefined ? null : parseReceipt(next.content);
  if (found.kind !== 'receipt' || (parsed?.kind === 'receipt' && parsed.receipt.sealDigest === found.receipt.sealDigest)) return;
  const digest = found.receipt.sealDigest;
  makeFolder(folder, EARLIER);
  using earlier = folder.child(EARLIER);
  makeFolder(earlier, digest);
  using place = earlier.child(digest);
  // The receipt last: without it the rest is not set aside again.
  for (const name of folder.names().filter((other) => other !== EARLIER && other !== RECEIPT_FILE)) renameSync(folder.at(name), place.at(name));
  renameSync(folder.at(RECEIPT_FILE), place.at(RECEIPT_FILE));
}

function makeFolder(parent: HeldFolder, name: string): boolean {
  try {
    mkdirSync(parent.at(name), 0o755);
    return true;
  } catch (error) {
    if (errnoOf(error) !== 'EEXIST') throw error;
    return false;
  }
}

function writeWhole(folder: HeldFolder, { name, content }: LeftBehind): void {
  const passing = `.${name}.new`;
  // Left by a crash.
  rmSync(folder.at(passing), { force: true });
  const fd = openSync(folder.at(passing), CREATE, 0o644);
  try {
    for (let written = 0; written < content.byteLength; ) written += writeSync(fd, content, written);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(folder.at(passing), folder.at(name));
}
