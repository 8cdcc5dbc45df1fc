import type { RawPath } from '../raw-path.ts';
import { joinRaw } from '../raw-path.ts';
import type { RemoteFolder } from './remote-folder.ts';

/** Deletes just these below a tree: the files in one call, then the folders, deepest first, that are empty then. */
export async function prune(folder: RemoteFolder, tree: RawPath, { extras, signal }: { readonly extras: readonly RawPath[]; readonly signal?: AbortSignal | undefined }): Promise<void> {
  const there = await folder.list(tree, { depth: 'all', signal });
  if (there === null) return;
  const found = extras.filter((path) => there.has(path));
  await folder.removeFiles(tree, found.filter((path) => there.get(path)?.type === 'file'), signal);
  if (folder.facts.folders === 'none') return;
  const folders = found.filter((path) => there.get(path)?.type === 'dir');
  for (const path of folders.toSorted((left, right) => right.split('/').length - left.split('/').length)) await folder.removeEmptyFolder(joinRaw(tree, path));
}
