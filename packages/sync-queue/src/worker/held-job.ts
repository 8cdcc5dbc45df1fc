import { isLonghaulError } from '@longhaul/errors';
import type { ClaimedJob, LeaseRef } from '../lease.ts';
import type { WorkerEnv } from './worker-env.ts';
import { Stopped } from './stop.ts';
import type { Stop } from './stop.ts';

/** Renewing has failed for so much of the lease: the work is ended before somebody else may begin it. */
const FENCE_SHARE = 0.7;

/**
 * A claim while it is worked on: renews the lease from a timer, notices a cancel, a lost lease and a push that has
 * stalled, and ends the work then. Dispose of it when the job is settled.
 */
export class HeldJob implements Disposable {
  readonly lease: LeaseRef;
  readonly #env: WorkerEnv;
  #abort = new AbortController();
  #stop: Stop | null = null;
  #shielded = false;
  #beating = false;
  #lastBeat: number;
  #lastMove: number | null = null;
  #stallMs = Number.POSITIVE_INFINITY;
  #requests: number | null = null;
  #cancelTimer: () => void;

  constructor(env: WorkerEnv, { lease }: ClaimedJob) {
    this.#env = env;
    this.lease = lease;
    this.#lastBeat = env.clock.monotonic();
    this.#cancelTimer = env.clock.after(env.policy.heartbeatMs, () => this.#tick());
  }

  /** Aborted when the work must end; pass it to everything that takes long. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** How many enqueues the job stands for, by the last heartbeat; null before the first. */
  get requests(): number | null {
    return this.#requests;
  }

  /** The first reason wins, but a lost lease beats all: nothing may be settled then. */
  stopWith(stop: Stop): void {
    if (this.#stop === null || stop.kind === 'leaseLost') this.#stop = stop;
    if (!this.#shielded || stop.kind === 'leaseLost') this.#abort.abort(new Stopped(this.#stop));
  }

  /** What was ended is over; what comes now has a signal of its own. */
  goOn(): void {
    this.#stop = null;
    this.#abort = new AbortController();
  }

  /** Why the work ended, or must. */
  get stop(): Stop | null {
    return this.#stop;
  }

  /** @throws Stopped when the work must end; between steps. */
  check(): void {
    if (this.#stop !== null) throw new Stopped(this.#stop);
  }

  /** Work that is not broken off half-way, but by a lost lease: during publish a cancel is decided after the rename (design §5.5). */
  async shielded<T>(work: () => Promise<T>): Promise<T> {
    this.#shielded = true;
    try {
      return await work();
    } finally {
      this.#shielded = false;
    }
  }

  /** Watches that something moves at least every `stallMs` while `work` runs; tell it with {@link moved}. */
  async watched<T>(work: () => Promise<T>, { stallMs }: { readonly stallMs: number }): Promise<T> {
    this.#stallMs = stallMs;
    this.moved();
    try {
      return await work();
    } finally {
      this.#lastMove = null;
    }
  }

  moved(): void {
    this.#lastMove = this.#env.clock.monotonic();
  }

  [Symbol.dispose](): void {
    this.#cancelTimer();
  }

  #tick(): void {
    this.#cancelTimer = this.#env.clock.after(Math.min(this.#env.policy.heartbeatMs, this.#stallMs), () => this.#tick());
    this.#checkStall();
    this.#checkLease();
    if (!this.#beating && this.#stop?.kind !== 'leaseLost') void this.#beat();
  }

  #checkStall(): void {
    if (this.#lastMove === null || this.#env.clock.monotonic() - this.#lastMove < this.#stallMs) return;
    this.stopWith({ kind: 'stalled', afterMs: this.#stallMs });
  }

  #checkLease(): void {
    const { clock, policy } = this.#env;
    if (clock.monotonic() - this.#lastBeat > policy.leaseMs * FENCE_SHARE) this.stopWith({ kind: 'leaseLost', cause: 'the lease could not be renewed in time' });
  }

  async #beat(): Promise<void> {
    const { store, policy, clock, events } = this.#env;
    const sentAt = clock.monotonic();
    this.#beating = true;
    try {
      const { cancel, requests } = await store.heartbeat(this.lease, { leaseMs: policy.leaseMs });
      // From when it was sent: the lease may have begun as early as that.
      this.#lastBeat = sentAt;
      this.#requests = requests;
      if (cancel === 'requested') this.stopWith({ kind: 'cancelled' });
    } catch (error) {
      if (isLonghaulError(error, 'LEASE_LOST')) this.stopWith({ kind: 'leaseLost', cause: error });
      else events.emit({ type: 'problem', error, jobId: this.lease.jobId });
    } finally {
      this.#beating = false;
    }
  }
}
