import { NOTHING_CAPTURED } from './captured-output.ts';
import type { Command, CommandOutput, OutputCapture } from './command.ts';
import { Deadline } from './deadline.ts';
import type { ForcedEnd, Outcome, OutcomeBase } from './outcome.ts';
import { OutputCollector } from './output-collector.ts';
import { OutputPump } from './output-pump.ts';
import { feed, processInput } from './process-input.ts';
import { processOutput } from './process-output.ts';
import type { ProcessInput, ProcessOutput, RunningProcess } from './process-runner.ts';
import type { RawExit, RawProcess } from './raw-process.ts';
import { Termination } from './termination.ts';

const DEFAULT_DRAIN_MS = 2000;

interface Reader {
  readonly collector: OutputCollector;
  readonly pump: OutputPump;
}

/** Why the process is being ended by us. */
type Ending =
  | { readonly kind: 'timedOut'; readonly timeoutMs: number }
  | { readonly kind: 'cancelled'; readonly reason: unknown }
  | { readonly kind: 'failed'; readonly error: unknown };

/** Everything about a started process that does not depend on how it was started: outputs, input, time, abort, outcome. */
export class SupervisedProcess implements RunningProcess {
  readonly pid: number;
  readonly stdin: ProcessInput | null = null;
  readonly stdout: ProcessOutput | null;
  readonly stderr: ProcessOutput | null;
  readonly #raw: RawProcess;
  readonly #command: Command;
  readonly #startedAt: number;
  readonly #termination: Termination;
  readonly #readers: { readonly stdout: Reader | null; readonly stderr: Reader | null };
  readonly #result: Promise<Outcome>;
  #ending: Ending | null = null;
  #hasExited = false;
  #wasAskedFor = false;

  constructor(raw: RawProcess, command: Command, startedAt: number) {
    this.#raw = raw;
    this.pid = raw.pid;
    this.#command = command;
    this.#startedAt = startedAt;
    this.#termination = new Termination(raw, command);
    this.stdout = command.stdout === 'pipe' && raw.stdout !== null ? processOutput(raw.stdout) : null;
    this.stderr = command.stderr === 'pipe' && raw.stderr !== null ? processOutput(raw.stderr) : null;
    this.#readers = { stdout: this.#read('stdout'), stderr: this.#read('stderr') };
    this.stdin = this.#openInput();
    this.#result = this.#watch();
    // Whoever asks gets the rejection; without this a caller that is still reading would be torn down by it.
    this.#result.catch(() => undefined);
  }

  get outcome(): Promise<Outcome> {
    this.#wasAskedFor = true;
    return this.#result;
  }

  kill(signal: NodeJS.Signals): boolean {
    return this.#raw.kill(signal);
  }

  async end(reason: unknown = 'ended by the caller'): Promise<Outcome> {
    this.#endBecause({ kind: 'cancelled', reason });
    return this.outcome;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#endBecause({ kind: 'cancelled', reason: 'disposed' });
    this.#raw.stdout?.destroy();
    this.#raw.stderr?.destroy();
    try {
      await this.#result;
    } catch (error) {
      // Said once: here only where nobody asked for the outcome.
      if (!this.#wasAskedFor) throw error;
    }
  }

  #read(which: 'stdout' | 'stderr'): Reader | null {
    const stream = this.#raw[which];
    const capture = captureOf(this.#command[which]);
    if (stream === null || capture === null) return null;
    const collector = new OutputCollector(capture);
    const pump = new OutputPump(stream, collector);
    pump.done.catch((error: unknown) => {
      this.#endBecause({ kind: 'failed', error });
    });
    return { collector, pump };
  }

  #openInput(): ProcessInput | null {
    const { stdin: source = 'ignore' } = this.#command;
    if (this.#raw.stdin === null) return null;
    const input = processInput(this.#raw.stdin);
    if (typeof source === 'string') return input;
    if ('fd' in source) return null;
    feed(input, source).catch((error: unknown) => {
      this.#endBecause({ kind: 'failed', error });
    });
    return null;
  }

  async #watch(): Promise<Outcome> {
    const { timeoutMs, signal, drainMs = DEFAULT_DRAIN_MS } = this.#command;
    const onAbort = (): void => {
      this.#endBecause({ kind: 'cancelled', reason: signal?.reason });
    };
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort, { once: true });
    const deadline = timeoutMs === undefined ? null : new Deadline(timeoutMs, () => { this.#endBecause({ kind: 'timedOut', timeoutMs }); });
    try {
      const exit = await this.#raw.exited;
      deadline?.clear();
      this.#hasExited = true;
      this.#raw.stdin?.destroy();
      await this.#termination.settled();
      await this.#drain(drainMs);
      return this.#outcomeOf(exit);
    } finally {
      deadline?.clear();
      signal?.removeEventListener('abort', onAbort);
      this.#termination.release();
    }
  }

  /** The first reason counts. After the process has ended by itself there is nothing to end but the wait for its outputs. */
  #endBecause(ending: Ending): void {
    if (this.#hasExited) {
      if (ending.kind === 'failed') this.#ending ??= ending;
      for (const reader of this.#openReaders()) reader.pump.abandon();
      return;
    }
    if (this.#ending !== null) return;
    this.#ending = ending;
    this.#termination.begin();
  }

  async #drain(drainMs: number): Promise<void> {
    const readers = this.#openReaders();
    for (const { pump } of readers) pump.abandonWhenIdle(drainMs);
    // A failure of the caller's functions is in #ending by now and decides the outcome.
    await Promise.allSettled(readers.map((reader) => reader.pump.done));
  }

  #openReaders(): Reader[] {
    return [this.#readers.stdout, this.#readers.stderr].filter((reader) => reader !== null);
  }

  #outcomeOf(exit: RawExit): Outcome {
    const ending = this.#ending;
    const base = this.#base();
    const forced: ForcedEnd = { ...exit, escalated: this.#termination.escalated };
    switch (ending?.kind) {
      case 'failed':
        throw ending.error;
      case 'timedOut':
        return { ...base, ...forced, kind: 'timedOut', timeoutMs: ending.timeoutMs };
      case 'cancelled':
        return { ...base, ...forced, kind: 'cancelled', started: true, reason: ending.reason };
      case undefined:
        return exit.signal === null ? { ...base, kind: 'exited', exitCode: exit.exitCode ?? 0 } : { ...base, kind: 'signalled', signal: exit.signal };
    }
  }

  #base(): OutcomeBase {
    return {
      program: this.#command.program,
      stdout: this.#readers.stdout?.collector.captured() ?? NOTHING_CAPTURED,
      stderr: this.#readers.stderr?.collector.captured() ?? NOTHING_CAPTURED,
      pid: this.pid,
      durationMs: performance.now() - this.#startedAt,
    };
  }
}

function captureOf(output: CommandOutput = {}): OutputCapture | null {
  return typeof output === 'string' || 'fd' in output ? null : output;
}
