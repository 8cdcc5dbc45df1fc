import { BoundedBytes } from './bounded-bytes.ts';
import type { CapturedOutput } from './captured-output.ts';
import { capturedOutput } from './captured-output.ts';
import type { OutputCapture } from './command.ts';
import { LineSplitter } from './line-splitter.ts';

const DEFAULT_MAX_BYTES = 8 * 1024 * 1024;

/** Takes the bytes of one output, hands them to the caller's functions in order, and keeps what the bounds allow. */
export class OutputCollector {
  readonly #capture: OutputCapture;
  readonly #keep: 'head' | 'tail';
  readonly #kept: BoundedBytes;
  readonly #lines: LineSplitter | null;
  #complete = false;

  constructor(capture: OutputCapture) {
    this.#capture = capture;
    this.#keep = capture.keep ?? 'tail';
    this.#kept = new BoundedBytes({ maxBytes: capture.maxBytes ?? DEFAULT_MAX_BYTES, keep: this.#keep });
    this.#lines = capture.onLine === undefined ? null : new LineSplitter(capture);
  }

  /** Settles when the caller's functions are done with this piece; rejects with what they throw. */
  async accept(chunk: Uint8Array): Promise<void> {
    this.#kept.add(chunk);
    await this.#capture.onChunk?.(chunk);
    if (this.#lines !== null) await this.#deliver(this.#lines.push(chunk));
  }

  /** No more will come: because the output ended, or because it was given up. */
  async finish(how: 'ended' | 'abandoned'): Promise<void> {
    this.#complete = how === 'ended';
    if (this.#lines !== null) await this.#deliver(this.#lines.end());
  }

  captured(): CapturedOutput {
    return capturedOutput({ bytes: this.#kept.bytes(), droppedBytes: this.#kept.droppedBytes, keep: this.#keep, complete: this.#complete });
  }

  async #deliver(lines: readonly string[]): Promise<void> {
    for (const line of lines) await this.#capture.onLine?.(line);
  }
}
