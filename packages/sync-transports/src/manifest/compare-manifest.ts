import type { RawPath } from '../raw-path.ts';
import type { Seal, SealEntry } from '../seal.ts';
import type { ProofStrength, RemoteEntry, RemoteManifest } from '../transport.ts';

/** How what a destination holds differs from a seal. All three empty: it holds exactly the sealed set. */
export interface ManifestComparison {
  /** Sealed, and not there. */
  readonly missing: readonly RawPath[];
  /** There, and not sealed. */
  readonly extra: readonly RawPath[];
  /** There with another type, size, content or symlink target. */
  readonly mismatched: readonly RawPath[];
  /** How much an empty comparison proves: `size` as soon as one file's hash is not known. */
  readonly strength: ProofStrength;
}

/**
 * Holds what a destination has against the seal (design §5.2, §5.6). Pure. Modes and times are no part of it: a destination may not be able to
 * keep them, and they are no content.
 */
export function compareManifest(seal: Pick<Seal, 'entries'>, remote: RemoteManifest): ManifestComparison {
  const missing: RawPath[] = [];
  const mismatched: RawPath[] = [];
  const sealed = new Set<RawPath>();
  let strength = remote.strength;
  for (const entry of seal.entries) {
    sealed.add(entry.path);
    const there = remote.entries.get(entry.path);
    if (there === undefined) missing.push(entry.path);
    else if (!holdsEntry(entry, there)) mismatched.push(entry.path);
    else if (there.type === 'file' && there.sha256 === null) strength = 'size';
  }
  const extra = [...remote.entries.keys()].filter((path) => !sealed.has(path));
  return { missing, extra, mismatched, strength };
}

function holdsEntry(entry: SealEntry, there: RemoteEntry): boolean {
  switch (entry.type) {
    case 'file':
      return there.type === 'file' && there.size === entry.size && (there.sha256 === null || there.sha256 === entry.sha256);
    case 'dir':
      return there.type === 'dir';
    case 'symlink':
      return there.type === 'symlink' && there.target === entry.target;
  }
}
