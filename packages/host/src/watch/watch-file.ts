import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { replaceFile } from '../atomic-file.ts';
import type { FolderMemory } from './folder-memory.ts';

/** What is remembered of a watched folder: `<state>/watch/<key>.json`. */
export interface WatchRecord {
  readonly schemaVersion: 1;
  /** As the configuration names it, absolute. */
  readonly path: string;
  /** Milliseconds since 1970; null: nobody has looked yet. */
  readonly lookedAt: number | null;
  /** Why it cannot be looked at; null as a rule. */
  readonly problem: string | null;
  readonly folders: Readonly<Record<string, FolderMemory>>;
  /** Folders that were there and are not any more. */
  readonly gone: Readonly<Record<string, GoneFolder>>;
  readonly ignored: readonly { readonly name: string; readonly reason: string }[];
  /** Files that lie beside the folders: they are not sent. */
  readonly files: number;
}

/** A folder that vanished or was renamed. It is remembered for a while, for a disk may only be unmounted. */
export interface GoneFolder {
  readonly at: number;
  readonly memory: FolderMemory;
}

export function emptyRecord(watched: string): WatchRecord {
  return { schemaVersion: 1, path: watched, lookedAt: null, problem: null, folders: {}, gone: {}, ignored: [], files: 0 };
}

/** Where the record of a watched folder lies. */
export function watchFile(stateDir: string, watched: string): string {
  return path.join(stateDir, 'watch', `${createHash('sha256').update(watched).digest('hex').slice(0, 16)}.json`);
}

/** What is remembered; nothing where there is no file or a damaged one: then folders settle again, and keys keep them from being sent twice. */
export function readWatchRecord(stateDir: string, watched: string): WatchRecord {
  try {
    const found = JSON.parse(readFileSync(watchFile(stateDir, watched), 'utf8')) as Partial<WatchRecord> | null;
    return found?.schemaVersion === 1 && found.path === watched ? { ...emptyRecord(watched), ...found } : emptyRecord(watched);
  } catch (error) {
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return emptyRecord(watched);
    throw error;
  }
}

export function writeWatchRecord(stateDir: string, record: WatchRecord): void {
  replaceFile(watchFile(stateDir, record.path), `${JSON.stringify(record)}\n`);
}
