import type { InventoryRow } from '../manifest/inventory.ts';
import { namedInInventory } from '../manifest/inventory.ts';
import { isLitter } from '../protocol/litter.ts';
import { INVENTORY_FILE, METADATA, METADATA_PATHS } from '../protocol/layout.ts';
import type { RawPath } from '../raw-path.ts';
import { joinRaw } from '../raw-path.ts';
import { sha256There } from './hashsum.ts';
import { remoteName } from './push-plan.ts';
import type { RemoteFolder, RemoteItem } from './remote-folder.ts';

/**
 * Takes a result apart that another has replaced: what its own inventory names is deleted, if it still is what was sealed; all other files
 * stay, and the folders they lie in; but what a system litters every folder with goes, too, where nothing else is left. Without an inventory nothing is known,
 * and nothing but Longhaul's own files is deleted. Replayable.
 */
export async function clearResult(folder: RemoteFolder, root: RawPath): Promise<'gone' | 'holds-others'> {
  const times = folder.facts.timePrecisionNs !== null && folder.facts.timeCost === 'none' ? 'ask' : 'skip';
  const [there, inventory] = await Promise.all([folder.list(root, { depth: 'all', times }), folder.read(joinRaw(root, METADATA, INVENTORY_FILE as RawPath))]);
  if (there === null) return 'gone';
  const files = new Map([...there].filter(([, { type }]) => type === 'file'));
  const edited = await editedAmong(folder, { root, files, named: namedIn(inventory?.toString('latin1') ?? '') });
  if (edited.ours.length === files.size || edited.others.every((path) => isLitter(path))) {
    await folder.removeFolder(root);
    return 'gone';
  }
  await folder.removeFiles(root, edited.ours.filter((path) => !METADATA_PATHS.includes(path)));
  // The inventory is needed until all it names is gone.
  await folder.removeFiles(root, edited.ours.filter((path) => METADATA_PATHS.includes(path)));
  await folder.removeEmptyFolders(root);
  return 'holds-others';
}

interface Replaced {
  readonly root: RawPath;
  readonly files: ReadonlyMap<RawPath, RemoteItem>;
  readonly named: ReadonlyMap<RawPath, InventoryRow>;
}

/** Of another size is edited; of another time is read, for it may have been touched only. Where the remote keeps no times, or asks for each, sizes alone tell. */
async function editedAmong(folder: RemoteFolder, { root, files, named }: Replaced): Promise<{ readonly ours: readonly RawPath[]; readonly others: readonly RawPath[] }> {
  const verdicts = new Map([...files].map(([path, item]) => [path, verdictOn(folder, { path, item, row: named.get(path) })]));
  const unsure = [...verdicts].flatMap(([path, verdict]) => (verdict === 'unsure' ? [path] : []));
  const hashes = unsure.length === 0 ? new Map<RawPath, string>() : await sha256There(folder, { tree: root, paths: unsure });
  const isOurs = (path: RawPath): boolean => {
    const verdict = verdicts.get(path);
    return verdict === 'ours' || (verdict === 'unsure' && hashes.get(path) !== undefined && hashes.get(path) === named.get(path)?.sha256);
  };
  const paths = [...files.keys()];
  return { ours: paths.filter(isOurs), others: paths.filter((path) => !isOurs(path)) };
}

function verdictOn(folder: RemoteFolder, { path, item, row }: { readonly path: RawPath; readonly item: RemoteItem; readonly row: InventoryRow | undefined }): 'ours' | 'others' | 'unsure' {
  if (METADATA_PATHS.includes(path)) return 'ours';
  if (row === undefined) return 'others';
  if (row.type === 'symlink') return item.size === row.target?.length ? 'ours' : 'others';
  if (item.size !== row.size) return 'others';
  if (item.mtimeNs === null || row.mtimeNs === null) return 'ours';
  const apart = item.mtimeNs > row.mtimeNs ? item.mtimeNs - row.mtimeNs : row.mtimeNs - item.mtimeNs;
  return apart < BigInt(Math.max(1000, Math.ceil(folder.facts.timePrecisionNs ?? 0))) ? 'ours' : 'unsure';
}

/** By the name that each file has at the remote. */
function namedIn(inventory: string): ReadonlyMap<RawPath, InventoryRow> {
  const files = [...namedInInventory(inventory)].filter(({ type }) => type === 'file' || type === 'symlink');
  return new Map(files.map((row) => [row.type === 'symlink' ? remoteName({ type: 'symlink', path: row.path }) : row.path, row]));
}
