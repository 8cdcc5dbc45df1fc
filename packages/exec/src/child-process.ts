import type { ChildProcess } from 'node:child_process';

import type { Command, CommandInput, CommandOutput } from './command.ts';
import { listProcesses } from './process-info.ts';
import type { RawExit, RawProcess } from './raw-process.ts';

/** What Node's spawn takes for a descriptor of the program. */
export type StdioOption = 'ignore' | 'inherit' | 'pipe' | number;

export interface CommandStdio {
  readonly stdin: StdioOption;
  readonly stdout: StdioOption;
  readonly stderr: StdioOption;
}

export function stdioOf({ stdin = 'ignore', stdout = {}, stderr = {} }: Command): CommandStdio {
  return { stdin: optionOf(stdin), stdout: optionOf(stdout), stderr: optionOf(stderr) };
}

function optionOf(stdio: CommandInput | CommandOutput): StdioOption {
  if (typeof stdio === 'string') return stdio;
  return 'fd' in stdio ? stdio.fd : 'pipe';
}

/** A started child of this process, as the supervisor needs it. */
export function rawProcess(child: ChildProcess, pid: number, group: 'own' | 'inherit'): RawProcess {
  const exited = new Promise<RawExit>((resolve) => {
    child.once('exit', (exitCode, signal) => { resolve({ exitCode, signal }); });
  });
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null;
  return {
    pid,
    stdin: child.stdin,
    stdout: child.stdout,
    stderr: child.stderr,
    exited,
    kill: (signal) => (group === 'own' ? signalGroup(pid, signal) : !hasExited() && child.kill(signal)),
    isAlive: () => (group === 'own' ? isGroupAlive(pid) : !hasExited()),
  };
}

/** The number of a group is not given to anybody else while one member lives; without members there is nobody to signal. */
function signalGroup(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(-pid, signal);
  } catch {
    return false;
  }
}

/** A zombie that nobody reaps keeps its group number, but runs no more. */
function isGroupAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  return listProcesses().some((entry) => entry.pgid === pid && entry.state !== 'zombie');
}
