import { INCOMING } from '../protocol/layout.ts';
import { SCRAP_AGE_MS, scrapMaker } from '../protocol/scraps.ts';
import type { RawPath } from '../raw-path.ts';
import { joinRaw } from '../raw-path.ts';
import type { WorkerPool } from '../worker/worker-pool.ts';
import type { DestinationFolder } from './destination-folder.ts';

/** Deletes what calls that did not come to their end have left in the incoming folder (PROTOCOL.md, "Scraps"). */
export async function sweepScraps({ folder, pool }: { readonly folder: DestinationFolder; readonly pool: WorkerPool }): Promise<void> {
  const names = (await folder.names(INCOMING)) ?? [];
  const left = await Promise.all(names.map(async (name) => ((await isLeft(folder, name)) ? [folder.absolute(joinRaw(INCOMING, name))] : [])));
  if (left.flat().length === 0) return;
  // What cannot be deleted, as another user's cannot, is no trouble of whoever came to push.
  await pool.run({ kind: 'remove', paths: left.flat() }).catch(() => undefined);
}

async function isLeft(folder: DestinationFolder, name: RawPath): Promise<boolean> {
  const maker = scrapMaker(name);
  if (maker === null || maker === 'alive') return false;
  const [scrap, incoming] = await Promise.all([folder.entry(joinRaw(INCOMING, name)), folder.entry(INCOMING)]);
  if (scrap === null || incoming === null) return false;
  // Another user's process may be hidden from us: its age tells.
  if (maker === 'ended' && Number(scrap.uid) === process.getuid?.()) return true;
  // By the destination's own clock, whatever ours says: the folder has changed since.
  return incoming.mtimeMs - scrap.mtimeMs > BigInt(SCRAP_AGE_MS);
}
