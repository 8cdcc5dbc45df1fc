import { isLonghaulError } from '@longhaul/errors';
import type { WorkerEnv } from '../worker/worker-env.ts';
import type { ReclaimLease } from './reclaim-store.ts';

/** Renewing has failed for so much of the lease: nothing more is deleted, before somebody else may begin. */
const FENCE_SHARE = 0.7;

/** Holds one reclaim while it is worked on, and says right before each file goes whether it still may. */
export class ReclaimKeeper implements Disposable {
  readonly lease: ReclaimLease;
  readonly #env: WorkerEnv;
  readonly #abort = new AbortController();
  #state: 'held' | 'withdrawn' | 'lost' = 'held';
  #renewed: { readonly now: number; readonly monotonic: number };
  #cancelTimer: () => void = () => undefined;

  constructor(env: WorkerEnv, lease: ReclaimLease) {
    this.#env = env;
    this.lease = lease;
    this.#renewed = this.#moment();
    this.#schedule();
  }

  /** Aborted when the hold is lost or withdrawn. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get state(): 'held' | 'withdrawn' | 'lost' {
    return this.#state;
  }

  /** Whether the hold is certain at this very moment, by both clocks: one may jump, the other stands still while the machine sleeps. */
  isCertain(): boolean {
    const { now, monotonic } = this.#moment();
    const passed = Math.max(now - this.#renewed.now, monotonic - this.#renewed.monotonic);
    return this.#state === 'held' && passed < this.#env.policy.leaseMs * FENCE_SHARE;
  }

  /** @throws errors of the store but a lost lease, which is the new state */
  async renew(): Promise<void> {
    const sent = this.#moment();
    try {
      const answer = await this.#env.store.renewReclaim(this.lease, { leaseMs: this.#env.policy.leaseMs });
      this.#renewed = sent;
      if (answer === 'withdrawn') this.#end('withdrawn');
    } catch (error) {
      if (!isLonghaulError(error, 'LEASE_LOST')) throw error;
      this.#end('lost');
    }
  }

  [Symbol.dispose](): void {
    this.#cancelTimer();
  }

  #end(state: 'withdrawn' | 'lost'): void {
    this.#state = state;
    this.#abort.abort(new Error(`the reclaim is ${state}`));
  }

  #schedule(): void {
    this.#cancelTimer = this.#env.clock.after(this.#env.policy.leaseMs / 4, () => {
      this.#schedule();
      this.renew().catch((error: unknown) => this.#env.events.emit({ type: 'problem', error, jobId: null }));
    });
  }

  #moment(): { readonly now: number; readonly monotonic: number } {
    return { now: this.#env.clock.now(), monotonic: this.#env.clock.monotonic() };
  }
}
