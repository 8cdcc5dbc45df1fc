import { parseReceipt } from '../manifest/receipt-codec.ts';
import type { InPlace } from '../protocol/judge-in-place.ts';
import { RECEIPT_PATH } from '../protocol/layout.ts';
import type { RawPath } from '../raw-path.ts';
import { displayPath, joinRaw } from '../raw-path.ts';
import type { RemoteFolder } from './remote-folder.ts';
import { parentsOf } from './remote-folder.ts';

/** What lies at a final name. */
export async function inspectInPlace(folder: RemoteFolder, finalName: RawPath): Promise<InPlace> {
  const [obstacle, content] = await Promise.all([parentObstacle(folder, finalName), folder.read(joinRaw(finalName, RECEIPT_PATH))]);
  if (obstacle !== null) return { kind: 'foreign' };
  if (content !== null) return parseReceipt(content);
  return (await folder.entry(finalName)) === null ? { kind: 'none' } : { kind: 'foreign' };
}

/** What stands in the way above a final name: a result (nothing is put inside one), a file. null: nothing does. */
export async function parentObstacle(folder: RemoteFolder, finalName: RawPath): Promise<string | null> {
  for (const parent of parentsOf(finalName)) {
    const [found, receipt] = await Promise.all([folder.entry(parent), folder.entry(joinRaw(parent, RECEIPT_PATH))]);
    if (found === null) return null;
    if (found === 'file') return `${displayPath(parent)} is no folder`;
    if (receipt !== null) return `${displayPath(parent)} is a result itself`;
  }
  return null;
}
