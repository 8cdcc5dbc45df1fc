import type { TransportErrorKind } from '@longhaul/errors';
import type { RawPath } from '@longhaul/sync-transports';

/** Stops a destination: its jobs wait, visibly, and nothing is charged (design §5.4). */
export interface DestinationBlock {
  readonly reason: 'breaker' | 'no_space';
  readonly detail: string;
  readonly errorKind: TransportErrorKind | null;
  /** Until the next probe. Milliseconds, by the store's clock. */
  readonly probeInMs: number;
  /** For `no_space`: the destination is of use again when so many bytes are free. */
  readonly neededBytes: number | null;
}

/** What a probe said, as the queue remembers it. */
export interface ProbeRecord {
  readonly at: string;
  readonly reachable: boolean;
  readonly errorKind: TransportErrorKind | null;
  readonly evidence: string | null;
  readonly hint: string | null;
  readonly freeBytes: number | null;
  readonly tools: readonly string[];
}

/** How a destination stands in the queue. Times are ISO 8601, UTC. */
export interface DestinationStatus {
  readonly name: string;
  /** By a person. */
  readonly paused: boolean;
  readonly block: {
    readonly reason: 'breaker' | 'no_space';
    readonly detail: string;
    readonly errorKind: TransportErrorKind | null;
    readonly since: string;
    readonly nextProbeAt: string;
    readonly neededBytes: number | null;
    /** Probes that failed since the block began. */
    readonly failedProbes: number;
  } | null;
  /** Blocks in a row without a completed push between them: the probe schedule grows with it. */
  readonly strikes: number;
  /** Whether a push or probe ever got through: a name that does not resolve is the network's fault then. */
  readonly everWorked: boolean;
  readonly lastProbe: ProbeRecord | null;
  /** Jobs that wait here, and jobs in hand. */
  readonly waiting: number;
  readonly running: number;
}

/** A probe that this worker, and no other, is to make now. */
export interface DueProbe {
  readonly name: string;
  readonly reason: 'breaker' | 'no_space';
  readonly errorKind: TransportErrorKind | null;
  readonly neededBytes: number | null;
  readonly strikes: number;
  readonly failedProbes: number;
}

/** What came of it. `release`: the block ends, and jobs that the destination had refused are tried once more. */
export interface ProbeOutcome {
  readonly report: Omit<ProbeRecord, 'at'>;
  readonly verdict: { readonly kind: 'release' } | { readonly kind: 'stay'; readonly detail: string; readonly probeInMs: number };
}

/** By what the place behind a destination is told from others under the same path. */
export interface KnownPlace {
  /** Of the head of its chain of receipts ({@link ReceiptHead}); null: none was seen yet. */
  readonly place: string | null;
  readonly proven: readonly { readonly jobId: string; readonly finalName: RawPath }[];
}
