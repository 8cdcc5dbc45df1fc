import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';

import { isErrno } from '../errno.ts';

/** script begins before its job; on a machine under load, by so much. */
const BEGINNING_MS = 10_000;

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
}

/**
 * How many bytes of output came before `since`; null where there is no timing file.
 *
 * script counts on a clock that stands still while the machine is suspended, so the pieces are dated back from the last
 * write of the timing file, which is made with the last piece: what was printed before a suspension is dated too late, and
 * too much is shown rather than too little.
 */
export async function bytesBefore({ path, startedAt }: TimedLog, since: Date): Promise<number | null> {
  let lastWrite: number;
  try {
    lastWrite = (await stat(path)).mtimeMs;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
  if (since <= startedAt) return 0;
  // A copy of the file may have any time: no piece is older than the job, less what script and its shell need to begin.
  const zero = Math.max(startedAt.getTime() - BEGINNING_MS, lastWrite - (await totalMs(path)));
  let elapsed = 0;
  let bytes = 0;
  for await (const lines of linesOf(path)) {
    for (const line of lines) {
      const entry = parseTimingLine(line);
      elapsed += (entry?.seconds ?? 0) * 1000;
      if (entry !== null && zero + elapsed >= since.getTime()) return bytes;
      bytes += entry?.bytes ?? 0;
    }
  }
  return bytes;
}

async function totalMs(path: string): Promise<number> {
  let seconds = 0;
  for await (const lines of linesOf(path)) for (const line of lines) seconds += parseTimingLine(line)?.seconds ?? 0;
  return seconds * 1000;
}

/** Many lines at a time: a turn of the event loop for each of a million would cost seconds. A last line without its end is left out. */
async function* linesOf(path: string): AsyncGenerator<readonly string[]> {
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'latin1' }) as AsyncIterable<string>) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    yield lines;
  }
}
