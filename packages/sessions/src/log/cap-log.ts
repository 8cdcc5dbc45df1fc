import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { RunDirectory } from '../run-directory.ts';
import { RUN_FILES } from '../run-files.ts';
import { diskBytes } from './disk-bytes.ts';
import type { DroppedRange, DroppedRecord } from './dropped-range.ts';
import { readDropped, recordDropped } from './dropped-range.ts';
import { headOf } from './log-continuity.ts';
import { LogFile } from './log-file.ts';
import type { LogForm } from './log-form.ts';
import { formOf } from './log-form.ts';
import type { HolePuncher } from './punch-hole.ts';
import { canPunch, punchHole } from './punch-hole.ts';

/** What is left of the limit after the head was dropped: or each new line would be dropped for by itself. */
const KEPT_SHARE = 0.75;

/** In the run's folder: this log cannot be capped, and somebody was told. Holds the reason. */
const UNCAPPED = 'uncapped';

/** How large a log may become. */
export interface LogCap {
  /** Bytes on disk, of the log and the times beside it. */
  readonly maxBytes: number;
  readonly punch?: HolePuncher;
}

/** What came of a look at a log. */
export type CapOutcome =
  | { readonly kind: 'within' }
  /** Its older output, from `from` to `to`, is gone. */
  | { readonly kind: 'capped'; readonly from: number; readonly to: number }
  /** Somebody else does it at this moment. */
  | { readonly kind: 'busy' }
  /** The file system cannot make holes: the log stays whole. `told`: it was said before. */
  | { readonly kind: 'impossible'; readonly reason: string; readonly told: 'before' | 'now' };

/**
 * Drops the head of a log that takes more than it may (design §4.6). Its file is punched, never renamed or rewritten: whoever
 * writes it goes on, offsets stay valid, and no line that is kept moves. What is dropped is recorded first, so that no reader
 * takes a hole for output. Of several at once, one does it.
 */
export async function capLog(run: RunDirectory, { maxBytes, punch = punchHole }: LogCap): Promise<CapOutcome> {
  const form = formOf(run);
  const [log, timing] = [join(run.path, form.file), join(run.path, RUN_FILES.timing)];
  const onDisk = { log: bytesOf(log), timing: bytesOf(timing) };
  if (onDisk.log + onDisk.timing <= maxBytes) return { kind: 'within' };
  if (existsSync(join(run.path, UNCAPPED))) return { kind: 'impossible', reason: 'its file system cannot make holes', told: 'before' };
  const possible = await canPunch(log, punch);
  if (possible.kind === 'impossible') return sayImpossible(run, possible.reason);
  const before = readDropped(run.path);
  const range = await chooseRange(log, { run, form, before, keep: maxBytes * KEPT_SHARE * (onDisk.log / (onDisk.log + onDisk.timing)) });
  if (range === null) return { kind: 'within' };
  // What is recorded and still there was left by a crash before the hole.
  if (before === null || range.to > before.to) if (recordDropped(run.path, range, before) === 'taken') return { kind: 'busy' };
  await punch({ path: log, from: range.from, to: range.to });
  if (range.timing !== null && range.timing.to > 0) await punch({ path: timing, from: 0, to: range.timing.to });
  return { kind: 'capped', from: range.from, to: range.to };
}

interface RangeRequest {
  readonly run: RunDirectory;
  readonly form: LogForm;
  readonly before: DroppedRecord | null;
  /** Bytes of the log that stay. */
  readonly keep: number;
}

/** What is to go; at least what went before. */
async function chooseRange(log: string, { run, form, before, keep }: RangeRequest): Promise<DroppedRange | null> {
  await using file = await LogFile.open(log);
  const size = (await file?.size()) ?? 0;
  if (file === null || (before !== null && before.to > size)) return null;
  const from = before?.from ?? form.start(await headOf(file));
  if (from === null) return null;
  const target = size - Math.ceil(keep);
  if (target <= (before?.to ?? from)) return before;
  const to = await lineStartAfter(file, target);
  return { from, to, ...(await form.sums(file, { run, from, to, before })) };
}

/** Where the next line begins; where lines are very long, in the middle of one. */
async function lineStartAfter(file: LogFile, offset: number): Promise<number> {
  const block = await file.slice(offset, offset + 64 * 1024);
  const end = block.subarray(0, -1).indexOf(0x0a);
  return end === -1 ? offset : offset + end + 1;
}

function sayImpossible(run: RunDirectory, reason: string): CapOutcome {
  writeFileSync(join(run.path, UNCAPPED), `${reason}\n`, { mode: 0o600 });
  return { kind: 'impossible', reason, told: 'now' };
}

function bytesOf(path: string): number {
  const found = statSync(path, { throwIfNoEntry: false });
  return found === undefined ? 0 : diskBytes(found);
}
