import { randomBytes } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../flush.ts';

/** `synced`: on the disk before it has its name. `loose`: a file that may be lost with a power cut. */
export type Durability = 'synced' | 'loose';

/**
 * Writes a file under a passing name and renames it: readers see the old one or the whole new one, whatever happens in between. Concurrent
 * writers do not meet; the last rename wins. Files are 0600, missing folders 0700.
 */
export async function writeAtomically(path: string, content: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, durability: Durability): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const passing = `${path}.${randomBytes(6).toString('hex')}.new`;
  try {
    const file = await open(passing, 'wx', 0o600);
    try {
      for await (const chunk of content) await file.writeFile(chunk);
      if (durability === 'synced') await file.sync();
    } finally {
      await file.close();
    }
    await rename(passing, path);
  } catch (error) {
    await rm(passing, { force: true });
    throw error;
  }
  if (durability === 'synced') await syncFolder(dirname(path));
}
