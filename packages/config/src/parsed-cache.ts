import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import type { ParsedFile, Positions } from './parsed-file.ts';
import { locatedBy, positionsOf } from './parsed-file.ts';
import type { RawConfig } from './raw-config.ts';

/**
 * Where what was read of a file is kept, so that the next start-up needs neither zod nor yaml for it: together they take longer than all
 * the rest of a start-up. The text is kept with it and compared whole, so a file that has changed is read anew, whatever its times say.
 */
export interface ParsedCache {
  /** Absolute, ours alone (0700). Where it is not, or is not there yet, nothing is kept and nothing taken from it. */
  readonly folder: string;
  /** Which program it is: another one may read the same text otherwise. */
  readonly program: string;
}

interface Entry {
  readonly program: string;
  readonly text: string;
  readonly raw: RawConfig;
  readonly positions: Positions;
}

/** What was kept of the file with just this text; null where there is nothing that can be used. */
export function recall(cache: ParsedCache, file: string, text: string): ParsedFile | null {
  if (!isOurs(cache.folder)) return null;
  const entry = readEntry(entryFile(cache, file));
  if (entry?.program !== cache.program || entry.text !== text) return null;
  return { raw: entry.raw, locate: locatedBy(entry.positions) };
}

/** Keeps it for {@link recall}. What fails here costs the next start-up its time and nothing else. */
export function remember(cache: ParsedCache, file: string, { text, parsed }: { readonly text: string; readonly parsed: ParsedFile }): void {
  if (!isOurs(path.dirname(cache.folder))) return;
  const entry: Entry = { program: cache.program, text, raw: parsed.raw, positions: positionsOf(parsed) };
  try {
    mkdirSync(cache.folder, { mode: 0o700, recursive: true });
    // Where it was made by another hand, as the umask had it.
    chmodSync(cache.folder, 0o700);
    replaceFile(entryFile(cache, file), JSON.stringify(entry));
    dropOld(cache.folder);
  } catch {
    // A full disk, a folder that is none: the next start-up reads the file itself.
  }
}

/** What is kept of a file that has gone, or that nobody reads any more, is not kept for ever: it has the whole text. Milliseconds. */
const KEPT_MS = 30 * 24 * 3600 * 1000;

function dropOld(folder: string): void {
  for (const name of readdirSync(folder)) {
    if (!name.startsWith(PREFIX)) continue;
    const file = path.join(folder, name);
    if (Date.now() - statSync(file).mtimeMs > KEPT_MS) rmSync(file, { force: true });
  }
}

const PREFIX = 'settings-';

function replaceFile(file: string, content: string): void {
  const temporary = `${file}.${String(process.pid)}.${Math.random().toString(36).slice(2)}`;
  try {
    writeFileSync(temporary, content, { mode: 0o600, flag: 'wx' });
    renameSync(temporary, file);
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** What is torn is no JSON, so it counts as nothing. */
function readEntry(file: string): Entry | null {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Entry;
  } catch {
    return null;
  }
}

/** What lies there decides what is run: nobody else may be able to write it. */
function isOurs(folder: string): boolean {
  const stat = lstatSync(folder, { throwIfNoEntry: false });
  return stat?.isDirectory() === true && stat.uid === process.getuid?.() && (stat.mode & 0o022) === 0;
}

/** One for each file, by a number that is made of its path (FNV-1a, 32 bits): two paths that share one take turns. */
function entryFile({ folder }: ParsedCache, file: string): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(file)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return path.join(folder, `${PREFIX}${hash.toString(16).padStart(8, '0')}.json`);
}
