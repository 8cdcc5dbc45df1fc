import { isLonghaulError } from '@longhaul/errors';
import type { ClaimedJob } from '../lease.ts';
import { AuditErrand } from '../verify/audit-errand.ts';
import type { AuditBudget } from '../verify-pass.ts';
import { HeldJob } from './held-job.ts';
import { runJob } from './job-run.ts';
import { Maintenance } from './maintenance.ts';
import { isPassing } from './settle-step.ts';
import { WakeUp } from './wake-up.ts';
import type { WorkerEnv } from './worker-env.ts';
import { fullPolicy, workerEnv } from './worker-env.ts';
import type { WorkerListener } from './worker-event.ts';
import type { WorkerPolicy, WorkerPorts } from './worker-ports.ts';

/** How a worker is run. */
export interface WorkerRun {
  /** `drain`: until nothing is due and nothing runs. `forever`: until the signal. */
  readonly mode: 'drain' | 'forever';
  /** With `drain`: also wait for what is held (backoff, a destination that is down), until every job that is not paused has settled. */
  readonly waitFor?: 'due' | 'held';
  /** Jobs at once in this process; default 4. */
  readonly concurrency?: number;
  /** Only these destinations. */
  readonly only?: readonly string[];
  /** The rolling audit (design §5.6): what was proven longest ago is looked at again while there is nothing to push. Default: not in this worker. */
  readonly audit?: AuditBudget | undefined;
  /** Takes no new job, lets running ones finish for `shutdownGraceMs`, then puts them back uncharged. */
  readonly signal?: AbortSignal;
}

const DEFAULT_CONCURRENCY = 4;

/**
 * Claims jobs and sees them through: seal, push, verify, publish, proof (design §5). Any number of workers may share a
 * queue; one that dies at any step leaves what another can take up.
 */
export class SyncWorker {
  readonly #env: WorkerEnv;
  readonly #loops = new Set<WorkerLoop>();

  constructor(ports: WorkerPorts) {
    this.#env = workerEnv(ports);
  }

  /** Returns what takes the listener off again. */
  on(listener: WorkerListener): () => void {
    return this.#env.events.on(listener);
  }

