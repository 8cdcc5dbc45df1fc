import { count } from '@longhaul/errors';
import type { Job } from '@longhaul/sync-queue';
import type { HashsumProgress } from '@longhaul/sync-transports';

import { detailOf, partText } from './job-text.ts';
import { LiveLines } from './live-lines.ts';
import { printable } from './printable.ts';
import type { Printer } from './printer.ts';
import { formatBytes, formatSpan } from './quantities.ts';
import { cutText, textWidth } from './text-width.ts';
import type { Estimate, TransferPosition } from './transfer-estimate.ts';
import { TransferEstimate } from './transfer-estimate.ts';

/** Off a terminal a line this often, not more: logs of CI are read by people too. Milliseconds. */
const PLAIN_EVERY_MS = 10_000;
/** So much of a source's name stays, however narrow the terminal is. */
const LEAST_SOURCE = 12;
const NOTHING_TOLD: Estimate = { bytesPerSecond: null, leftMs: null };

/**
 * Shows how jobs come along, on stderr: on a terminal a line for each that is not done, drawn again with every change, and one for all of them;
 * elsewhere one line every ten seconds. With `--json` an event on stdout for each job that has changed.
 */
export class ProgressLine {
  readonly #stderr: NodeJS.WriteStream;
  readonly #printer: Printer;
  readonly #lines: LiveLines;
  readonly #estimates = new Map<string, TransferEstimate>();
  readonly #all = new TransferEstimate();
  readonly #told = new Map<string, string>();
  #lastPlain = Number.NEGATIVE_INFINITY;

  constructor(printer: Printer, stderr: NodeJS.WriteStream) {
    this.#printer = printer;
    this.#stderr = stderr;
    this.#lines = new LiveLines(stderr);
  }

