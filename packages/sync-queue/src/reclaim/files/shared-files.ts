import { lstatSync } from 'node:fs';
import { displayPath, rawBase, rawParent, rawPathBytes } from '@longhaul/sync-transports';
import type { RawPath, Seal } from '@longhaul/sync-transports';
import { errnoOf } from './errno.ts';
import type { FolderChain } from './folder-chain.ts';
import type { HeldFolder } from './held-folder.ts';
import type { SharedFiles } from './source-files.ts';

/** Other work of this thread gets its turn after so many entries. */
const TURN = 500;
/** More are not needed to say what is wrong. */
const ENOUGH = 6;

/** A source as it is held. */
export interface SharingSource {
  readonly root: HeldFolder;
  readonly chain: FolderChain;
  readonly seal: Seal;
  readonly signal: AbortSignal;
}

interface Identity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** Holds each sealed folder and file against what has its path in `folder`. What is missing there is told by the last check. */
export async function filesShared({ root, chain, seal, signal }: SharingSource, folder: RawPath): Promise<SharedFiles> {
  const shared: RawPath[] = [];
  try {
    if (isSame(root, there(folder))) shared.push('' as RawPath);
    let turn = 0;
    for (const { type, path } of seal.entries) {
      if (type === 'symlink') continue;
      turn += 1;
      if (turn % TURN === 0) await giveTurn(signal);
      const other = there(`${folder}/${path}` as RawPath);
      if (other !== null && isSame(here(chain, path), other)) shared.push(path);
      if (shared.length >= ENOUGH) break;
    }
    return { kind: 'known', paths: shared };
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'UNKNOWN') throw error;
    return { kind: 'unknown', detail: `${displayPath(folder)} cannot be held against the source: ${error instanceof Error ? error.message : code}` };
  }
}

async function giveTurn(signal: AbortSignal): Promise<void> {
  await new Promise(setImmediate);
  signal.throwIfAborted();
}

/** null: gone, here or there. */
function here(chain: FolderChain, path: RawPath): Identity | null {
  return orGone(() => chain.to(rawParent(path)).lstat(rawBase(path)));
}

function there(path: RawPath): Identity | null {
  return orGone(() => lstatSync(rawPathBytes(path), { bigint: true }));
}

function orGone(look: () => Identity): Identity | null {
  try {
    return look();
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return null;
    throw error;
  }
}

function isSame(left: Identity | null, right: Identity | null): boolean {
  return left !== null && right !== null && left.ino === right.ino && left.dev === right.dev;
}
