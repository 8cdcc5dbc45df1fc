import type { SessionStatus } from '@longhaul/sessions';

import type { Colours } from './colours.ts';
import { printable } from './printable.ts';
import { formatSpan } from './quantities.ts';

type End = Pick<SessionStatus, 'state' | 'exitCode' | 'signal' | 'reason' | 'stoppedBy'> & Partial<Pick<SessionStatus, 'ready'>>;

/** The state in one or two words: `running`, `running, ready`, `exited 0`, `killed SIGKILL`, `stopped`, `interrupted`. */
export function stateText({ state, exitCode, signal, reason, ready = null }: End): string {
  if (state === 'running' && ready !== null && ready.at !== null) return 'running, ready';
  if (state === 'unknown' && reason === 'abandoned') return reason;
  if (state !== 'exited') return state === 'stopped' && exitCode !== null ? `stopped ${String(exitCode)}` : state;
  if (reason === 'interrupted' || reason === 'lost') return reason;
  if (reason === 'start-failed') return 'start failed';
  if (signal !== null) return `killed ${printable(signal)}`;
  return exitCode === null ? 'exited' : `exited ${String(exitCode)}`;
}

/** The colour that goes with it; never the only sign, the words say the same. */
export function paintState(colours: Colours): (text: string, status: End) => string {
  return (text, status) => {
    if (status.state === 'running') return colours.good(text);
    if (status.state === 'unknown') return colours.waiting(text);
    if (status.state === 'stopped' || (status.state === 'exited' && status.exitCode === 0)) return colours.dim(text);
    return status.state === 'exited' ? colours.bad(text) : text;
  };
}

/** Why a run ended, in a sentence for a person. Empty while it runs. */
export function endText({ exitCode, signal, reason, stoppedBy }: End): string {
  const code = exitCode === null ? '' : ` with code ${String(exitCode)}`;
  switch (reason) {
    case null:
    // The reason why nobody knows says it all.
    case 'abandoned':
      return '';
    case 'exit':
      return `it ended by itself${code}`;
    case 'signal':
      return `it was ended by ${signal === null ? 'a signal' : printable(signal)}, sent by somebody else than longhaul`;
    case 'stopped':
      return stoppedBy === null ? `it was stopped${code}` : `it was stopped by ${printable(stoppedBy.who)}${STEPS[stoppedBy.step]}${exitCode === null ? '' : `; code ${String(exitCode)}`}`;
    case 'start-failed':
      return 'its command could not be started';
    case 'lost':
      return 'it has ended, and whoever watched it was killed before it could record how: its exit code is not known';
    case 'interrupted':
      return 'the machine was shut down or restarted under it: its exit code is not known';
  }
}

const STEPS = { signal: '', kill: ' and had to be killed' } as const;

/** How long a run took, or has taken so far. Empty where the times are not known. */
export function durationText({ startedAt, endedAt }: Pick<SessionStatus, 'startedAt' | 'endedAt'>, now: number): string {
  if (startedAt === null) return '';
  return formatSpan((endedAt === null ? now : Date.parse(endedAt)) - Date.parse(startedAt));
}

/** A command as one line for people. Quoted where a shell would need it; nothing of it is meant to be run. */
export function commandText(command: readonly string[]): string {
  return command.map((argument) => printable(/^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`)).join(' ');
}

/** What a shell would make of the end of a job: the code, 128 + n for signal n; null where nobody knows. */
export function jobExitCode({ exitCode, signal }: Pick<End, 'exitCode' | 'signal'>, numbers: Readonly<Record<string, number>>): number | null {
  if (exitCode !== null) return exitCode;
  const number = signal === null ? undefined : numbers[signal.startsWith('SIG') ? signal : `SIG${signal}`];
  return number === undefined ? null : 128 + number;
}
