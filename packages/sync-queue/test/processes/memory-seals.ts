import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { SealShelf } from '@longhaul/sync-queue';
import { rawPathFromText } from '@longhaul/sync-transports';
import type { Seal, Sealer, SealSource } from '@longhaul/sync-transports';

/** Seals of sources that hold one file each, made from their names: every process makes the same. */
export const namedSealer: Sealer = {
  resolve: (path) => Promise.resolve(sourceAt(path)),
  seal: ({ source }) => Promise.resolve(sealOf(source)),
  check: () => Promise.resolve({ kind: 'unchanged' }),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};

export function sourceAt(path: string): SealSource {
  return { kind: 'directory', root: rawPathFromText(path), name: rawPathFromText(path.split('/').at(-1) ?? ''), dev: 1n };
}

function sealOf(source: SealSource): Seal {
  const sha256 = createHash('sha256').update(source.root).digest('hex');
  const file = { type: 'file', path: rawPathFromText('data'), size: 4, allocated: 4, nlink: 1, sha256, mode: 0o644, mtimeNs: 1n, ctimeNs: 1n, dev: 1n, ino: 1n } as const;
  const totals = { files: 1, directories: 0, symlinks: 0, bytes: 4 };
  return { id: `seal-${sha256.slice(0, 20)}`, digest: sha256, source, sealedAt: '2026-11-22T00:00:00.000Z', totals, findings: [], entries: [file] };
}

/** Only the names are kept: the seal itself is made from them again. */
export function diskSeals(folder: string): SealShelf {
  return {
    put: async (seal) => writeFile(join(folder, seal.id), seal.source.root),
    get: async (id) => {
      const root = await readFile(join(folder, id), 'utf8').catch(() => null);
      return root === null ? null : sealOf(sourceAt(root));
    },
  };
}
