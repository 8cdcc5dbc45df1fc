import type { RawPath, Seal, Sealer, SealSource, Transport } from '@longhaul/sync-transports';
import type { Clock } from '../clock.ts';
import type { Job } from '../job.ts';
import type { EndProcess, Owners } from '../owner.ts';
import type { QueueStore } from '../queue-store.ts';
import type { Random, RetryPolicy } from '../retry-policy.ts';
import type { RetentionPolicy } from '../retention.ts';
import type { LeftProofs } from './left-proofs.ts';
import type { ProbeSchedule } from './probe-policy.ts';

/** Where seals are kept between the processes that take and use them: `SealArchive`. */
export interface SealShelf {
  put(seal: Seal): Promise<void>;
  /** null where there is none. */
  get(sealId: string): Promise<Seal | null>;
  /** Of a seal that no job and no proof names any more. What is not there is fine. Absent: seals are kept for ever. */
  delete?(sealId: string): Promise<void>;
}

/** A destination of the configuration, ready to be used. Whoever made the transport disposes of it. */
export interface Destination {
  readonly transport: Transport;
  /** The limit at a moment (milliseconds since 1970), and when another one begins. Absent: no limit. */
  readonly bandwidth?: (at: number) => BandwidthNow;
  /** What a person types to copy a result back from there into a folder of this machine; `only`: the one file that is wanted. */
  readonly fetchCommand?: (request: { readonly finalName: string; readonly folder: string; readonly only: string | null }) => string;
}

/** How fast may be sent now (design §5.7). */
export interface BandwidthNow {
  /** Bytes per second; null: no limit; 0: nothing is sent. */
  readonly bytesPerSecond: number | null;
  /** When that changes, milliseconds since 1970; null: it does not. */
  readonly until: number | null;
}

/** The destination of that name, or null where the configuration has none. */
export type DestinationSource = (name: string) => Promise<Destination | null>;

/** Everything a worker takes from outside. */
export interface WorkerPorts {
  readonly store: QueueStore;
  readonly sealer: Sealer;
  readonly seals: SealShelf;
  readonly destinations: DestinationSource;
  readonly owners: Owners;
  readonly endProcess: EndProcess;
  /** Identity of this state directory, for receipts and locks at the destination. */
  readonly hostId: string;
  /** For people, in receipts. */
  readonly hostName: string;
  /** Why a source must not be sealed now (the session that writes it still runs), or null. */
  readonly sourceBusy?: (job: Job) => Promise<string | null>;
  /** When the newest of these files was last changed, milliseconds since 1970; null: nobody can tell. Default: their ctime and mtime. */
  readonly lastChange?: (seal: Seal, paths: readonly RawPath[]) => Promise<number | null>;
  /** What reclaims have left in a source about themselves. Default: read on the disk. */
  readonly leftProofs?: (source: SealSource) => Promise<readonly LeftProofs[]>;
  /** Folder for copies that are fetched from one destination to mend another; absent: none is mended so. */
  readonly repairDir?: string;
  readonly clock?: Clock;
  readonly random?: Random;
  readonly policy?: Partial<WorkerPolicy>;
}

/** Numbers of a worker. Milliseconds. */
export interface WorkerPolicy {
  readonly retry: RetryPolicy;
  readonly probes: ProbeSchedule;
  /** How long a claim holds without a heartbeat (design §5.5). */
  readonly leaseMs: number;
  /** Also how soon a cancel is noticed. */
  readonly heartbeatMs: number;
  /** How often dead owners are looked for. */
  readonly recoveryMs: number;
  /** How often the queue is looked at when no hint came. */
  readonly pollMs: number;
  /** Least time between two writes of a job's progress. */
  readonly progressMs: number;
  /** A push that moves nothing for so long is ended and counts as a failure of the network; large files are given more (see stallLimit). */
  readonly stallMs: number;
  /** So many crashes in a row park a job. */
  readonly maxRecoveries: number;
  /** How soon a source that is busy is looked at again. */
  readonly busySourceMs: number;
  /** A source that is never quiet is sealed all the same after this. */
  readonly maxQuietWaitMs: number;
  /** How often, and after what pause, a publish is tried again that found the final name locked. */
  readonly lockedTries: number;
  readonly lockedPauseMs: number;
  /** How many jobs run at once at one destination, all workers counted; `slotsOf` by name. */
  readonly slots: number;
  readonly slotsOf: Readonly<Record<string, number>>;
  /** How soon the audit comes back to a result that it could not look at. */
  readonly auditRetryMs: number;
  /** What is remembered of finished jobs, and for how long. */
  readonly retention: RetentionPolicy;
  /** How often all jobs are looked through for what retention drops. */
  readonly pruneMs: number;
  /** How long running jobs may go on after the signal to stop. */
  readonly shutdownGraceMs: number;
}
