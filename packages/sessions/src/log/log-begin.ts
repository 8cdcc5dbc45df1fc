import { join } from 'node:path';

import { SessionConfigError } from '@longhaul/errors';

import type { RunDirectory } from '../run-directory.ts';
import { RUN_FILES } from '../run-files.ts';
import { runIdTime } from '../run-id.ts';
import { readRun } from '../run-reader.ts';
import type { LogOptions } from '../session-backend.ts';
import type { DroppedRange } from './dropped-range.ts';
import { readDropped } from './dropped-range.ts';
import { headOf } from './log-continuity.ts';
import type { LogFile } from './log-file.ts';
import { contentStart } from './log-frame.ts';
import { outputBefore } from './log-timing.ts';
import type { RunLogNotice } from './run-log-event.ts';

/** Where a reader begins. */
export interface LogBeginning {
  readonly at: number;
  /** How the log begins, to be recognized by. */
  readonly head: Buffer;
  /** What of the log is gone that this reader asked for. */
  readonly notices: readonly RunLogNotice[];
}

/** What {@link beginningOf} goes by. */
export interface BeginRequest {
  readonly run: RunDirectory;
  readonly options: Pick<LogOptions, 'lines' | 'since' | 'after'>;
  /** How far the log goes now. */
  readonly limit: number;
  /** Nothing more will come. */
  readonly isLast: boolean;
}

/**
 * Where reading begins; null while the log's own beginning is not written yet.
 *
 * @throws SessionConfigError for `since` where the log has no times
 */
export async function beginningOf(file: LogFile, request: BeginRequest): Promise<LogBeginning | null> {
  const { run, options, limit, isLast } = request;
  const head = await headOf(file);
  // A header that was cut off by a full disk has no output behind it.
  const start = contentStart(head) ?? (isLast ? head.length : null);
  if (start === null) return null;
  if (head[0] === 0 && hasHeader(run)) return withoutHead(file, { head, limit });
  const size = await file.size();
  const recorded = readDropped(run.path);
  // A log that ends before what was dropped of it was cut by somebody else since, and is begun anew.
  const dropped = recorded !== null && recorded.to <= size ? recorded : null;
  const offsets = [start, await sinceOffset(request, { start, dropped }), await linesOffset(file, request, { start, dropped })];
  const { after = 0 } = options;
  // Offsets grow for ever, so a log that is shorter was cut.
  if (after > size) return { at: Math.max(...offsets), head, notices: [{ kind: 'truncated', from: 0, to: null }] };
  const at = Math.max(...offsets, after);
  if (dropped === null || at >= dropped.to) return { at, head, notices: [] };
  return { at: dropped.to, head, notices: [{ kind: 'dropped', from: Math.max(at, dropped.from), to: dropped.to }] };
}

interface Frame {
  /** Where the output begins. */
  readonly start: number;
  readonly dropped: DroppedRange | null;
}

/** Where what is asked for is in part gone, reading begins before it: then the reader is told. */
async function linesOffset(file: LogFile, { options: { lines }, limit }: BeginRequest, { start, dropped }: Frame): Promise<number> {
  if (lines === undefined) return start;
  const from = Math.max(start, dropped?.to ?? 0);
  const last = await file.lastLines({ from, to: Math.max(from, limit), lines });
  return last.missing > 0 ? start : last.from;
}

async function sinceOffset({ run, options: { since } }: BeginRequest, { start, dropped }: Frame): Promise<number> {
  if (since === undefined) return start;
  const { start: record } = readRun(run).records;
  const startedAt = record === null ? runIdTime(run.runId) : new Date(record.startedAt);
  const before = await outputBefore({ path: join(run.path, RUN_FILES.timing), startedAt, dropped: dropped?.timing ?? null }, since);
  if (before !== null) return before.isDropped ? start : start + before.bytes;
  throw new SessionConfigError(`the log of session "${run.session}" has no times, so it cannot be shown since a moment`, {
    hint: 'script(1) of this system writes none; use --lines instead',
  });
}

/** Whether script(1) of util-linux wrote this log: then it begins with script's own line, never with a NUL of the job. */
function hasHeader(run: RunDirectory): boolean {
  const { spec } = readRun(run);
  return spec?.platform === 'linux' && spec.backend === 'tmux';
}

/** Somebody truncated the log, and script went on at its offset. */
async function withoutHead(file: LogFile, { head, limit }: { readonly head: Buffer; readonly limit: number }): Promise<LogBeginning> {
  const at = await file.firstWritten(0, limit);
  return { at, head, notices: [{ kind: 'truncated', from: 0, to: at }] };
}
