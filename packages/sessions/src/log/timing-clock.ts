import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { readRun } from '../run-reader.ts';
import type { RunDirectory } from '../run-directory.ts';
import { RUN_FILES } from '../run-files.ts';
import { runIdTime } from '../run-id.ts';
import type { DroppedTiming } from './dropped-range.ts';
import { readDropped } from './dropped-range.ts';
import { LogFile } from './log-file.ts';
import { BEGINNING_MS, parseTimingLine, totalMs } from './log-timing.ts';

/** A stretch of output that was written at one moment. Offsets count the output, what was dropped of it too. */
export interface TimedStretch {
  readonly end: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const NEWLINE = 0x0a;
const NOTHING: DroppedTiming = { to: 0, bytes: 0, ms: 0 };

/**
 * When each piece of the output of a run was printed, by script's timing file; reads it once, forwards, as far as it is needed. Pieces are dated back
 * from the last write of the file, as `since` does it: what was printed before a suspension of the machine is dated too late.
 */
export class TimingClock {
  readonly #run: RunDirectory;
  readonly #path: string;
  /** What is behind: an offset of the timing file, and the sums up to there. */
  #read: DroppedTiming = NOTHING;
  readonly #ahead: { readonly end: number; readonly ms: number }[] = [];
  #zero: number | null = null;

  constructor(run: RunDirectory) {
    this.#run = run;
    this.#path = join(run.path, RUN_FILES.timing);
  }

  /** The stretches of output from one offset to another; null where there is no timing file. What it does not tell of yet was printed just now. */
  async stretches(from: number, to: number): Promise<readonly TimedStretch[] | null> {
    await using file = await LogFile.open(this.#path);
    if (file === null) return null;
    this.#zero ??= await this.#zeroOf(null);
    this.#leapOver(from);
    while ((this.#ahead.at(-1)?.end ?? 0) < to && (await this.#readOn(file)));
    const found: TimedStretch[] = [];
    for (let first = this.#ahead[0]; first !== undefined; first = this.#ahead[0]) {
      if (first.end > from) found.push({ end: Math.min(first.end, to), at: this.#zero + first.ms });
      if (first.end > to) break;
      this.#ahead.shift();
    }
    if ((found.at(-1)?.end ?? from) < to) found.push({ end: to, at: Date.now() });
    return found;
  }

  /** The head of a long log goes, and that of its timing with it. */
  #leapOver(from: number): void {
    const dropped = readDropped(this.#run.path)?.timing ?? null;
    if (dropped === null || dropped.to <= this.#read.to || dropped.bytes > from) return;
    this.#read = dropped;
    this.#ahead.length = 0;
  }

  /** Another block of it; false at its end. */
  async #readOn(file: LogFile): Promise<boolean> {
    const block = await file.block(this.#read.to, Infinity);
    const whole = block.lastIndexOf(NEWLINE) + 1;
    let { bytes, ms } = this.#read;
    for (const line of block.toString('latin1', 0, Math.max(0, whole - 1)).split('\n')) {
      const entry = whole === 0 ? null : parseTimingLine(line);
      bytes += entry?.bytes ?? 0;
      ms += (entry?.seconds ?? 0) * 1000;
      if (entry !== null && entry.bytes > 0) this.#ahead.push({ end: bytes, ms });
    }
    this.#read = { to: this.#read.to + whole, bytes, ms };
    // At the end the sum is known: a machine that was suspended meanwhile is told by it.
    if (whole === 0) this.#zero = await this.#zeroOf(ms);
    return whole > 0;
  }

  /** When script began, as it would be on a clock that stands still with the machine. @param total of all times, where it is known */
  async #zeroOf(total: number | null): Promise<number> {
    const { start } = readRun(this.#run).records;
    const startedAt = start === null ? runIdTime(this.#run.runId) : new Date(start.startedAt);
    const sum = total ?? (await totalMs(this.#path, readDropped(this.#run.path)?.timing ?? NOTHING));
    const { mtimeMs } = await stat(this.#path);
    return Math.max(startedAt.getTime() - BEGINNING_MS, mtimeMs - sum);
  }
}
