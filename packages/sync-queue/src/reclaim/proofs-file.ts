import { displayPath, metadataFiles } from '@longhaul/sync-transports';
import type { RawPath, Receipt, Seal } from '@longhaul/sync-transports';
import type { Proof } from '../job.ts';
import type { LeftBehind } from './files/source-files.ts';

/** In `.longhaul/` of a source that was freed: where its content is, and how that was proven. */
export const PROOFS_FILE = 'proofs.json';

/** One destination's word, as it is left behind. */
export interface LeftProof {
  readonly destination: string;
  readonly finalName: RawPath;
  readonly jobId: string;
  readonly receipt: Receipt;
  readonly proofs: readonly Proof[];
}

/** The files that stay in the source: manifest, inventory, the receipt of the first destination, and the proofs of all. */
export function filesLeftBehind(seal: Seal, { reclaimId, at, places }: { readonly reclaimId: string; readonly at: string; readonly places: readonly LeftProof[] }): readonly LeftBehind[] {
  const [first] = places;
  if (first === undefined) return [];
  const proofs = {
    schemaVersion: 1,
    reclaimId,
    at,
    source: displayPath(seal.source.root),
    sealId: seal.id,
    sealDigest: seal.digest,
    totals: seal.totals,
    destinations: places.map(({ destination, finalName, jobId, receipt, proofs: given }) => ({
      destination,
      finalName: displayPath(finalName),
      jobId,
      proofs: given.map(({ at: proven, strength, occasion, files, bytes }) => ({ at: proven, strength, occasion, files, bytes })),
      receipt,
    })),
  };
  // The receipt last: it says that the rest is whole.
  const [receiptFile, ...others] = metadataFiles(seal, first.receipt).toReversed();
  const files = [...others.toReversed(), { name: PROOFS_FILE, content: Buffer.from(`${JSON.stringify(proofs, null, 2)}\n`) }];
  return receiptFile === undefined ? files : [...files, receiptFile];
}
