import { systemClock } from '../clock.ts';
import type { Clock } from '../clock.ts';
import type { Random } from '../retry-policy.ts';
import { DEFAULT_RETRY_POLICY } from '../retry-policy.ts';
import { KeyedLock } from './keyed-lock.ts';
import { knownPlaces } from './known-place.ts';
import { lastChangeOnDisk } from './last-change.ts';
import { leftProofsOnDisk } from './left-proofs.ts';
import { DEFAULT_PROBE_SCHEDULE } from './probe-policy.ts';
import { WorkerEvents } from './worker-event.ts';
import type { WorkerPolicy, WorkerPorts } from './worker-ports.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** The numbers of design §5.4 and §5.5, and ours where it gives none. */
export const DEFAULT_WORKER_POLICY: WorkerPolicy = {
  retry: DEFAULT_RETRY_POLICY,
  probes: DEFAULT_PROBE_SCHEDULE,
  leaseMs: MINUTE,
  heartbeatMs: 2 * SECOND,
  recoveryMs: 2 * SECOND,
  pollMs: SECOND,
  progressMs: SECOND,
  stallMs: 10 * MINUTE,
  maxRecoveries: 3,
  busySourceMs: 5 * SECOND,
  maxQuietWaitMs: 10 * MINUTE,
  lockedTries: 5,
  lockedPauseMs: 2 * SECOND,
  slots: 2,
  slotsOf: {},
  auditRetryMs: 60 * MINUTE,
  retention: { detailsMs: 90 * DAY, jobsMs: 365 * DAY },
  pruneMs: DAY,
  shutdownGraceMs: 0,
};

/** The ports with every default filled in, and what the jobs of one worker share. */
export interface WorkerEnv extends Omit<Required<WorkerPorts>, 'policy' | 'sourceBusy' | 'repairDir'> {
  readonly sourceBusy: WorkerPorts['sourceBusy'];
  readonly repairDir: string | null;
  /** Another one by {@link SyncWorker.adopt}: read when it is needed, never kept. */
  policy: WorkerPolicy;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: WorkerEvents;
  /** One seal at a time per source: the second job of a fan-out finds the first one's. */
  readonly sealing: KeyedLock;
}

export function fullPolicy(policy: Partial<WorkerPolicy> = {}): WorkerPolicy {
  return { ...DEFAULT_WORKER_POLICY, ...policy };
}

export function workerEnv(ports: WorkerPorts): WorkerEnv {
  const clock = ports.clock ?? systemClock;
  return {
    ...ports,
    destinations: knownPlaces(ports.destinations, { store: ports.store, clock }),
    sourceBusy: ports.sourceBusy,
    repairDir: ports.repairDir ?? null,
    clock,
    random: ports.random ?? Math.random,
    lastChange: ports.lastChange ?? lastChangeOnDisk,
    leftProofs: ports.leftProofs ?? leftProofsOnDisk,
    policy: fullPolicy(ports.policy),
    events: new WorkerEvents(),
    sealing: new KeyedLock(),
  };
}
