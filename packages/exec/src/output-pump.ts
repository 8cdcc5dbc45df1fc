import type { Readable } from 'node:stream';

import type { OutputCollector } from './output-collector.ts';

type StreamState = 'open' | 'ended' | { readonly error: unknown };

/** Moves one output into its collector, one piece at a time, so that a slow caller holds the program back. */
export class OutputPump {
  /** Settles at the end of the output or when it was given up; rejects with what the caller's functions throw. */
  readonly done: Promise<void>;
  readonly #stream: Readable;
  #wake: () => void = () => undefined;
  #state: StreamState = 'open';
  #idleLimitMs: number | null = null;
  #idleTimer: NodeJS.Timeout | null = null;
  #waiting = false;
  #abandoned = false;

  constructor(stream: Readable, collector: OutputCollector) {
    this.#stream = stream;
    this.#listen(stream);
    this.done = this.#pump(collector);
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

  /** In the same tick as the spawn: a stream that nobody listens to is drained at exit. By events: the stream's own iterator costs 2 ms to load. */
  #listen(stream: Readable): void {
    const settle = (state: StreamState): void => {
      if (this.#state === 'open') this.#state = state;
      this.#wake();
    };
    stream.on('readable', () => {
      this.#wake();
    });
    stream.on('end', () => {
      settle('ended');
    });
    stream.on('error', (error) => {
      settle({ error });
    });
    // After an end or an error it says nothing new; alone it means that the stream was destroyed.
    stream.on('close', () => {
      settle({ error: new Error('the output was closed before its end') });
    });
  }

  async #pump(collector: OutputCollector): Promise<void> {
    try {
      for (let next = await this.#next(); next !== null; next = await this.#next()) await collector.accept(next);
      await collector.finish(this.#abandoned ? 'abandoned' : 'ended');
    } catch (error) {
      this.abandon();
      throw error;
    }
  }

  async #next(): Promise<Uint8Array | null> {
    this.#waiting = true;
    if (this.#idleLimitMs !== null) this.#armIdleTimer();
    try {
      for (;;) {
        // What arrived before an error still counts; what was given up does not.
        const chunk = this.#abandoned ? null : (this.#stream.read() as Uint8Array | null);
        if (chunk !== null) return chunk;
        if (this.#abandoned || this.#state === 'ended') return null;
        if (this.#state !== 'open') throw this.#state.error;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
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
