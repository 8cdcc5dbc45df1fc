import { readdir } from 'node:fs/promises';
import type { Dirent } from 'node:fs';

import type { RawPath } from '@longhaul/sync-transports';
import { displayPath, rawPathFromBytes } from '@longhaul/sync-transports';

/** What lies directly in a watched folder. */
export interface TopListing {
  /** Names of subfolders, as JavaScript strings: what is no UTF-8 is among `ignored`. */
  readonly folders: readonly string[];
  /** What is not sent although somebody may expect it: each with the reason. */
  readonly ignored: readonly { readonly name: string; readonly reason: string }[];
  /** Files beside the folders. */
  readonly files: number;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** Lists a watched folder. One system call, however many there are. @throws the system's error */
export async function listTop(path: string): Promise<TopListing> {
  const listing: { folders: string[]; ignored: { name: string; reason: string }[]; files: number } = { folders: [], ignored: [], files: 0 };
  for (const entry of await readdir(path, { withFileTypes: true, encoding: 'buffer' })) {
    const name = rawPathFromBytes(entry.name);
    const reason = whyIgnored(entry, name);
    if (reason !== null) listing.ignored.push({ name: displayPath(name), reason });
    else if (entry.isDirectory()) listing.folders.push(Buffer.from(entry.name).toString());
    else listing.files += 1;
  }
  listing.folders.sort();
  listing.ignored.sort((left, right) => (left.name < right.name ? -1 : 1));
  return listing;
}

function whyIgnored(entry: Dirent<Buffer<ArrayBuffer>>, name: RawPath): string | null {
  if (entry.isSymbolicLink()) return 'a symlink: it is not followed';
  if (!entry.isDirectory()) return null;
  if (name.startsWith('.')) return 'its name begins with a dot: programs hide there what is not finished';
  return isUtf8(entry.name) ? null : 'its name is not UTF-8';
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    utf8.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
