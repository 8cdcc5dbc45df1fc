import { parseReceipt } from '../manifest/receipt-codec.ts';
import type { InPlace } from '../protocol/judge-in-place.ts';
import { RECEIPT_PATH } from '../protocol/layout.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath, joinRaw, rawParent } from '../raw-path.ts';
import type { DestinationFolder } from './destination-folder.ts';

/** What lies at a final name. */
export async function inspectInPlace(folder: DestinationFolder, finalName: RawPath): Promise<InPlace> {
  if ((await parentObstacle(folder, finalName)) !== null) return { kind: 'foreign' };
  const found = await folder.entry(finalName);
  if (found === null) return { kind: 'none' };
  const content = found.isDirectory() ? await folder.read(joinRaw(finalName, RECEIPT_PATH)) : null;
  return content === null ? { kind: 'foreign' } : parseReceipt(content);
}

/** What stands in the way above a final name: a result (nothing is put inside one), a symlink, a file. null: nothing does. */
export async function parentObstacle(folder: DestinationFolder, finalName: RawPath): Promise<string | null> {
  for (const parent of parentsOf(finalName)) {
    const found = await folder.entry(parent);
    if (found === null) return null;
    if (!found.isDirectory()) return `${displayPath(parent)} is no folder`;
    if ((await folder.entry(joinRaw(parent, RECEIPT_PATH))) !== null) return `${displayPath(parent)} is a result itself`;
  }
  return null;
}

/** From the top; empty for a name of one part. */
export function parentsOf(path: RawPath): readonly RawPath[] {
  const parent = rawParent(path);
  return parent === '' ? [] : [...parentsOf(parent), parent];
}
