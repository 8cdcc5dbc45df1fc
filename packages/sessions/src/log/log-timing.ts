import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

import { isErrno } from '../errno.ts';
import type { DroppedTiming } from './dropped-range.ts';

/** script begins before its job; on a machine under load, by so much. */
export const BEGINNING_MS = 10_000;

/** One piece of output: how long after the piece before it, and its length. */
export interface TimingEntry {
  readonly seconds: number;
  readonly bytes: number;
}

/**
 * One line of script's timing file: `0.193681 3` (classic) or `O 0.193681 3` (advanced). Of the advanced form only output
 * has bytes; the times of all its lines add up. Null for a line that is neither, the last one of a killed script say.
 */
export function parseTimingLine(line: string): TimingEntry | null {
  const match = /^(?:([A-Z]) )?(\d+(?:\.\d+)?)(?: (\d+))?/.exec(line);
  if (match === null) return null;
  const [, kind = 'O', seconds, bytes] = match;
  if (kind === 'O' && bytes === undefined) return null;
  return { seconds: Number(seconds), bytes: kind === 'O' ? Number(bytes) : 0 };
}

/** What must be known to date the pieces of a log. */
export interface TimedLog {
  /** Path of the timing file. */
  readonly path: string;
  /** When the job began; script began a few milliseconds before. */
  readonly startedAt: Date;
  /** The head of the timing file that was dropped with that of the log. */
  readonly dropped?: DroppedTiming | null;
}

/** What came before a moment. */
export interface Before {
  /** Bytes of output since its beginning, those that were dropped too. */
  readonly bytes: number;
  /** The moment lies in the part whose times were dropped: where exactly, nobody knows any more. */
  readonly isDropped: boolean;
}

const NOTHING_DROPPED: DroppedTiming = { to: 0, bytes: 0, ms: 0 };

/**
 * How much output came before `since`; null where there is no timing file.
 *
 * script counts on a clock that stands still while the machine is suspended, so the pieces are dated back from the last
 * write of the timing file, which is made with the last piece: what was printed before a suspension is dated too late, and
 * too much is shown rather than too little.
 */
export async function outputBefore({ path, startedAt, dropped }: TimedLog, since: Date): Promise<Before | null> {
  const base = dropped ?? NOTHING_DROPPED;
  const lastWrite = await lastWriteOf(path);
  if (lastWrite === null) return null;
  if (since <= startedAt) return { bytes: 0, isDropped: base.to > 0 };
  // A copy of the file may have any time: no piece is older than the job, less what script and its shell need to begin.
  const zero = Math.max(startedAt.getTime() - BEGINNING_MS, lastWrite - (await totalMs(path, base)));
  if (base.to > 0 && zero + base.ms >= since.getTime()) return { bytes: base.bytes, isDropped: true };
  let elapsed = base.ms;
  let bytes = base.bytes;
  for await (const lines of linesOf(path, base.to)) {
    for (const line of lines) {
      const entry = parseTimingLine(line);
      elapsed += (entry?.seconds ?? 0) * 1000;
      if (entry !== null && zero + elapsed >= since.getTime()) return { bytes, isDropped: false };
      bytes += entry?.bytes ?? 0;
    }
  }
  return { bytes, isDropped: false };
}

/** How much of a timing file belongs to the first `outputBytes` of the output, counted on from an earlier count; null where there is no such file. */
export async function timingOf(path: string, outputBytes: number, before: DroppedTiming | null): Promise<DroppedTiming | null> {
  if ((await lastWriteOf(path)) === null) return null;
  let { to, bytes, ms } = before ?? NOTHING_DROPPED;
  for await (const lines of linesOf(path, to)) {
    for (const line of lines) {
      const entry = parseTimingLine(line);
      if (bytes + (entry?.bytes ?? 0) > outputBytes) return { to, bytes, ms };
      to += line.length + 1;
      bytes += entry?.bytes ?? 0;
      ms += (entry?.seconds ?? 0) * 1000;
    }
  }
  return { to, bytes, ms };
}

async function lastWriteOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).mtimeMs;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
}

/** The times of a timing file, summed up. @param base what was dropped of it */
export async function totalMs(path: string, base: DroppedTiming): Promise<number> {
  let seconds = 0;
  for await (const lines of linesOf(path, base.to)) for (const line of lines) seconds += parseTimingLine(line)?.seconds ?? 0;
  return base.ms + seconds * 1000;
}

/** Many lines at a time: a turn of the event loop for each of a million would cost seconds. A last line without its end is left out. */
async function* linesOf(path: string, start: number): AsyncGenerator<readonly string[]> {
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'latin1', start }) as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield lines;
  }
}
