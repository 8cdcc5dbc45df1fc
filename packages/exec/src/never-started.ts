import { NOTHING_CAPTURED } from './captured-output.ts';
import type { Command } from './command.ts';
import type { Outcome, OutcomeBase } from './outcome.ts';
import type { RunningProcess } from './process-runner.ts';
import type { RawFailure } from './raw-process.ts';

/** The handle of a process that does not exist: its outcome is known, everything else is harmless. */
export function neverStarted(command: Command, startedAt: number, failure: RawFailure | { readonly kind: 'cancelled' }): RunningProcess {
  const base: OutcomeBase = { program: command.program, stdout: NOTHING_CAPTURED, stderr: NOTHING_CAPTURED, pid: null, durationMs: performance.now() - startedAt };
  const outcome = Promise.resolve(outcomeOf(base, failure, command.signal?.reason));
  return {
    pid: null,
    stdin: null,
    stdout: null,
    stderr: null,
    outcome,
    kill: () => false,
    end: () => outcome,
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

function outcomeOf(base: OutcomeBase, failure: RawFailure | { readonly kind: 'cancelled' }, reason: unknown): Outcome {
  if (failure.kind !== 'cancelled') return { ...base, ...failure };
  return { ...base, kind: 'cancelled', started: false, reason, exitCode: null, signal: null, escalated: false };
}
