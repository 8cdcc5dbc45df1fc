import type { Transport } from '@longhaul/sync-transports';
import type { JobRun } from './job-run.ts';

/** What lies under the final name. */
export type FoundReceipt = Awaited<ReturnType<Transport['readReceipt']>>;

/** What was found under the final name counts for so long; after a seal that took longer it is looked again. Milliseconds. */
const EARLY_COUNTS_MS = 10_000;

/** Reads the receipt in place ahead of time. Its failure is no news before the receipt is asked for: sealing goes first. */
export class EarlyReceipt {
  readonly #run: JobRun;
  readonly #startedAt: number;
  readonly #reading: Promise<FoundReceipt>;

  constructor(run: JobRun) {
    this.#run = run;
    this.#startedAt = run.env.clock.monotonic();
    this.#reading = this.#read();
    this.#reading.catch(() => undefined);
  }

  /** Nothing of it runs any more then. */
  async settled(): Promise<void> {
    await this.#reading.catch(() => undefined);
  }

  async current(): Promise<FoundReceipt> {
    if (this.#run.env.clock.monotonic() - this.#startedAt > EARLY_COUNTS_MS) return this.#read();
    return this.#reading;
  }

  async #read(): Promise<FoundReceipt> {
    const { claimed, held, transport } = this.#run;
    return transport.readReceipt({ finalName: claimed.finalName, signal: held.signal });
  }
}
