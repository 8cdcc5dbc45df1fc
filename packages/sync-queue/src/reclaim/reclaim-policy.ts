const MINUTE_MS = 60_000;

/** What must hold before a local copy is deleted, beside what always must (design §5.6). */
export interface ReclaimPolicy {
  /** `off`: nothing is deleted, whoever asks. */
  readonly reclaim: 'on' | 'off';
  /** `asked`: only when a person asks for it; `always`: the reaper looks for itself. */
  readonly when: 'always' | 'asked';
  /** The reaper begins only while the source's file system has less free than this; null: whenever it may. Bytes. */
  readonly diskFreeBelow: number | null;
  /** Proofs by content on separate occasions, from every destination. */
  readonly minVerifyPasses: number;
  /** Counted from the proof that completed {@link minVerifyPasses}. Milliseconds. */
  readonly minAgeMs: number;
  /** Whether `.longhaul/` with manifest, receipts and proofs stays in the source. */
  readonly metadata: 'keep' | 'drop';
  /** Two proofs closer together than this are one occasion: the second most likely read the same cache. Milliseconds. */
  readonly occasionMs: number;
}

/** What one destination asks for besides; where nothing is given the general policy holds. */
export interface DestinationRule {
  /** `never`: what was meant for this destination is never deleted on any word. */
  readonly reclaim?: 'allowed' | 'never';
  readonly minVerifyPasses?: number;
  readonly minAgeMs?: number;
}

/** Design §5.6: off, two passes, a day. */
export const DEFAULT_RECLAIM_POLICY: ReclaimPolicy = {
  reclaim: 'off',
  when: 'always',
  diskFreeBelow: null,
  minVerifyPasses: 2,
  minAgeMs: 24 * 60 * MINUTE_MS,
  metadata: 'keep',
  occasionMs: 10 * MINUTE_MS,
};
