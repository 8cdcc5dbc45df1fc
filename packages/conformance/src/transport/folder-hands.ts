import { lstatSync, mkdirSync, openSync, closeSync, readFileSync, readdirSync, readlinkSync, readSync, rmSync, statSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import type { RawPath } from '@longhaul/sync-transports';
import { joinRaw, rawParent, rawPathBytes, rawPathFromText } from '@longhaul/sync-transports';
import type { DestinationHands, DestinationStat } from './subject.ts';

/** Hands for a destination that is a folder of this machine, whatever transport leads there. */
export function folderHands(root: string): DestinationHands {
  const place = rawPathFromText(root);
  const at = (path: RawPath): Buffer => rawPathBytes(path === '' ? place : joinRaw(place, path));
  // One turn later, as hands that reach over a network would be.
  const later = async <T>(act: () => T): Promise<T> => Promise.resolve().then(act);
  return {
    corrupt: async (path) => later(() => corrupt(at(path))),
    read: async (path) => later(() => (lstatSync(at(path), { throwIfNoEntry: false }) === undefined ? null : readFileSync(at(path)))),
    write: async (path, content) => later(() => {
      mkdirSync(at(rawParent(path)), { recursive: true });
      writeFileSync(at(path), content);
    }),
    makeFolder: async (path) => later(() => {
      mkdirSync(at(path), { recursive: true });
    }),
    remove: async (path) => later(() => remove(at, path)),
    list: async (path) => later(() => [...walk(at, path)].sort()),
    stat: async (path) => later(() => statOf(at(path))),
  };
}

/** Deepest first: Node's own recursive rm takes names for UTF-8. */
function remove(at: (path: RawPath) => Buffer, path: RawPath): void {
  const found = [...walk(at, path)].sort().reverse();
  for (const entry of path === '' ? [...found, path] : found) rmSync(at(entry), { force: true, ...(lstatSync(at(entry)).isDirectory() ? { recursive: true } : {}) });
}

function corrupt(path: Buffer): void {
  const { size, atimeMs, mtimeMs } = statSync(path);
  const file = openSync(path, 'r+');
  try {
    const byte = Buffer.alloc(1);
    const middle = Math.floor(size / 2);
    if (readSync(file, byte, 0, 1, middle) !== 1) throw new Error('an empty file has no byte to flip');
    byte.writeUInt8(byte.readUInt8() ^ 0xff);
    writeSync(file, byte, 0, 1, middle);
  } finally {
    closeSync(file);
  }
  utimesSync(path, atimeMs / 1000, mtimeMs / 1000);
}

function* walk(at: (path: RawPath) => Buffer, path: RawPath): Generator<RawPath> {
  const found = lstatSync(at(path), { throwIfNoEntry: false });
  if (found === undefined) return;
  if (path !== '') yield path;
  if (!found.isDirectory()) return;
  for (const name of readdirSync(at(path), { encoding: 'latin1' })) yield* walk(at, joinRaw(path, name as RawPath));
}

function statOf(path: Buffer): DestinationStat | null {
  const found = lstatSync(path, { throwIfNoEntry: false, bigint: true });
  if (found === undefined) return null;
  const type = found.isFile() ? 'file' : found.isDirectory() ? 'dir' : found.isSymbolicLink() ? 'symlink' : 'other';
  return {
    type,
    mode: Number(found.mode & 0o7777n),
    mtimeMs: Number(found.mtimeNs / 1_000_000n),
    ino: found.ino,
    size: Number(found.size),
    allocated: Number(found.blocks) * 512,
    target: type === 'symlink' ? (readlinkSync(path, { encoding: 'latin1' }) as RawPath) : null,
  };
}
