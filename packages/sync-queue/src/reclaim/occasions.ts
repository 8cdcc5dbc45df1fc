import type { ReclaimPlace } from './reclaim-store.ts';

/** Moments of proofs by content that count as separate: each at least `apartMs` after the one counted before it. Oldest first. */
export function separateOccasions(proofs: ReclaimPlace['proofs'], apartMs: number): readonly number[] {
  const occasions: number[] = [];
  for (const { at, strength } of proofs) {
    const last = occasions.at(-1);
    // A size says nothing about content. A proof by download has read every byte back: it says no less than a hash made there.
    if (strength !== 'size' && (last === undefined || at - last >= apartMs)) occasions.push(at);
  }
  return occasions;
}
