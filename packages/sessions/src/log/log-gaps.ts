import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { isErrno } from '../errno.ts';
import type { RunLogNotice } from './run-log-event.ts';

/** In a run's folder: where its log may lack output, by whoever writes or copies the log; one line of JSON each, append only. */
export const GAPS_FILE = 'gaps';

/** A place of a log where output may be missing. */
export interface LogGap {
  /** What stands in the log from this offset on was printed later; null where nothing comes after. */
  readonly at: number | null;
  readonly notice: Extract<RunLogNotice, { readonly kind: 'gap' }>;
}

/** Why, by the words of the file. One that is not here is of a newer version, and told as it is. */
const REASONS: Readonly<Record<string, string>> = {
  'engine-away': 'the engine was away, and may have taken along what it had not written yet',
  'engine-away-at-end': 'the engine was away when the job ended, and keeps nothing of what was printed meanwhile',
  'container-gone': 'its container was removed before all of its output was copied',
  'log-writer-killed': 'what writes the log was killed',
};

/**
 * What the file tells, in its order; nothing where there is none. A line that cannot be read is a gap too: rather one too many than one that nobody is told
 * of. `growing`: to be read again, so that what is just being written is left for then.
 */
export function readGaps(runPath: string, file: 'whole' | 'growing' = 'whole'): readonly LogGap[] {
  let text: string;
  try {
    text = readFileSync(join(runPath, GAPS_FILE), 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
  if (file === 'growing') text = text.slice(0, text.lastIndexOf('\n') + 1);
  // A full disk let it be made, and no more.
  if (text === '' && file === 'whole') return [parseGap('')];
  return text.split('\n').filter((line) => line !== '').map(parseGap);
}

function parseGap(line: string): LogGap {
  const { at, from, to, why } = fieldsOf(line);
  const reason = typeof why === 'string' ? (REASONS[why] ?? why) : 'the record of it cannot be read';
  return { at: typeof at === 'number' ? at : null, notice: { kind: 'gap', from: momentOr(from), to: momentOr(to), reason } };
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> {
  try {
    const raw: unknown = JSON.parse(line);
    return typeof raw === 'object' && raw !== null ? { ...raw } : {};
  } catch {
    // Torn: said as a gap of which nothing is known.
    return {};
  }
}

function momentOr(value: unknown): string | null {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value)) ? value : null;
}
