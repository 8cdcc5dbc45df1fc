import { INCOMING } from '../protocol/layout.ts';
import { SCRAP_AGE_MS, scrapMaker } from '../protocol/scraps.ts';
import type { RawPath } from '../raw-path.ts';
import { joinRaw, rawBase } from '../raw-path.ts';
import type { RemoteFolder, RemoteItem } from './remote-folder.ts';

const AGE_NS = BigInt(SCRAP_AGE_MS) * 1_000_000n;

/**
 * Deletes what calls that did not come to their end have left in the incoming folder (PROTOCOL.md, "Scraps"). `probe`: a file that was
 * written just now, for what the remote takes for now.
 */
export async function sweepScraps(folder: RemoteFolder, probe: RawPath): Promise<void> {
  const listed = (await folder.list(INCOMING, { depth: 'one', times: 'ask' })) ?? new Map<RawPath, RemoteItem>();
  const now = listed.get(rawBase(probe))?.mtimeNs ?? null;
  for (const [name, item] of listed) {
    const maker = scrapMaker(name);
    if (maker !== 'ended' && (maker !== 'unknown' || !(await isOld(folder, { name, item, now })))) continue;
    const path = joinRaw(INCOMING, name);
    // What cannot be deleted, as another user's cannot, is no trouble of whoever came to look.
    await (item.type === 'dir' ? folder.removeFolder(path) : folder.removeFile(path)).catch(() => undefined);
  }
}

async function isOld(folder: RemoteFolder, { name, item, now }: { readonly name: RawPath; readonly item: RemoteItem; readonly now: bigint | null }): Promise<boolean> {
  if (now === null || folder.facts.timePrecisionNs === null) return false;
  // Some remotes make the times of folders up: what is in them tells.
  const items = item.type === 'file' ? [item] : [...((await folder.list(joinRaw(INCOMING, name), { depth: 'all', times: 'ask' })) ?? new Map<RawPath, RemoteItem>()).values()].filter(({ type }) => type === 'file');
  return items.length > 0 && items.every(({ mtimeNs }) => mtimeNs !== null && now - mtimeNs > AGE_NS);
}
