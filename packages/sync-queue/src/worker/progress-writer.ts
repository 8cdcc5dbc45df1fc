import { isLonghaulError } from '@longhaul/errors';
import type { TransferProgress } from '@longhaul/sync-transports';
import type { HashingProgress } from '../job.ts';
import type { HeldJob } from './held-job.ts';
import type { WorkerEnv } from './worker-env.ts';

/** Tells every progress, writes at most one a second (design §5.5), and keeps the last for the settling transaction. */
export class ProgressWriter {
  readonly #env: WorkerEnv;
  readonly #held: HeldJob;
  #latest: TransferProgress | null = null;
  #writtenAt = Number.NEGATIVE_INFINITY;
  #hashing: HashingProgress['phase'] | null = null;
  #sending: 'now' | 'no' = 'no';
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
    const { events } = this.#env;
    if (progress.bytesDone !== this.#latest?.bytesDone || progress.bytesSent !== this.#latest.bytesSent || progress.filesDone !== this.#latest.filesDone) this.#held.moved();
    this.#latest = progress;
    this.#sending = 'now';
    events.emit({ type: 'progress', jobId: this.#held.lease.jobId, progress });
    this.#throttled(async () => this.#env.store.progress(this.#held.lease, progress));
  }

  /** Done, or broken off: what is hashed is told again. */
  sendingEnded(): void {
    this.#sending = 'no';
  }

  /** How far the hashing of the phase is that was intended last. `latest` stays what was sent. While something is sent, that is what is told. */
  hashed(progress: HashingProgress): void {
    const { phase, ...event } = progress;
    if (phase === 'sealing' && this.#sending === 'now') return;
    this.#env.events.emit({ type: phase, jobId: this.#held.lease.jobId, ...event });
    // What takes less than a second is not worth a write, nor what nobody can read any more when it is written.
    if (this.#hashing !== phase) this.#writtenAt = this.#env.clock.monotonic();
    this.#hashing = progress.filesDone === progress.filesTotal ? null : phase;
    if (this.#hashing === null) return;
    this.#throttled(async () => this.#env.store.hashing(this.#held.lease, progress));
  }

  /** Nothing is written after this has settled: the settling transaction has the last word. */
  async drained(): Promise<void> {
    await this.#writing;
  }

  #throttled(write: () => Promise<void>): void {
    const { clock, policy } = this.#env;
    if (clock.monotonic() - this.#writtenAt < policy.progressMs) return;
    this.#writtenAt = clock.monotonic();
    this.#writing = this.#writing.then(async () => this.#write(write));
  }

  async #write(write: () => Promise<void>): Promise<void> {
    try {
      await write();
    } catch (error) {
      if (isLonghaulError(error, 'LEASE_LOST')) this.#held.stopWith({ kind: 'leaseLost', cause: error });
      else this.#env.events.emit({ type: 'problem', error, jobId: this.#held.lease.jobId });
    }
  }
}
