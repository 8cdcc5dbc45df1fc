import { readdir, readFile } from 'node:fs/promises';
import { isLonghaulError } from '@longhaul/errors';
import type { SealSource } from '@longhaul/sync-transports';
import { EARLIER, metadataName } from '../reclaim/files/leave-behind.ts';
import { PROOFS_FILE } from '../reclaim/proofs-file.ts';

/** What a reclaim has written down in its source: which content was freed here, and when. */
export interface LeftProofs {
  readonly sealDigest: string;
  readonly reclaimId: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** All that reclaims have left in a source, whichever queue they belonged to. @throws errors of the file system other than that nothing is there */
export async function leftProofsOnDisk(source: SealSource): Promise<readonly LeftProofs[]> {
  const metadata = `${source.root === '/' ? '' : source.root}/${metadataName(source)}`;
  const earlier = await goneAs([], async () => readdir(raw(`${metadata}/${EARLIER}`), { encoding: 'latin1' }));
  const folders = [metadata, ...earlier.map((name) => `${metadata}/${EARLIER}/${name}`)];
  const found = await Promise.all(folders.map(async (folder) => goneAs(null, async () => parse(await readFile(raw(`${folder}/${PROOFS_FILE}`), 'utf8')))));
  return found.filter((proofs) => proofs !== null);
}

/** null: it is none of ours. Ours is written whole or not at all. */
function parse(text: string): LeftProofs | null {
  try {
    const { sealDigest, reclaimId, at } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    return typeof sealDigest === 'string' && typeof reclaimId === 'string' && typeof at === 'string' ? { sealDigest, reclaimId, at } : null;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return null;
    throw error;
  }
}

async function goneAs<T>(none: T, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const { code } = error as { readonly code?: string };
    if (!isLonghaulError(error) && (code === 'ENOENT' || code === 'ENOTDIR')) return none;
    throw error;
  }
}

function raw(path: string): Buffer {
  return Buffer.from(path, 'latin1');
}
