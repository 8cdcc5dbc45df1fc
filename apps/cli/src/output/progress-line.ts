import type { Job } from '@longhaul/sync-queue';

import { printable } from './printable.ts';
import type { Printer } from './printer.ts';
import { detailOf } from './job-text.ts';
import { formatBytes, formatSpan } from './quantities.ts';
import { cutText } from './text-width.ts';

/** Off a terminal a line this often, not more: logs of CI are read by people too. Milliseconds. */
const PLAIN_EVERY_MS = 10_000;
/** The rate is that of the last seconds, so that it follows the network. Milliseconds. */
const RATE_WINDOW_MS = 8000;

interface Sample {
  readonly at: number;
  readonly sent: number;
}

/** Shows how jobs come along, on stderr: one line that is rewritten on a terminal, a line every ten seconds elsewhere. */
export class ProgressLine {
  readonly #stderr: NodeJS.WriteStream;
  readonly #printer: Printer;
  readonly #samples = new Map<string, Sample[]>();
  #lastPlain = Number.NEGATIVE_INFINITY;
  #drawn = false;

  constructor(printer: Printer, stderr: NodeJS.WriteStream) {
    this.#printer = printer;
    this.#stderr = stderr;
  }

  /** Shows the state of things; with `--json` one event per job on stdout. */
  show(jobs: readonly Job[], now: number): void {
    if (this.#printer.format === 'json') {
      for (const job of jobs) this.#printer.event('progress', { job });
      return;
    }
    const active = jobs.filter(({ state }) => !SETTLED.has(state));
    const shown = active[0] ?? jobs.at(-1);
    if (shown === undefined) return;
    const text = `${this.#text(shown, now)}${active.length > 1 ? `  (and ${String(active.length - 1)} more)` : ''}`;
    if (this.#stderr.isTTY) {
      this.#stderr.write(`\r\u001b[K${cutText(text, Math.max(10, this.#stderr.columns - 1))}`);
      this.#drawn = true;
    } else if (now - this.#lastPlain >= PLAIN_EVERY_MS) {
      this.#lastPlain = now;
      this.#stderr.write(`${text}\n`);
    }
  }

  /** Takes the line away, so that what follows stands alone. */
  clear(): void {
    if (this.#drawn) this.#stderr.write('\r\u001b[K');
    this.#drawn = false;
  }

  #text(job: Job, now: number): string {
    const head = `${printable(job.source)} -> ${printable(job.destination)}  ${job.state}`;
    const rate = this.#rate(job, now);
    const left = job.progress === null ? 0 : job.progress.bytesTotal - job.progress.bytesDone;
    const speed = rate === null || job.phase !== 'pushing' ? '' : `  ${formatBytes(rate)}/s${rate > 0 ? `, ${formatSpan((left / rate) * 1000)} left` : ''}`;
    return `${head} ${detailOf(job, now)}${speed}`;
  }

  /** Bytes per second that travelled lately; null until it can be told. */
  #rate(job: Job, now: number): number | null {
    if (job.progress === null) return null;
    const samples = (this.#samples.get(job.id) ?? []).filter(({ at, sent }) => now - at <= RATE_WINDOW_MS && sent <= (job.progress?.bytesSent ?? 0));
    samples.push({ at: now, sent: job.progress.bytesSent });
    this.#samples.set(job.id, samples);
    const [first] = samples;
    if (first === undefined || now - first.at < 1000) return null;
    return ((job.progress.bytesSent - first.sent) * 1000) / (now - first.at);
  }
}

const SETTLED: ReadonlySet<Job['state']> = new Set(['VERIFIED', 'CLEANUP_ELIGIBLE', 'CLEANED', 'FAILED', 'CANCELLED']);
