import type { Readable } from 'node:stream';

import type { OutputCollector } from './output-collector.ts';

/** Moves one output into its collector, one piece at a time, so that a slow caller holds the program back. */
export class OutputPump {
  /** Settles at the end of the output or when it was given up; rejects with what the caller's functions throw. */
  readonly done: Promise<void>;
  readonly #stream: Readable;
  #idleLimitMs: number | null = null;
  #idleTimer: NodeJS.Timeout | null = null;
  #waiting = false;
  #abandoned = false;

  constructor(stream: Readable, collector: OutputCollector) {
    this.#stream = stream;
    // The first read is requested here, in the same tick as the spawn: a stream that nobody listens to is drained at exit.
    this.done = this.#pump(stream.iterator({ destroyOnReturn: false }), collector);
    this.done.catch(() => undefined);
  }

  /** From now on a pause of this length means that nothing will come: the process has ended, somebody else holds the pipe. */
  abandonWhenIdle(limitMs: number): void {
    this.#idleLimitMs = limitMs;
    if (this.#waiting) this.#armIdleTimer();
  }

  abandon(): void {
    this.#abandoned = true;
    this.#stream.destroy();
  }

  async #pump(chunks: AsyncIterator<Uint8Array>, collector: OutputCollector): Promise<void> {
    try {
      for (let next = await this.#next(chunks); next !== null; next = await this.#next(chunks)) await collector.accept(next);
      await collector.finish(this.#abandoned ? 'abandoned' : 'ended');
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  async #next(chunks: AsyncIterator<Uint8Array>): Promise<Uint8Array | null> {
    this.#waiting = true;
    if (this.#idleLimitMs !== null) this.#armIdleTimer();
    try {
      const next = await chunks.next();
      return next.done === true ? null : next.value;
    } catch (error) {
      // Destroying the stream is how it is given up, and makes its iterator throw.
      if (this.#abandoned) return null;
      throw error;
    } finally {
      this.#waiting = false;
      if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    }
  }

  #armIdleTimer(): void {
    if (this.#idleTimer !== null) clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => {
      this.abandon();
    }, this.#idleLimitMs ?? 0);
  }
}
