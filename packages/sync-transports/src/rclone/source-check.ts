import { lstatSync } from 'node:fs';
import { setImmediate as yieldNow } from 'node:timers/promises';
import type { RawPath } from '../raw-path.ts';
import { rawPathBytes } from '../raw-path.ts';
import type { SealedFile, SealSource } from '../seal.ts';

/** A file of the source that is not what was sealed. */
export interface SourceFault {
  readonly path: RawPath;
  readonly problem: 'missing' | 'changed';
}

const BATCH = 500;

/**
 * Looks at what is about to be sent. rclone leaves a file of its list out without a word, and ends with 0, when it is not there any more or has become
 * something else (tried); and it sends what a file holds now, not what was sealed.
 */
export async function checkSource({ root }: Pick<SealSource, 'root'>, files: readonly SealedFile[]): Promise<SourceFault | null> {
  for (const [index, file] of files.entries()) {
    const fault = checkFile(root, file);
    if (fault !== null) return fault;
    if (index % BATCH === BATCH - 1) await yieldNow();
  }
  return null;
}

function checkFile(root: RawPath, { path, size, mtimeNs }: SealedFile): SourceFault | null {
  const found = lstatSync(rawPathBytes(`${root === '/' ? '' : root}/${path}` as RawPath), { bigint: true, throwIfNoEntry: false });
  if (found === undefined) return { path, problem: 'missing' };
  return found.isFile() && found.size === BigInt(size) && found.mtimeNs === mtimeNs ? null : { path, problem: 'changed' };
}
