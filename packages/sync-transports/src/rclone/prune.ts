import type { RawPath } from '../raw-path.ts';
import { joinRaw } from '../raw-path.ts';
import { sha256There } from './hashsum.ts';
import type { RemoteFolder, RemoteTree } from './remote-folder.ts';
import type { Ours } from './unfinished.ts';
import { readOurs } from './unfinished.ts';

interface PruneRequest {
  readonly extras: readonly RawPath[];
  readonly signal?: AbortSignal | undefined;
}

/** `at`: all at and below these, which stands in the way of a push. */
type PruneInPlace = PruneRequest | (Pick<PruneRequest, 'signal'> & { readonly at: readonly RawPath[] });

/** Deletes just these below a tree: the files in one call, then the folders, deepest first, that are empty then. */
export async function prune(folder: RemoteFolder, tree: RawPath, { extras, signal }: PruneRequest): Promise<void> {
  const there = await folder.list(tree, { depth: 'all', signal });
  if (there !== null) await remove(folder, tree, { there, extras, signal });
}

/**
 * Where a result is made in its own place, people and other programs have their files there, too: only what Longhaul itself has put there goes, and only while it is
 * what was put there. All else is kept; the publish tells.
 */
export async function pruneInPlace(folder: RemoteFolder, tree: RawPath, { signal, ...what }: PruneInPlace): Promise<void> {
  const [there, ours] = await Promise.all([folder.list(tree, { depth: 'all', signal }), readOurs(folder, tree)]);
  if (there === null || ours === null) return;
  const extras = 'extras' in what ? what.extras : [...there.keys()].filter((path) => what.at.some((top) => path === top || path.startsWith(`${top}/`)));
  const own = new Set(await unchangedFiles(folder, { tree, there, ours, extras, signal }));
  await remove(folder, tree, { there, extras: extras.filter((path) => own.has(path) || ours.folders.has(path)), signal });
}

async function unchangedFiles(folder: RemoteFolder, { tree, there, ours, extras, signal }: PruneRequest & { readonly tree: RawPath; readonly there: RemoteTree; readonly ours: Ours }): Promise<readonly RawPath[]> {
  const strength = await folder.strength(signal);
  const ofSize = extras.filter((path) => there.get(path)?.type === 'file' && ours.files.get(path)?.some(({ size }) => size === there.get(path)?.size) === true);
  // Whoever verifies by sizes has no more than that.
  if (strength === 'size' || ofSize.length === 0) return ofSize;
  const hashes = await sha256There(folder, { tree, paths: ofSize, signal });
  return ofSize.filter((path) => ours.files.get(path)?.some(({ sha256 }) => sha256 !== null && sha256 === hashes.get(path)) === true);
}

async function remove(folder: RemoteFolder, tree: RawPath, { there, extras, signal }: PruneRequest & { readonly there: RemoteTree }): Promise<void> {
  const found = extras.filter((path) => there.has(path));
  await folder.removeFiles(tree, found.filter((path) => there.get(path)?.type === 'file'), signal);
  if (folder.facts.folders === 'none') return;
  const folders = found.filter((path) => there.get(path)?.type === 'dir');
  for (const path of folders.toSorted((left, right) => right.split('/').length - left.split('/').length)) await folder.removeEmptyFolder(joinRaw(tree, path));
}
