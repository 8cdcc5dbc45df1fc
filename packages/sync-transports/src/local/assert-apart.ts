import { realpath, stat } from 'node:fs/promises';
import { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { RawPath } from '../raw-path.ts';
import { displayPath, rawParent, rawPathFromBytes } from '../raw-path.ts';
import type { SealSource } from '../seal.ts';
import { isAt, seenThrough } from '../worker/mounts.ts';
import { absolutePath, errnoOf, isGone } from '../worker/raw-fs.ts';
import type { DestinationFolder } from './destination-folder.ts';

/**
 * A result that is its own source, holds it or lies in it proves itself, and is no copy. Told by device and inode of every folder on the way, so that symlinks do not
 * hide it, and by where mounts show it from: what a bind mount of a folder below the source leads to has no folder of the source above it. @throws TransportError of kind config
 */
export async function assertApart(folder: DestinationFolder, { source, finalName }: { readonly source: SealSource; readonly finalName: RawPath }): Promise<void> {
  const root = await realRoot(folder);
  const final = rawPathFromBytes(absolutePath(root, finalName));
  const [above, aboveSource] = [await foldersAbove(final), await foldersAbove(source.root)];
  const [here, there] = [await identity(source.root), await identity(final)];
  // A single file lies in its folder, and so may its destination; its result must not be that folder.
  const pairs = await throughMounts({ root, final, source });
  const lies = source.kind === 'directory' && ((here !== null && above.includes(here)) || pairs.some(([result, from]) => isAt(result, from)));
  const holds = (there !== null && aboveSource.includes(there)) || pairs.some(([result, from]) => isAt(from, result));
  if (!lies && !holds) return;
  const name = displayPath(finalName);
  throw new TransportError(`"${name}" in ${JSON.stringify(folder.shown)} ${lies && holds ? 'is' : lies ? 'lies in' : 'holds'} the source ${displayPath(source.root)} itself: that is no second copy`, {
    errorKind: TransportErrorKind.CONFIG,
    hint: 'Choose a destination elsewhere, or another name: --as NAME (or `as:` in longhaul.yaml)',
  });
}

/** Result and source as one mount shows both, where another shows one of them elsewhere. */
async function throughMounts({ root, final, source }: { readonly root: RawPath; readonly final: RawPath; readonly source: SealSource }): Promise<readonly (readonly [string, string])[]> {
  const seenRoot = await seenAs(root, source.root);
  const seenSource = await seenAs(source.root, root);
  return [...(seenRoot === null ? [] : [[`${seenRoot}${final.slice(root.length)}`, source.root] as const]), ...(seenSource === null ? [] : [[final, seenSource] as const])];
}

async function seenAs(path: RawPath, other: RawPath): Promise<string | null> {
  const seen = seenThrough(path, other) as RawPath | null;
  const id = seen === null ? null : await identity(seen);
  return id !== null && id === (await identity(path)) ? seen : null;
}

async function realRoot({ shown }: DestinationFolder): Promise<RawPath> {
  return rawPathFromBytes(await realpath(shown, { encoding: 'buffer' }));
}

/** Of a real path and everything above it; what does not exist yet is left out. */
async function foldersAbove(path: RawPath): Promise<readonly string[]> {
  const found: string[] = [];
  for (let at = path; ; at = rawParent(at) === '' ? ('/' as RawPath) : rawParent(at)) {
    const id = await identity(at);
    if (id !== null) found.push(id);
    if (at === '/') return found;
  }
}

/** null where nothing is. */
async function identity(path: RawPath): Promise<string | null> {
  try {
    const { dev, ino } = await stat(Buffer.from(path, 'latin1'), { bigint: true });
    return `${dev}:${ino}`;
  } catch (error) {
    if (isGone(errnoOf(error))) return null;
    throw error;
  }
}
