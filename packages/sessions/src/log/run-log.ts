import { join } from 'node:path';

import { SessionConfigError } from '@longhaul/errors';

import type { RunDirectory } from '../run-directory.ts';
import { RUN_FILES } from '../run-files.ts';
import { runIdTime } from '../run-id.ts';
import { readRun } from '../run-reader.ts';
import type { LogChunk, LogOptions } from '../session-backend.ts';
import type { World } from '../world.ts';
import { systemWorld } from '../world.ts';
import { ChangeSignal } from './change-signal.ts';
import { LogFile } from './log-file.ts';
import { contentStart, FOOTER_WINDOW, footerLength, HEADER_WINDOW, heldBack } from './log-frame.ts';
import { bytesBefore } from './log-timing.ts';
import type { EndState } from './run-end-watch.ts';
import { RunEndWatch } from './run-end-watch.ts';

const FIRST_POLL_MS = 250;
const LAST_POLL_MS = 1000;
/** A log whose launcher is gone is complete when nothing was added for so long. */
const QUIET_MS = 1000;

/** What following needs from outside. */
export interface RunLogPorts {
  readonly world?: () => World;
}

/**
 * The log of a run as its job printed it, byte for byte, without the first and last line that script(1) adds. `follow`
 * goes on until exit.json is there and the file was read to its end; an aborted signal ends it without an error.
 *
 * `endOffset` is an offset in the file; `after` takes it up again.
 *
 * @throws SessionConfigError for `since` where the log has no times (BSD, macOS)
 */
export async function* readRunLog(run: RunDirectory, options: LogOptions = {}, { world = systemWorld }: RunLogPorts = {}): AsyncGenerator<LogChunk> {
  const { signal, follow = false } = options;
  using changes = new ChangeSignal(run.path);
  const reader = new RunLogReader(run, { options, end: new RunEndWatch(run, world) });
  await using _closing = reader;
  for (let pause = FIRST_POLL_MS; signal?.aborted !== true; ) {
    const look = await reader.look();
    for await (const chunk of reader.read(look)) {
      yield chunk;
      pause = FIRST_POLL_MS;
      if (isAborted(signal)) return;
    }
    if (!follow || look.isLast) return;
    await changes.next(pause, signal);
    pause = Math.min(pause * 2, LAST_POLL_MS);
  }
}

interface Look {
  /** Offset up to which everything may be shown; null while there is nothing. */
  readonly limit: number | null;
  /** Nothing more will come. */
  readonly isLast: boolean;
}

class RunLogReader implements AsyncDisposable {
  readonly #run: RunDirectory;
  readonly #options: LogOptions;
  readonly #end: RunEndWatch;
  #file: LogFile | null = null;
  #at: number | null = null;
  #lastSize: number = -1;
  #quietSince: number = performance.now();

  constructor(run: RunDirectory, { options, end }: { readonly options: LogOptions; readonly end: RunEndWatch }) {
    this.#run = run;
    this.#options = options;
    this.#end = end;
  }

  /** How far the log goes. The end of the run is looked for first: what was written before it is in the file by then. */
  async look(): Promise<Look> {
    const end = this.#end.state();
    this.#file ??= await LogFile.open(join(this.#run.path, RUN_FILES.log));
    const size = (await this.#file?.size()) ?? 0;
    const isLast = end === 'complete' || (end === 'abandoned' && this.#isQuiet(size));
    if (this.#file === null || size === 0) return { limit: null, isLast };
    // script was started a second time, and its log with it.
    if (this.#at !== null && size < this.#at) this.#at = null;
    const tail = await this.#file.slice(Math.max(0, size - FOOTER_WINDOW), size);
    return { limit: size - (isFinal(end, isLast) ? footerLength(tail) : heldBack(tail, size)), isLast };
  }

  async *read({ limit, isLast }: Look): AsyncGenerator<LogChunk> {
    if (this.#file === null || limit === null) return;
    this.#at ??= await this.#begin(this.#file, { limit, isLast });
    if (this.#at === null) return;
    for await (const bytes of this.#file.blocks(this.#at, limit)) {
      this.#at += bytes.length;
      yield { bytes, stream: 'terminal', endOffset: this.#at };
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file?.[Symbol.asyncDispose]();
    this.#file = null;
  }

  /** Where reading begins; null while the log's own beginning is not written yet. */
  async #begin(file: LogFile, { limit, isLast }: { readonly limit: number; readonly isLast: boolean }): Promise<number | null> {
    const head = await file.slice(0, HEADER_WINDOW);
    // A header that was cut off by a full disk has no output behind it.
    const start = contentStart(head) ?? (isLast ? head.length : null);
    if (start === null) return null;
    const { lines, since, after = 0 } = this.#options;
    const offsets = [start, after];
    if (since !== undefined) offsets.push(start + (await this.#bytesBefore(since)));
    if (lines !== undefined) offsets.push(await file.lastLines({ from: start, to: Math.max(start, limit), lines }));
    return Math.max(...offsets);
  }

  async #bytesBefore(since: Date): Promise<number> {
    const { start } = readRun(this.#run).records;
    const startedAt = start === null ? runIdTime(this.#run.runId) : new Date(start.startedAt);
    const bytes = await bytesBefore({ path: join(this.#run.path, RUN_FILES.timing), startedAt }, since);
    if (bytes !== null) return bytes;
    throw new SessionConfigError(`the log of session "${this.#run.session}" has no times, so it cannot be shown since a moment`, {
      hint: 'script(1) of this system writes none; use --lines instead',
    });
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

/** Without `follow` nobody looks again: an abandoned log is taken as it is. */
function isFinal(end: EndState, isLast: boolean): boolean {
  return isLast || end !== 'going on';
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
