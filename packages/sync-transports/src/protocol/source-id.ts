import { createHash } from 'node:crypto';
import { rawPathBytes } from '../raw-path.ts';
import type { SealSource } from '../seal.ts';

/**
 * The stable identity of a source for receipts and conflicts (design §5.2): SHA-256 over the host id, the kind and the real path.
 * 64 lower-case hexadecimal digits. Two sources never share it, the next generation of one always has it.
 */
export function sourceIdOf(hostId: string, source: Pick<SealSource, 'kind' | 'root' | 'name'>): string {
  const hash = createHash('sha256').update(`${hostId}\0${source.kind}\0`).update(rawPathBytes(source.root));
  if (source.kind === 'file') hash.update('/').update(rawPathBytes(source.name));
  return hash.digest('hex');
}
