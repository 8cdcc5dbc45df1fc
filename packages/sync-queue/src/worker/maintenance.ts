import type { Owner } from '../owner.ts';
import { endOrphans } from './orphans.ts';
import { judgeProbe, probeDelay } from './probe-policy.ts';
import { SleepDetector } from './sleep-detector.ts';
import type { WorkerEnv } from './worker-env.ts';

const PROBE_LEASE_MS = 120_000;
const STAGING_RETRY_MS = 10 * 60_000;

/** What a worker does besides jobs: takes back what dead workers left, asks blocked destinations, removes staging nobody needs. */
export class Maintenance {
  readonly #env: WorkerEnv;
  readonly #sleep: SleepDetector;
  #checkedAt = Number.NEGATIVE_INFINITY;

  constructor(env: WorkerEnv) {
    this.#env = env;
    this.#sleep = new SleepDetector(env.clock, env.policy.leaseMs);
  }

  /** Everything that is due. Returns whether something was done that may have made jobs due. */
  async run(signal: AbortSignal): Promise<boolean> {
    const recovered = await this.#recoverWhenDue();
    const probed = await this.#probeNext(signal);
    const removed = await this.#removeStaging(signal);
    return recovered || probed || removed;
  }

  async #recoverWhenDue(): Promise<boolean> {
    const { clock, policy } = this.#env;
    const awake = this.#sleep.look();
    if (clock.monotonic() - this.#checkedAt < policy.recoveryMs) return false;
    this.#checkedAt = clock.monotonic();
    const recovered = await this.#recover(awake);
    await this.#endOrphans();
    return recovered;
  }

  async #recover(lapsed: 'recover' | 'leave'): Promise<boolean> {
    const { store, owners, policy, events } = this.#env;
    const leases = await store.leases();
    const dead = distinct(leases.map(({ owner }) => owner)).filter((owner) => owners.isAlive(owner) === 'dead');
    const anyLapsed = lapsed === 'recover' && leases.some(({ remainingMs }) => remainingMs <= 0);
    if (dead.length === 0 && !anyLapsed) return false;
    const jobs = await store.recover({ dead, lapsed, maxRecoveries: policy.maxRecoveries });
    if (jobs.length > 0) events.emit({ type: 'recovered', jobs });
    return jobs.length > 0;
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

  async #probeNext(signal: AbortSignal): Promise<boolean> {
    const { store, destinations, random, policy, events } = this.#env;
    const due = await store.claimProbe({ leaseMs: PROBE_LEASE_MS });
    if (due === null) return false;
    const destination = await destinations(due.name);
    const report = (await destination?.transport.probe({ signal })) ?? NOT_CONFIGURED;
    if (signal.aborted) return false;
    const next = (errorKind: typeof due.errorKind): number => probeDelay({ ...due, errorKind, failedProbes: due.failedProbes + 1 }, random, policy.probes);
    const outcome = judgeProbe(due, report, next);
    const { requeued } = await store.settleProbe(due.name, outcome);
    if (outcome.verdict.kind === 'release') events.emit({ type: 'destinationUp', destination: due.name, requeued });
    else events.emit({ type: 'destinationDown', destination: due.name, reason: due.reason, detail: outcome.verdict.detail, probeInMs: outcome.verdict.probeInMs });
    return true;
  }

  async #removeStaging(signal: AbortSignal): Promise<boolean> {
    const { store, owners, policy, destinations, hostId, events } = this.#env;
    const abandoned = await store.claimAbandonedStaging({ owner: owners.self, leaseMs: policy.leaseMs });
    if (abandoned === null) return false;
    const { lease, destination: name, finalName } = abandoned;
    try {
      const destination = await destinations(name);
      await destination?.transport.remove({ placement: { ...lease, hostId, finalName }, signal });
      await store.settleAbandonedStaging(lease, { kind: 'removed' });
    } catch (error) {
      events.emit({ type: 'problem', error, jobId: lease.jobId });
      await store.settleAbandonedStaging(lease, { kind: 'later', delayMs: STAGING_RETRY_MS, reason: String(error) });
    }
    return true;
  }
}

const NOT_CONFIGURED = {
  reachable: false,
  errorKind: 'config',
  evidence: 'the configuration has no such destination',
  hint: 'Add it under destinations: in longhaul.yaml',
  freeBytes: null,
  hash: 'size',
  tools: [],
} as const;

function distinct(owners: readonly Owner[]): readonly Owner[] {
  return [...new Map(owners.map((owner) => [JSON.stringify(owner), owner])).values()];
}
