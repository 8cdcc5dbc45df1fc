import { chmodSync, closeSync, ftruncateSync, linkSync, mkdirSync, openSync, symlinkSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import type { RawPath } from '@longhaul/sync-transports';
import { joinRaw, rawParent, rawPathBytes, rawPathFromText } from '@longhaul/sync-transports';

/** What a test puts into a source. */
export type SourceEntry =
  | { readonly path: string; readonly content: string | Buffer; readonly mode?: number; readonly mtime?: number }
  | { readonly bytes: Buffer; readonly content: string; readonly mode?: never; readonly mtime?: never }
  | { readonly path: string; readonly folder: true; readonly mode?: number }
  | { readonly path: string; readonly symlink: string }
  | { readonly path: string; readonly hardLinkTo: string }
  | { readonly path: string; readonly holes: number };

/** Writes entries below `root`; missing folders are made. */
export function writeSource(root: string, entries: readonly SourceEntry[]): void {
  for (const entry of entries) {
    const name = 'bytes' in entry ? (entry.bytes.toString('latin1') as RawPath) : rawPathFromText(entry.path);
    const path = joinRaw(rawPathFromText(root), name);
    mkdirSync(rawPathBytes(rawParent(path)), { recursive: true });
    writeEntry(root, rawPathBytes(path), entry);
  }
}

function writeEntry(root: string, path: Buffer, entry: SourceEntry): void {
  if ('symlink' in entry) symlinkSync(entry.symlink, path);
  else if ('hardLinkTo' in entry) linkSync(`${root}/${entry.hardLinkTo}`, path);
  else if ('holes' in entry) writeHoles(path, entry.holes);
  else if ('folder' in entry) {
    mkdirSync(path, { recursive: true });
    if (entry.mode !== undefined) chmodSync(path, entry.mode);
  } else {
    writeFileSync(path, entry.content);
    if (entry.mode !== undefined) chmodSync(path, entry.mode);
    if (entry.mtime !== undefined) utimesSync(path, entry.mtime, entry.mtime);
  }
}

function writeHoles(path: Buffer, size: number): void {
  const file = openSync(path, 'w');
  try {
    ftruncateSync(file, size);
    writeSync(file, Buffer.from('data after the hole'), 0, 19, size - 4096);
  } finally {
    closeSync(file);
  }
}

/** Names that tools get wrong; all are valid file names on Linux. */
export const ODD_NAMES: readonly Buffer[] = [
  ...['new\nline', '\nleading newline', 'back\\slash', '\\', 'carriage\rreturn', 'tab\t', "quote'", 'double"quote', '#hash', '#', ';', ';semi', '-', '-rf', '--delete', '*', '?', '[a]', '$(touch pwned)', '`x`', '$HOME',
    ' blank ', '~', '...', '.hidden', 'ünïcödé', 'e\u0301', '日本語', '😀', '%41', ':', 'host:path', '=', '&', '|', '<', '>', '(', '!', 'x'.repeat(255)].map((name) => Buffer.from(name)),
  Buffer.from([0xff]), Buffer.from([0x61, 0xe9, 0x62]), Buffer.from([0xfe, 0x0a, 0xff]), Buffer.from([0x80, 0x5c, 0x6e]), Buffer.alloc(255, 0xe9),
];
