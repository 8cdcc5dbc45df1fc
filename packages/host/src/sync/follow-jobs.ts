import type { Job, JobState, QueueStore } from '@longhaul/sync-queue';

/** A job that has come to its end, one way or another. */
const SETTLED: ReadonlySet<JobState> = new Set(['VERIFIED', 'CLEANUP_ELIGIBLE', 'CLEANED', 'FAILED', 'CANCELLED']);

/** Looking is the truth, changes of the queue's file are only a hint. Milliseconds. */
const POLL_MS = 1000;
/** How often it is made sure that somebody works: whoever does may have died. Milliseconds. */
const CARE_EVERY_MS = 5000;

export interface FollowOptions {
  readonly store: QueueStore;
  readonly signal: AbortSignal;
  /** Makes sure that somebody works on the queue. */
  readonly care: () => Promise<void>;
}

/** The jobs as they stand, again with every change, until all have settled or the signal comes. */
export async function* followJobs(ids: readonly string[], { store, signal, care }: FollowOptions): AsyncGenerator<readonly Job[]> {
  const hint = new Hint();
  using _watch = store.watch(() => {
    hint.give();
  });
  let caredAt = performance.now();
  for (;;) {
    const jobs = (await Promise.all(ids.map(async (id) => await store.get(id)))).filter((job) => job !== null);
    yield jobs;
    if (signal.aborted || jobs.every(({ state }) => SETTLED.has(state))) return;
    if (performance.now() - caredAt > CARE_EVERY_MS) {
      await care();
      caredAt = performance.now();
    }
    await hint.next(signal);
  }
}

/** Wakes one waiter: on a hint, after the polling interval, on abort. */
class Hint {
  #wake: (() => void) | null = null;
  #given = false;

  give(): void {
    this.#given = true;
    this.#wake?.();
  }

  async next(signal: AbortSignal): Promise<void> {
    if (!this.#given && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, POLL_MS);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', this.#wake, { once: true });
      });
      if (this.#wake !== null) signal.removeEventListener('abort', this.#wake);
    }
    this.#wake = null;
    this.#given = false;
  }
}
