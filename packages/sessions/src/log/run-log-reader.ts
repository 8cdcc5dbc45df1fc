import { join } from 'node:path';

import type { RunDirectory } from '../run-directory.ts';
import type { LogChunk } from '../session-backend.ts';
import type { DroppedRange } from './dropped-range.ts';
import { readDropped } from './dropped-range.ts';
import { beginningOf } from './log-begin.ts';
import { headOf, LogContinuity } from './log-continuity.ts';
import { LogFile } from './log-file.ts';
import type { LogForm, TimedChunks } from './log-form.ts';
import { formOf } from './log-form.ts';
import type { EndState, RunEndWatch } from './run-end-watch.ts';
import type { RunLogEvent } from './run-log-event.ts';
import type { RunLogOptions } from './run-log-options.ts';

/** A log whose launcher is gone is complete when nothing was added for so long. */
const QUIET_MS = 1000;

/** How far a log goes at one moment. */
export interface Look {
  /** Offset up to which everything may be shown; null while there is nothing. */
  readonly limit: number | null;
  /** Another file has taken the log's place: it is looked at next. */
  readonly isReplaced: boolean;
  /** Nothing more will come. */
  readonly isLast: boolean;
}

/** Reads the log of one run, a look at a time. */
export class RunLogReader implements AsyncDisposable {
  readonly #run: RunDirectory;
  readonly #options: RunLogOptions;
  readonly #end: RunEndWatch;
  #form: LogForm | null = null;
  #timed: TimedChunks | null = null;
  #continuity: LogContinuity;
  #file: LogFile | null = null;
  /** Where reading goes on; null until it has begun. */
  #at: number | null = null;
  #start: number = 0;
  #hasBegun: boolean = false;
  /** The log was cut: what reads as zeros here is a hole that script(1) left. */
  #isBehindCut: boolean = false;
  #isMovedSaid: boolean = false;
  #lastSize: number = -1;
  #quietSince: number = performance.now();

  constructor(run: RunDirectory, { options, end }: { readonly options: RunLogOptions; readonly end: RunEndWatch }) {
    this.#run = run;
    this.#options = options;
    this.#end = end;
    this.#continuity = new LogContinuity(run.path);
  }

