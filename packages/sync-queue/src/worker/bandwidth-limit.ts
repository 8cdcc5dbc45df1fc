import type { Clock } from '../clock.ts';
import type { AgainOutcome } from '../outcome.ts';
import type { JobRun } from './job-run.ts';
import type { BandwidthNow, Destination } from './worker-ports.ts';

/** The limit is looked at again at least so often: a machine that slept, or whose clock was set, is past the edge already. */
const LOOK_EVERY_MS = 60_000;
/** A destination that is closed for ever as far as we can see is looked at again after this. */
const CLOSED_FOR_GOOD_MS = 3_600_000;
const BITS_PER_MEGABIT = 1_000_000;

type Plan = Destination['bandwidth'];

const UNLIMITED: BandwidthNow = { bytesPerSecond: null, until: null };

/** Thrown where nothing may be sent at this time; the job waits for the next window. */
export class WindowClosed extends Error {
  readonly limit: BandwidthNow;

  constructor(limit: BandwidthNow) {
    super('nothing is sent at this time');
    this.limit = limit;
  }
}

/** The limit that one push runs with; its signal comes as soon as another holds. Dispose of it with the push. */
export class BandwidthLimit implements Disposable {
  readonly now: BandwidthNow;
  readonly #clock: Clock;
  readonly #plan: Plan;
  readonly #abort = new AbortController();
  #cancel: () => void = () => undefined;

  constructor(clock: Clock, plan: Plan) {
    this.#clock = clock;
    this.#plan = plan;
    this.now = plan?.(clock.now()) ?? UNLIMITED;
    this.#watch(this.now);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether another limit holds by now. */
  get passed(): boolean {
    return this.#abort.signal.aborted;
  }

  get closed(): boolean {
    return this.now.bytesPerSecond === 0;
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }

  #watch({ until }: BandwidthNow): void {
    if (until === null) return;
    const wait = Math.max(0, Math.min(until - this.#clock.now(), LOOK_EVERY_MS));
    this.#cancel = this.#clock.after(wait, () => this.#look());
  }

  #look(): void {
    const current = this.#plan?.(this.#clock.now()) ?? UNLIMITED;
    if (current.bytesPerSecond === this.now.bytesPerSecond) this.#watch(current);
    else this.#abort.abort();
  }
}

/** Why nothing is to be sent now, or null: asked before a source is sealed, so that it is sealed when it can go. */
export function closedWindow({ env, destination, job }: JobRun): AgainOutcome | null {
  const now = env.clock.now();
  const limit = destination?.bandwidth?.(now) ?? UNLIMITED;
  return limit.bytesPerSecond === 0 ? heldByWindow({ destination: job.destination, limit, now }) : null;
}

/** Held until the window ends; no attempt is charged. */
export function heldByWindow({ destination, limit: { until }, now }: { readonly destination: string; readonly limit: BandwidthNow; readonly now: number }): AgainOutcome {
  const delayMs = until === null ? CLOSED_FOR_GOOD_MS : Math.max(1, until - now);
  const detail = `nothing is sent to ${destination} at this time (bandwidth window)${until === null ? '' : `; it goes on at ${new Date(until).toISOString()}`}`;
  return { kind: 'again', to: 'QUEUED', hold: 'bandwidth', holdDetail: detail, delayMs, charge: 'nothing', reason: detail };
}

/** `10 Mbit/s`, for the history. */
export function describeLimit(plan: Plan, at: number): string {
  const { bytesPerSecond } = plan?.(at) ?? UNLIMITED;
  if (bytesPerSecond === null) return 'no limit';
  return `${String(Number(((bytesPerSecond * 8) / BITS_PER_MEGABIT).toPrecision(6)))} Mbit/s`;
}
