import { processStartTime } from '@longhaul/exec';
import type { TransferProgress } from '../transport.ts';
import type { PushedContent } from './pushed-content.ts';

/** Milliseconds between two reports of progress: a person reads no faster, and each is a write to the queue. */
const REPORT_EVERY_MS = 200;

/** What a push tells while it runs, whichever program sends. */
export class PushReports {
  readonly #request: Pick<PushedContent, 'onProgress' | 'onProcess'>;
  #reportedAt = 0;

  constructor(request: Pick<PushedContent, 'onProgress' | 'onProcess'>) {
    this.#request = request;
  }

  /** `position` is asked where it is time for a report. */
  onTheWay(position: () => TransferProgress): void {
    const now = performance.now();
    if (now - this.#reportedAt < REPORT_EVERY_MS) return;
    this.#reportedAt = now;
    this.#request.onProgress?.(position());
  }

  /** Whoever takes over after a crash ends it by this. null: it was not started. */
  process(pid: number | null): void {
    const startTime = pid === null ? null : processStartTime(pid);
    if (pid !== null && startTime !== null) this.#request.onProcess?.({ pid, startTime });
  }
}
