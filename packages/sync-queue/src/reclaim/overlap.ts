import type { SealSource } from '@longhaul/sync-transports';

/** Whether one source lies inside the other, or is the same: what is deleted of one is missing in the other. Real paths, by bytes. */
export function sourcesOverlap(left: SealSource, right: SealSource): boolean {
  const [a, b] = [extent(left), extent(right)];
  return a.startsWith(b) || b.startsWith(a);
}

/** With a slash at the end, so that `/data/a` does not hold `/data/ab`. */
function extent({ kind, root, name }: SealSource): string {
  const folder = root === '/' ? '/' : `${root}/`;
  return kind === 'directory' ? folder : `${folder}${name}/`;
}
