import { isLonghaulError } from '@longhaul/errors';
import type { TransferProgress } from '@longhaul/sync-transports';
import type { HeldJob } from './held-job.ts';
import type { WorkerEnv } from './worker-env.ts';

/** Tells every progress, writes at most one a second (design §5.5), and keeps the last for the settling transaction. */
export class ProgressWriter {
  readonly #env: WorkerEnv;
  readonly #held: HeldJob;
  #latest: TransferProgress | null = null;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #writing: Promise<void> = Promise.resolve();

  constructor(env: WorkerEnv, held: HeldJob) {
    this.#env = env;
    this.#held = held;
  }

  /** The last one, written or not. */
  get latest(): TransferProgress | null {
    return this.#latest;
  }

  report(progress: TransferProgress): void {
    const { clock, policy, events } = this.#env;
    if (progress.bytesDone !== this.#latest?.bytesDone || progress.bytesSent !== this.#latest.bytesSent || progress.filesDone !== this.#latest.filesDone) this.#held.moved();
    this.#latest = progress;
    events.emit({ type: 'progress', jobId: this.#held.lease.jobId, progress });
    if (clock.monotonic() - this.#writtenAt < policy.progressMs) return;
    this.#writtenAt = clock.monotonic();
    this.#writing = this.#writing.then(async () => this.#write(progress));
  }

  /** Nothing is written after this has settled: the settling transaction has the last word. */
  async drained(): Promise<void> {
    await this.#writing;
  }

  async #write(progress: TransferProgress): Promise<void> {
    try {
      await this.#env.store.progress(this.#held.lease, progress);
    } catch (error) {
      if (isLonghaulError(error, 'LEASE_LOST')) this.#held.stopWith({ kind: 'leaseLost', cause: error });
      else this.#env.events.emit({ type: 'problem', error, jobId: this.#held.lease.jobId });
    }
  }
}
