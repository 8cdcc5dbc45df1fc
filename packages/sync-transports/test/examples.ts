import type { RawPath, Receipt, Seal, SealedDirectory, SealedFile, SealedSymlink, SealEntry } from '@longhaul/sync-transports';

/** Values for tests that need one and do not care which. */
export function exampleReceipt(changes: Partial<Receipt> = {}): Receipt {
  return {
    schemaVersion: 1, sealId: 'seal-1', sealDigest: 'd'.repeat(64), generation: 1, jobId: 'job-1', epoch: 1, hostId: 'host-1', host: 'lab', source: '/data/results', sourceId: 'source-1',
    publishedAt: '2026-11-22T10:00:00.000Z', totals: { files: 1, directories: 0, symlinks: 0, bytes: 1 }, verified: { at: '2026-11-22T10:00:00.000Z', strength: 'sha256' }, run: null,
    ...changes,
  };
}

const STAT = { mode: 0o644, mtimeNs: 1_700_000_000_123_456_789n, ctimeNs: 1_700_000_001_000_000_000n, dev: 1n, ino: 1n };

export function exampleFile(path: string, changes: Partial<SealedFile> = {}): SealedFile {
  return { ...STAT, type: 'file', path: path as RawPath, size: 1, allocated: 4096, nlink: 1, sha256: 'a'.repeat(64), ...changes };
}

export function exampleFolder(path: string, changes: Partial<SealedDirectory> = {}): SealedDirectory {
  return { ...STAT, type: 'dir', path: path as RawPath, mode: 0o755, ...changes };
}

export function exampleSymlink(path: string, target: string): SealedSymlink {
  return { ...STAT, type: 'symlink', path: path as RawPath, target: target as RawPath, mode: 0o777 };
}

export function exampleSeal(entries: readonly SealEntry[], changes: Partial<Seal> = {}): Seal {
  const files = entries.filter(({ type }) => type === 'file') as SealedFile[];
  return {
    id: 'SEAL1', digest: 'd'.repeat(64), sealedAt: '2026-11-22T10:00:00.000Z', findings: [], entries,
    source: { kind: 'directory', root: '/data/results' as RawPath, name: 'results' as RawPath, dev: 1n },
    totals: { files: files.length, directories: 0, symlinks: 0, bytes: files.reduce((sum, { size }) => sum + size, 0) },
    ...changes,
  };
}
