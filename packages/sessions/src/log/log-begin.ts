import { SessionConfigError } from '@longhaul/errors';

import type { RunDirectory } from '../run-directory.ts';
import { readDropped } from './dropped-range.ts';
import { headOf } from './log-continuity.ts';
import type { LogFile } from './log-file.ts';
import type { LogForm } from './log-form.ts';
import type { RunLogNotice } from './run-log-event.ts';
import type { RunLogOptions } from './run-log-options.ts';

/** Where a reader begins. */
export interface LogBeginning {
  readonly at: number;
  /** Where the log's output begins. */
  readonly start: number;
  /** How the log begins, to be recognized by. */
  readonly head: Buffer;
  /** What of the log is gone that this reader asked for. */
  readonly notices: readonly RunLogNotice[];
}

/** What {@link beginningOf} goes by. */
export interface BeginRequest {
  readonly run: RunDirectory;
  readonly form: LogForm;
  readonly options: Pick<RunLogOptions, 'lines' | 'since' | 'after' | 'stream'>;
  /** How far the log goes now. */
  readonly limit: number;
  /** Nothing more will come. */
  readonly isLast: boolean;
}

/**
 * Where reading begins; null while the log's own beginning is not written yet. Where what is asked for is in part gone, it begins
 * before that, so that the reader is told.
 *
 * @throws SessionConfigError for `since` where the log has no times, and for one of two streams where a terminal has merged them
 */
export async function beginningOf(file: LogFile, { run, form, options, limit, isLast }: BeginRequest): Promise<LogBeginning | null> {
  if (options.stream !== undefined && form.streams === 'merged') {
    throw new SessionConfigError(`the job of session "${run.session}" has a terminal, which makes one stream of stdout and stderr`, { hint: 'Leave out --stream. A container that is started without --tty keeps them apart' });
  }
  const head = await headOf(file);
  // A header that was cut off by a full disk has no output behind it.
  const start = form.start(head) ?? (isLast ? head.length : null);
  if (start === null) return null;
  if (head[0] === 0 && form.hasHead && readDropped(run.path) === null) return withoutHead(file, { head, limit });
  const size = await file.size();
  const recorded = readDropped(run.path);
  // A log that ends before what was dropped of it was cut by somebody else since, and is begun anew.
  const dropped = recorded !== null && recorded.to <= size ? recorded : null;
  const range = { run, start, limit, dropped };
  const { lines, since, after = 0, stream = null } = options;
  const offsets = [start];
  if (since !== undefined) offsets.push(await form.since(file, range, since));
  if (lines !== undefined) offsets.push(await form.lastLines(file, range, { lines, stream }));
  // Offsets grow for ever, so a log that is shorter was cut.
  if (after > size) return { at: Math.max(...offsets), start, head, notices: [{ kind: 'truncated', from: 0, to: null }] };
  const at = Math.max(...offsets, after);
  if (dropped === null || at >= dropped.to) return { at, start, head, notices: [] };
  return { at: dropped.to, start, head, notices: [{ kind: 'dropped', from: Math.max(at, dropped.from), to: dropped.to }] };
}

/** Somebody truncated the log, and script went on at its offset. */
async function withoutHead(file: LogFile, { head, limit }: { readonly head: Buffer; readonly limit: number }): Promise<LogBeginning> {
  const at = await file.firstWritten(0, limit);
  return { at, start: 0, head, notices: [{ kind: 'truncated', from: 0, to: at }] };
}
