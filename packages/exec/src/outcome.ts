import { redact } from '@longhaul/errors';

import type { CapturedOutput } from './captured-output.ts';

/** What every outcome carries. */
export interface OutcomeBase {
  readonly program: string;
  /** Empty where the output was not captured. */
  readonly stdout: CapturedOutput;
  /** Empty where the output was not captured. */
  readonly stderr: CapturedOutput;
  /** Null where nothing was started. */
  readonly pid: number | null;
  /** Milliseconds from the call to the end. */
  readonly durationMs: number;
}

/** How a process that was ended by us came to its end. */
export interface ForcedEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** True where `killSignal` did not do within `killGraceMs` and SIGKILL had to. */
  readonly escalated: boolean;
}

export interface Exited extends OutcomeBase {
  readonly kind: 'exited';
  readonly exitCode: number;
}

/** Ended by a signal that was not ours, or by one sent with {@link RunningProcess.kill}. */
export interface Signalled extends OutcomeBase {
  readonly kind: 'signalled';
  readonly signal: NodeJS.Signals;
}

export interface TimedOut extends OutcomeBase, ForcedEnd {
  readonly kind: 'timedOut';
  readonly timeoutMs: number;
}

export interface Cancelled extends OutcomeBase, ForcedEnd {
  readonly kind: 'cancelled';
  /** False where the signal was aborted before anything was started. */
  readonly started: boolean;
  /** The reason of the AbortSignal, or a text where the process was disposed of. */
  readonly reason: unknown;
}

/** The program is not on PATH, or there is no such file. */
export interface NotFound extends OutcomeBase {
  readonly kind: 'notFound';
}

/** The program could not be started for another reason: EACCES, E2BIG, a missing working directory … */
export interface SpawnFailed extends OutcomeBase {
  readonly kind: 'spawnFailed';
  readonly errno: string;
  readonly reason: string;
}

/** How a program ended. A union, so that no caller can forget that a program may not be there, hang, or be killed. */
export type Outcome = Exited | Signalled | TimedOut | Cancelled | NotFound | SpawnFailed;

/** Whether the program ran to its end and said 0. */
export function succeeded(outcome: Outcome): outcome is Exited & { readonly exitCode: 0 } {
  return outcome.kind === 'exited' && outcome.exitCode === 0;
}

/** One line for a message: what became of the program, and the last thing it said on stderr. Redacted. */
export function describeOutcome(outcome: Outcome, secrets: readonly string[] = []): string {
  const said = lastLine(outcome.stderr.text);
  return redact(said === '' ? verdict(outcome) : `${verdict(outcome)}: ${said}`, secrets);
}

function verdict(outcome: Outcome): string {
  const { program } = outcome;
  switch (outcome.kind) {
    case 'exited':
      return `${program} exited with code ${String(outcome.exitCode)}`;
    case 'signalled':
      return `${program} was ended by ${outcome.signal}`;
    case 'timedOut':
      return `${program} was ended after ${String(outcome.timeoutMs)} ms without an end`;
    case 'cancelled':
      return outcome.started ? `${program} was cancelled` : `${program} was cancelled before it was started`;
    case 'notFound':
      return `${program} was not found`;
    case 'spawnFailed':
      return `${program} could not be started (${outcome.errno}): ${outcome.reason}`;
  }
}

const MAX_LINE = 400;

function lastLine(text: string): string {
  const line = text.trimEnd().split(/[\r\n]/).at(-1)?.trim() ?? '';
  return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line;
}
