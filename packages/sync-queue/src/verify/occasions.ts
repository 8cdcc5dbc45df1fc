import type { Proof } from '../job.ts';

/**
 * The proofs that count as separate occasions, oldest first (design §5.6: reclaim wants several): of the wanted content, by its bytes
 * (`sha256` or `download`; sizes prove nothing here), not void, and each at least `apartMs` after the one counted before it, because
 * two passes in the same minute may both have read what was still in a cache there.
 */
export function separateOccasions(proofs: readonly Proof[], { sealDigest, apartMs }: { readonly sealDigest: string; readonly apartMs: number }): readonly Proof[] {
  const counted: Proof[] = [];
  const good = proofs.filter((proof) => proof.sealDigest === sealDigest && proof.strength !== 'size' && proof.voidedAt === null);
  for (const proof of good.toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at))) {
    const last = counted.at(-1);
    if (last === undefined || Date.parse(proof.at) - Date.parse(last.at) >= apartMs) counted.push(proof);
  }
  return counted;
}