  /** Shows the state of things; `now` in milliseconds. */
  show(jobs: readonly Job[], now: number): void {
    const estimates = new Map(jobs.map((job) => [job.id, this.#estimate(job, now)]));
    if (this.#printer.format === 'json') {
      for (const job of jobs) this.#tell(job, estimates.get(job.id) ?? NOTHING_TOLD);
      return;
    }
    const open = jobs.filter(({ state }) => !SETTLED.has(state));
    const shown = open.length > 0 ? open : jobs.slice(-1);
    if (shown.length === 0) return;
    const sum = jobs.length > 1 ? sumText(jobs, this.#sumEstimate(jobs, now)) : null;
    if (this.#stderr.isTTY) this.#draw(shown.map((job) => jobLine(job, { now, estimate: estimates.get(job.id) ?? NOTHING_TOLD, width: this.#lines.width })), sum);
    else if (now - this.#lastPlain >= PLAIN_EVERY_MS) {
      this.#lastPlain = now;
      const [first] = shown;
      this.#stderr.write(`${sum ?? (first === undefined ? '' : jobLine(first, { now, estimate: estimates.get(first.id) ?? NOTHING_TOLD, width: Number.POSITIVE_INFINITY }))}\n`);
    }
  }

  /** Takes the lines away, so that what follows stands alone. */
  clear(): void {
    this.#lines.clear();
  }

  #draw(lines: readonly string[], sum: string | null): void {
    const room = this.#lines.room - (sum === null ? 0 : 1);
    const fitting = lines.length <= room ? lines : [...lines.slice(0, room - 1), `and ${String(lines.length - room + 1)} more`];
    this.#lines.draw([...fitting, ...(sum === null ? [] : [sum])].map((text) => cutText(text, this.#lines.width)));
  }

  #tell(job: Job, { bytesPerSecond, leftMs }: Estimate): void {
    const text = JSON.stringify(job);
    if (this.#told.get(job.id) === text) return;
    this.#told.set(job.id, text);
    this.#printer.event('progress', { job, bytesPerSecond: bytesPerSecond === null ? null : Math.round(bytesPerSecond), leftMs: leftMs === null ? null : Math.round(leftMs) });
  }

  #estimate(job: Job, now: number): Estimate {
    const position = positionOf(job);
    if (position === null) return NOTHING_TOLD;
    const key = `${job.id} ${job.phase ?? ''}`;
    const estimate = this.#estimates.get(key) ?? new TransferEstimate();
    this.#estimates.set(key, estimate);
    return estimate.add(position, now);
  }

  /** Only while something is pushed, and only where every total is known: half a sum would be a lie. */
  #sumEstimate(jobs: readonly Job[], now: number): Estimate {
    const sum = sumOf(jobs);
    return sum === null || jobs.every(({ phase }) => phase !== 'pushing') ? NOTHING_TOLD : this.#all.add(sum, now);
  }
}

/** What is hashed is read, every byte of it. */
function positionOf({ phase, progress, hashing }: Job): TransferPosition | null {
  if (hashing !== null) return { bytesDone: hashing.bytesDone, bytesTotal: hashing.bytesTotal, bytesSent: hashing.bytesDone };
  return phase === 'pushing' ? progress : null;
}

const SETTLED: ReadonlySet<Job['state']> = new Set(['VERIFIED', 'CLEANUP_ELIGIBLE', 'CLEANED', 'FAILED', 'CANCELLED']);

interface LineOptions {
  readonly now: number;
  readonly estimate: Estimate;
  readonly width: number;
}

/** What matters stands at the end of the line, so that it is the source's name that is cut where the terminal is narrow. */
function jobLine(job: Job, { now, estimate, width }: LineOptions): string {
  const rest = ` -> ${printable(job.destination)}  ${job.state} ${detailOf(job, now)}${speedText(estimate)}`;
  return `${tailOf(printable(job.source), Math.max(LEAST_SOURCE, width - textWidth(rest)))}${rest}`;
}

/** The end of a text, as much of it as fits. */
function tailOf(text: string, width: number): string {
  if (textWidth(text) <= width) return text;
  const chars = [...new Intl.Segmenter().segment(text)].map(({ segment }) => segment);
  while (chars.length > 1 && textWidth(chars.join('')) > width - 1) chars.shift();
  return `…${chars.join('')}`;
}

function speedText({ bytesPerSecond, leftMs }: Estimate): string {
  if (bytesPerSecond === null) return '';
  return `  ${formatBytes(bytesPerSecond)}/s${leftMs === null ? '' : `, ${formatSpan(wholeSeconds(leftMs))} left`}`;
}

/** Tenths of a second are no news about the future. */
function wholeSeconds(ms: number): number {
  return Math.ceil(ms / 1000) * 1000;
}

interface Sum {
  readonly bytesDone: number;
  readonly bytesTotal: number;
  readonly bytesSent: number;
  readonly filesDone: number;
  readonly filesTotal: number;
}

/** null while a total is not known: the source is not sealed yet. */
function sumOf(jobs: readonly Job[]): Sum | null {
  const sum = { bytesDone: 0, bytesTotal: 0, bytesSent: 0, filesDone: 0, filesTotal: 0 };
  for (const { state, progress, bytesTotal, filesTotal } of jobs) {
    if (state === 'CANCELLED' || state === 'FAILED') continue;
    if (bytesTotal === null || filesTotal === null) return null;
    const done = SETTLED.has(state) || state === 'AWAITING_VERIFY';
    sum.bytesTotal += bytesTotal;
    sum.filesTotal += filesTotal;
    sum.bytesDone += done ? bytesTotal : Math.min(progress?.bytesDone ?? 0, bytesTotal);
    sum.filesDone += done ? filesTotal : Math.min(progress?.filesDone ?? 0, filesTotal);
    sum.bytesSent += progress?.bytesSent ?? 0;
  }
  return sum;
}

function sumText(jobs: readonly Job[], estimate: Estimate): string {
  const done = jobs.filter(({ state }) => SETTLED.has(state)).length;
  const sum = sumOf(jobs);
  const head = [`${String(done)} of ${count(jobs.length, 'transfer')} done`, ...HASHED.flatMap((phase) => hashingText(jobs, phase))].join(', ');
  return sum === null ? head : `${head}: ${partText(sum)}${speedText(estimate)}`;
}

const HASHED = ['sealing', 'verifying'] as const;

/** How far those are that are hashed, here or there. */
function hashingText(jobs: readonly Job[], phase: (typeof HASHED)[number]): readonly string[] {
  const all = jobs.flatMap(({ hashing }) => (hashing?.phase === phase ? [hashing] : []));
  const sum = (key: keyof HashsumProgress): number => all.reduce((total, hashing) => total + hashing[key], 0);
  return all.length === 0 ? [] : [`${phase} ${partText({ filesDone: sum('filesDone'), filesTotal: sum('filesTotal'), bytesDone: sum('bytesDone'), bytesTotal: sum('bytesTotal') })}`];
}