  /** How far the log goes. The end of the run is looked for first: what was written before it is in the file by then. */
  async look(): Promise<Look> {
    const end = this.#end.state();
    this.#file ??= await LogFile.open(join(this.#run.path, this.#formOf().file));
    // Before the size: what was written to this file until it was replaced is shown.
    const successor = (await this.#file?.successor()) ?? 'same';
    const isReplaced = typeof successor === 'object' && successor.size > 0;
    const size = (await this.#file?.size()) ?? 0;
    const isLast = !isReplaced && (end === 'complete' || (end === 'abandoned' && this.#isQuiet(size)));
    if (this.#file === null || size === 0) return { limit: null, isReplaced, isLast };
    return { limit: await this.#formOf().limit(this.#file, { size, isFinal: isFinal(end, isLast) }), isReplaced, isLast };
  }

  /** Everything up to there that was not read before. */
  async *read(look: Look): AsyncGenerator<RunLogEvent> {
    yield* this.#readOn(look);
    if (look.isReplaced) yield* this.#takeSuccessor();
    else yield* this.#sayMoved();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.[Symbol.asyncDispose]();
    this.#file = null;
  }

  async *#readOn(look: Look): AsyncGenerator<RunLogEvent> {
    const file = this.#file;
    if (file === null) return;
    if (this.#at !== null) yield* this.#goOnAt(await this.#continuity.cut(file, this.#at), file);
    if (look.limit === null) return;
    if (this.#at === null) yield* this.#begin(file, { limit: look.limit, isLast: look.isLast || look.isReplaced });
    while (this.#at !== null && this.#at < look.limit) {
      if (this.#isBehindCut) await this.#skipHole(file, { from: this.#at, to: look.limit });
      const block = await file.block(this.#at, look.limit);
      // Where bytes are missing there are zeros, which a job may print too; or there is nothing any more.
      const gap = block.length === 0 || block.includes(0) ? await this.#gapAt(file, this.#at) : null;
      if (gap !== null) yield* typeof gap === 'object' ? this.#drop(this.#at, gap.to) : this.#goOnAt(gap, file);
      else if (block.length === 0) return;
      else yield* this.#pass(await this.#chunksOf(block, this.#at), block, this.#at);
    }
  }

  async *#begin(file: LogFile, { limit, isLast }: { readonly limit: number; readonly isLast: boolean }): AsyncGenerator<RunLogEvent> {
    // Asked for once: what has taken the log's place since is shown from its beginning.
    const options = this.#hasBegun ? {} : this.#options;
    const beginning = await beginningOf(file, { run: this.#run, form: this.#formOf(), options, limit, isLast });
    if (beginning === null) return;
    this.#hasBegun = true;
    this.#at = beginning.at;
    this.#start = beginning.start;
    this.#continuity.setHead(beginning.head);
    yield* beginning.notices;
  }

  /** What is missing at this offset, if anything is: a range that was dropped; or where to go on, where somebody else has cut the log. */
  async #gapAt(file: LogFile, at: number): Promise<DroppedRange | number | null> {
    const dropped = readDropped(this.#run.path);
    return dropped !== null && at < dropped.to ? dropped : this.#continuity.cut(file, at);
  }

  async #chunksOf(block: Buffer, from: number): Promise<readonly LogChunk[]> {
    if (this.#options.times === undefined) return this.#formOf().chunks(block, from);
    this.#timed ??= this.#formOf().timed(this.#run);
    return this.#timed(block, { from, start: this.#start });
  }

  *#pass(chunks: readonly LogChunk[], block: Buffer, from: number): Generator<RunLogEvent> {
    const end = chunks.at(-1)?.endOffset ?? from + block.length;
    this.#continuity.setMark(block.subarray(0, end - from), end);
    for (const chunk of chunks) {
      this.#at = chunk.endOffset;
      if (isWanted(chunk, this.#options)) yield { kind: 'output', chunk };
    }
    this.#at = end;
  }

  *#drop(from: number, to: number): Generator<RunLogEvent> {
    this.#at = to;
    yield { kind: 'dropped', from, to };
  }

  async *#goOnAt(cut: number | null, file: LogFile): AsyncGenerator<RunLogEvent> {
    const from = this.#at;
    if (cut === null || from === null) return;
    this.#isBehindCut = true;
    this.#at = Math.max(cut, this.#formOf().start(await headOf(file)) ?? 0);
    yield { kind: 'truncated', from, to: null };
  }

  /** script(1) goes on where it was before somebody cut the log: what it left out reads as zeros. */
  async #skipHole(file: LogFile, { from, to }: { readonly from: number; readonly to: number }): Promise<void> {
    const at = await file.firstWritten(from, to);
    this.#at = at;
    if (at === to) return;
    this.#isBehindCut = false;
    this.#continuity.setHead(await headOf(file));
  }

  async *#takeSuccessor(): AsyncGenerator<RunLogEvent> {
    const isKnown = this.#at !== null && this.#at > this.#start;
    await this[Symbol.asyncDispose]();
    this.#at = null;
    this.#continuity = new LogContinuity(this.#run.path);
    // A script that could not begin leaves a log without output to the second one (the launcher's finish.sh).
    if (isKnown) yield { kind: 'replaced' };
  }

  async *#sayMoved(): AsyncGenerator<RunLogEvent> {
    if (this.#isMovedSaid || this.#file === null || this.#end.state() !== 'going on' || (await this.#file.successor()) === 'same') return;
    this.#isMovedSaid = true;
    yield { kind: 'moved' };
  }

  /** Asked again until there is a log: before that the run may not even be prepared. */
  #formOf(): LogForm {
    if (this.#form === null || this.#file === null) this.#form = formOf(this.#run);
    return this.#form;
  }

  #isQuiet(size: number): boolean {
    const now = performance.now();
    if (size !== this.#lastSize) {
      this.#lastSize = size;
      this.#quietSince = now;
    }
    return now - this.#quietSince >= QUIET_MS;
  }
}

function isWanted({ bytes, stream }: LogChunk, { stream: wanted }: RunLogOptions): boolean {
  return bytes.length > 0 && (wanted === undefined || stream === wanted);
}

/** Without `follow` nobody looks again: an abandoned log is taken as it is. */
function isFinal(end: EndState, isLast: boolean): boolean {
  return isLast || end !== 'going on';
}
