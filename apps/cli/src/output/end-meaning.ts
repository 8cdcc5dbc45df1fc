import { constants } from 'node:os';

import type { SessionStatus } from '@longhaul/sessions';

type End = Pick<SessionStatus, 'state' | 'exitCode' | 'signal' | 'oomKilled' | 'stoppedBy'>;

/** What a signal means for the person whose job got it. */
const SIGNALS: Readonly<Record<string, string>> = {
  SIGHUP: 'its terminal was closed',
  SIGINT: 'as by Ctrl-C',
  SIGQUIT: 'as by Ctrl-\\',
  SIGILL: 'it has a machine instruction that this processor does not know',
  SIGABRT: 'it gave up by itself: an assertion, or memory that it had damaged',
  SIGBUS: 'it touched memory that was not there: a mapped file that was cut, or a full disk',
  SIGFPE: 'it divided by zero',
  SIGKILL: 'by force: somebody, or the kernel when the memory of the machine was over (dmesg says so)',
  SIGSEGV: 'it touched memory that is not its own',
  SIGPIPE: 'who read its output had gone',
  SIGTERM: 'it was asked to end',
  SIGXCPU: 'it had used up its limit of processor time',
  SIGXFSZ: 'a file became larger than its limit',
};

/** What a code or a signal means beyond its number; empty where the number says it all, where we ended it, or where it did not end. */
export function endMeaning({ state, exitCode, signal, oomKilled, stoppedBy }: End): string {
  if (state !== 'exited' && state !== 'stopped' && state !== 'restarting') return '';
  if (oomKilled === true) return 'its memory was over: the kernel killed it';
  if (stoppedBy !== null) return '';
  if (signal !== null) return meaningOf(signal, oomKilled);
  const name = signalOf(exitCode);
  // A program may also choose such a number by itself.
  if (name !== null) return [`${String(exitCode)} is what a shell makes of ${name}`, meaningOf(name, oomKilled)].filter((part) => part !== '').join(': ');
  if (exitCode === 126) return '126: a program was found and could not be executed';
  return exitCode === 127 ? '127: a program was not found' : '';
}

function meaningOf(name: string, oomKilled: boolean | null): string {
  if (name === 'SIGKILL' && oomKilled === false) return 'by force, and not because its own memory limit was reached';
  return SIGNALS[name] ?? '';
}

/** The signal that a shell's 128 + n stands for. */
function signalOf(exitCode: number | null): string | null {
  if (exitCode === null || exitCode <= 128) return null;
  return Object.entries(constants.signals).find(([, number]) => number === exitCode - 128)?.[0] ?? null;
}