  /**
   * Runs until the mode says so; then nothing of it runs any more.
   * @throws QueueStoreError when the store cannot be used any more
   */
  async run(run: WorkerRun): Promise<void> {
    const loop = new WorkerLoop(this.#env, run);
    this.#loops.add(loop);
    try {
      await loop.run();
    } finally {
      this.#loops.delete(loop);
    }
  }

  /** Other settings from now on, also for what runs. Jobs that are under way go on; with fewer at once the next begins when enough have ended. */
  adopt({ policy, ...changes }: AdoptedSettings): void {
    this.#env.policy = fullPolicy(policy);
    for (const loop of this.#loops) loop.adopt(changes);
  }
}

/** What a worker that runs can be told anew. What `policy` leaves out has its default. */
export interface AdoptedSettings extends Pick<WorkerRun, 'concurrency' | 'audit'> {
  readonly policy: Partial<WorkerPolicy>;
}

/** One call of {@link SyncWorker.run}. */
class WorkerLoop {
  readonly #env: WorkerEnv;
  #run: WorkerRun;
  readonly #maintenance: Maintenance;
  readonly #audit: AuditErrand;
  readonly #wake: WakeUp;
  readonly #running = new Map<HeldJob, Promise<void>>();
  readonly #stop = new AbortController();
  #fatal: { readonly error: unknown } | null = null;

  constructor(env: WorkerEnv, run: WorkerRun) {
    this.#env = env;
    this.#run = run;
    this.#wake = new WakeUp(env.clock);
    const errand = { signal: this.#stop.signal, onDone: (failure: { readonly error: unknown } | null) => this.#errandDone(failure) };
    this.#maintenance = new Maintenance(env, errand);
    this.#audit = new AuditErrand(env, { ...errand, budget: run.audit ?? null, only: run.only });
  }

  adopt(changes: Pick<WorkerRun, 'concurrency' | 'audit'>): void {
    this.#run = { ...this.#run, ...changes };
    this.#audit.budget = changes.audit ?? null;
    this.#wake.call();
  }

  async run(): Promise<void> {
    const { signal } = this.#run;
    const stop = (): void => {
      this.#stop.abort();
      this.#wake.call();
    };
    signal?.addEventListener('abort', stop);
    if (signal?.aborted === true) stop();
    using _hint = this.#env.store.watch(() => this.#wake.call());
    try {
      while (!(await this.#finished())) await this.#wake.sleep(this.#env.policy.pollMs);
    } finally {
      signal?.removeEventListener('abort', stop);
      await this.#windDown();
    }
    if (this.#fatal !== null) throw this.#fatal.error;
  }

  /** One round: upkeep, as many claims as there is room for. Returns whether the loop is done. */
  async #finished(): Promise<boolean> {
    if (this.#stop.signal.aborted || this.#fatal !== null) return true;
    try {
      await this.#maintenance.run();
      // What an errand makes due is looked for again when it is done.
      const errand = this.#maintenance.busy || this.#audit.busy;
      const claimed = await this.#fill();
      if (claimed) this.#wake.call();
      const auditing = !claimed && this.#running.size === 0 && (await this.#audit.beginWhenDue());
      return this.#run.mode === 'drain' && !errand && !auditing && !claimed && this.#running.size === 0 && (await this.#nothingHeld());
    } catch (error) {
      return this.#afterError(error);
    }
  }

  async #fill(): Promise<boolean> {
    const { store, owners, policy } = this.#env;
    const { concurrency = DEFAULT_CONCURRENCY, only } = this.#run;
    const request = { owner: owners.self, leaseMs: policy.leaseMs, slots: policy.slots, slotsOf: policy.slotsOf, ...(only === undefined ? {} : { destinations: only }) };
    let any = false;
    while (this.#running.size < concurrency && !this.#stop.signal.aborted) {
      const claimed = await store.claim(request);
      if (claimed === null) break;
      this.#start(claimed);
      any = true;
    }
    return any;
  }

  #start(claimed: ClaimedJob): void {
    const held = new HeldJob(this.#env, claimed);
    this.#env.events.emit({ type: 'jobStarted', job: claimed.job });
    const work = runJob(this.#env, claimed, held)
      .catch((error: unknown) => {
        this.#env.events.emit({ type: 'problem', error, jobId: claimed.job.id });
        if (isUnusable(error)) this.#fatal ??= { error };
      })
      .finally(() => {
        held[Symbol.dispose]();
        this.#running.delete(held);
        this.#wake.call();
      });
    this.#running.set(held, work);
  }

  #errandDone(failure: { readonly error: unknown } | null): void {
    if (failure !== null) {
      this.#env.events.emit({ type: 'problem', error: failure.error, jobId: null });
      if (isUnusable(failure.error)) this.#fatal ??= failure;
    }
    this.#wake.call();
  }

  /** Passing trouble of the store does not end a worker that is to run for ever. */
  #afterError(error: unknown): boolean {
    this.#env.events.emit({ type: 'problem', error, jobId: null });
    if (this.#run.mode === 'forever' && !isUnusable(error)) return false;
    this.#fatal ??= { error };
    return true;
  }

  async #nothingHeld(): Promise<boolean> {
    if (this.#run.waitFor !== 'held') return true;
    return !(await this.#env.store.hasActive());
  }

  /** Lets running jobs finish for a while, then has them put back. */
  async #windDown(): Promise<void> {
    const all = Promise.all(this.#running.values());
    const grace = this.#fatal === null ? this.#env.policy.shutdownGraceMs : 0;
    const endGrace = this.#env.clock.after(grace, () => {
      for (const held of this.#running.keys()) held.stopWith({ kind: 'shutdown' });
    });
    await all;
    endGrace();
    // The signal has not come at the end of a drain: then nothing is under way.
    this.#stop.abort();
    await this.#maintenance.settled();
    await this.#audit.settled();
  }
}

/** Damaged, closed, not readable: nothing more can be done with this queue. */
function isUnusable(error: unknown): boolean {
  return isLonghaulError(error, 'QUEUE_STORE') && !isPassing(error);
}
