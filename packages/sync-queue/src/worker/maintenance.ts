import { isLonghaulError } from '@longhaul/errors';
import type { AbandonedStaging } from '../lease.ts';
import type { DueProbe } from '../destination-status.ts';
import type { Owner } from '../owner.ts';
import { endOrphans } from './orphans.ts';
import { judgeProbe, probeDelay } from './probe-policy.ts';
import { SleepDetector } from './sleep-detector.ts';
import type { WorkerEnv } from './worker-env.ts';

const PROBE_LEASE_MS = 2 * 60_000;
/** Removing a large tree far away takes its time, and two who do it do no harm. */
const STAGING_LEASE_MS = 15 * 60_000;
/** Jobs that retention looks at in one transaction, and the least time between two of these. */
const PRUNE_STEP = 500;
const PRUNE_PAUSE_MS = 1_000;
const LATER = { kind: 'later', delayMs: 10 * 60_000 } as const;

/** How the errands of a worker are run. */
export interface MaintenanceOptions {
  /** Ends what is under way. */
  readonly signal: AbortSignal;
  /** An errand is done, or has failed: look again. */
  readonly onDone: (failure: { readonly error: unknown } | null) => void;
}

/**
 * What a worker does besides jobs: takes back what dead workers left, asks blocked destinations, removes staging nobody needs.
 * Whatever goes over a network is an errand of its own, so that a destination that does not answer keeps nobody waiting.
 */
export class Maintenance {
  readonly #env: WorkerEnv;
  readonly #options: MaintenanceOptions;
  readonly #sleep: SleepDetector;
  readonly #errands = new Set<Promise<void>>();
  #checkedAt = Number.NEGATIVE_INFINITY;
  #pruneAt = Number.NEGATIVE_INFINITY;

  constructor(env: WorkerEnv, options: MaintenanceOptions) {
    this.#env = env;
    this.#options = options;
    this.#sleep = new SleepDetector(env.clock, env.policy.leaseMs);
  }

  /** Whether an errand is under way. */
  get busy(): boolean {
    return this.#errands.size > 0;
  }

  /** Begins everything that is due; one errand of a kind at a time. */
  async run(): Promise<void> {
    await this.#recoverWhenDue();
    await this.#pruneWhenDue();
    if (this.busy) return;
    const probe = await this.#env.store.claimProbe({ leaseMs: PROBE_LEASE_MS });
    if (probe !== null) this.#begin(this.#probe(probe));
    const staging = await this.#env.store.claimAbandonedStaging({ owner: this.#env.owners.self, leaseMs: STAGING_LEASE_MS });
    if (staging !== null) this.#begin(this.#removeStaging(staging));
  }

  /** Waits for what is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#errands);
  }

  #begin(work: Promise<void>): void {
    const errand: Promise<void> = work.then(
      () => this.#end(errand, null),
      (error: unknown) => this.#end(errand, { error }),
    );
    this.#errands.add(errand);
  }

  #end(errand: Promise<void>, failure: { readonly error: unknown } | null): void {
    this.#errands.delete(errand);
    this.#options.onDone(failure);
  }

  async #recoverWhenDue(): Promise<void> {
    const { clock, policy } = this.#env;
    const lapsed = this.#sleep.look();
    if (clock.monotonic() - this.#checkedAt < policy.recoveryMs) return;
    this.#checkedAt = clock.monotonic();
    await this.#recover(lapsed);
    await this.#endOrphans();
  }

  /** One step at a time: a queue of a million jobs is looked through beside the work, never instead of it. */
  async #pruneWhenDue(): Promise<void> {
    const { clock, policy, store, events } = this.#env;
    if (clock.monotonic() < this.#pruneAt) return;
    const { more, ...dropped } = await store.prune({ ...policy.retention, everyMs: policy.pruneMs, limit: PRUNE_STEP });
    // Others share the pass: it may be due for us sooner than we think, and then there is little to do.
    this.#pruneAt = clock.monotonic() + (more ? PRUNE_PAUSE_MS : policy.pruneMs / 4);
    if (dropped.jobs + dropped.events > 0) events.emit({ type: 'pruned', jobs: dropped.jobs, events: dropped.events, seals: dropped.seals.length });
    for (const id of dropped.seals) await this.#deleteSeal(id);
  }

  /** A file that stays does no harm. */
  async #deleteSeal(id: string): Promise<void> {
    try {
      await this.#env.seals.delete?.(id);
    } catch (error) {
      this.#env.events.emit({ type: 'problem', error, jobId: null });
    }
  }

  async #recover(lapsed: 'recover' | 'leave'): Promise<void> {
    const { store, owners, policy, events } = this.#env;
    const leases = await store.leases();
    const dead = distinct(leases.map(({ owner }) => owner)).filter((owner) => owners.isAlive(owner) === 'dead');
    const anyLapsed = lapsed === 'recover' && leases.some(({ remainingMs }) => remainingMs <= 0);
    if (dead.length === 0 && !anyLapsed) return;
    const jobs = await store.recover({ dead, lapsed, maxRecoveries: policy.maxRecoveries });
    if (jobs.length > 0) events.emit({ type: 'recovered', jobs });
  }

  /** Also of jobs that will not run again. */
  async #endOrphans(): Promise<void> {
    const { store, events } = this.#env;
    for (const { jobId, process } of await store.orphans()) {
      try {
        await endOrphans(this.#env, jobId, [process]);
      } catch (error) {
        events.emit({ type: 'problem', error, jobId });
      }
    }
  }

  async #probe(due: DueProbe): Promise<void> {
    const { store, destinations, random, policy, events } = this.#env;
    const destination = await destinations(due.name);
    const report = (await destination?.transport.probe({ signal: this.#options.signal })) ?? NOT_CONFIGURED;
    if (this.#options.signal.aborted) return;
    const next = (errorKind: DueProbe['errorKind']): number => probeDelay({ ...due, errorKind, failedProbes: due.failedProbes + 1 }, random, policy.probes);
    const outcome = judgeProbe(due, report, next);
    const { requeued } = await store.settleProbe(due.name, outcome);
    if (outcome.verdict.kind === 'release') events.emit({ type: 'destinationUp', destination: due.name, requeued });
    else events.emit({ type: 'destinationDown', destination: due.name, reason: due.reason, detail: outcome.verdict.detail, probeInMs: outcome.verdict.probeInMs });
  }

  async #removeStaging({ lease, destination: name, finalName }: AbandonedStaging): Promise<void> {
    const { store, destinations, hostId, events } = this.#env;
    const { signal } = this.#options;
    try {
      const destination = await destinations(name);
      await destination?.transport.remove({ placement: { ...lease, hostId, finalName }, signal });
      // A destination that the configuration has lost may come back to it.
      await store.settleAbandonedStaging(lease, destination === null ? LATER : { kind: 'removed' });
    } catch (error) {
      // Somebody else does it by now.
      if (isLonghaulError(error, 'LEASE_LOST')) return;
      if (!signal.aborted) events.emit({ type: 'problem', error, jobId: lease.jobId });
      await store.settleAbandonedStaging(lease, signal.aborted ? { kind: 'later', delayMs: 0 } : LATER);
    }
  }
}

const NOT_CONFIGURED = {
  reachable: false,
  errorKind: 'config',
  evidence: 'the configuration has no such destination',
  hint: 'Add it under destinations: in longhaul.yaml',
  freeBytes: null,
  totalBytes: null,
  hash: 'size',
  tools: [],
} as const;

function distinct(owners: readonly Owner[]): readonly Owner[] {
  return [...new Map(owners.map((owner) => [JSON.stringify(owner), owner])).values()];
}
