import { namedInInventory } from '../manifest/inventory.ts';
import { INVENTORY_FILE, METADATA, METADATA_PATHS } from '../protocol/layout.ts';
import type { RawPath } from '../raw-path.ts';
import { joinRaw } from '../raw-path.ts';
import { remoteName } from './push-plan.ts';
import type { RemoteFolder } from './remote-folder.ts';

/**
 * Takes a result apart that another has replaced: what its own inventory names is deleted; all other files
 * stay, and the folders they lie in. Without an inventory nothing is known, and nothing but Longhaul's
 * own files is deleted. Replayable.
 */
export async function clearResult(folder: RemoteFolder, root: RawPath): Promise<'gone' | 'holds-others'> {
  const [there, inventory] = await Promise.all([folder.list(root, { depth: 'all' }), folder.read(joinRaw(root, METADATA, INVENTORY_FILE as RawPath))]);
  if (there === null) return 'gone';
  const named = namedIn(inventory?.toString('latin1') ?? '');
  const files = [...there].filter(([, { type }]) => type === 'file').map(([path]) => path);
  const ours = files.filter((path) => named.has(path));
  if (ours.length === files.length) {
    await folder.removeFolder(root);
    return 'gone';
  }
  await folder.removeFiles(root, ours.filter((path) => !METADATA_PATHS.includes(path)));
  // The inventory is needed until all it names is gone.
  await folder.removeFiles(root, ours.filter((path) => METADATA_PATHS.includes(path)));
  await folder.removeEmptyFolders(root);
  return 'holds-others';
}

/** Names of files at the remote, those of ours in `.longhaul` too. */
function namedIn(inventory: string): ReadonlySet<RawPath> {
  const named = new Set(METADATA_PATHS);
  for (const { path, type } of namedInInventory(inventory)) {
    if (type === 'file') named.add(path);
    else if (type === 'symlink') named.add(remoteName({ type, path }));
  }
  return named;
}
