import type { ChildProcess } from 'node:child_process';

import type { execa } from 'execa';

import type { Command, CommandInput, CommandOutput } from './command.ts';
import { buildEnvironment } from './environment.ts';
import { listProcesses } from './process-info.ts';
import type { RawExit, RawFailure, RawProcess } from './raw-process.ts';
import { explainSpawnFailure } from './spawn-failure.ts';

type Execa = typeof execa;

let loading: Promise<Execa> | undefined;

/** Loaded at the first use: importing execa costs more than everything else the command line does at its start. */
export function loadExeca(): Promise<Execa> {
  return (loading ??= import('execa').then((module) => module.execa));
}

/** Starts a program. On success the caller must attach to its outputs in the same tick. */
export function startWithExeca(run: Execa, command: Command): RawProcess | RawFailure | Promise<RawFailure> {
  try {
    return start(run, command);
  } catch (error) {
    // Arguments that no system takes, a NUL byte for example, are refused by a throw before anything is started.
    return explainSpawnFailure(error, command);
  }
}

function start(run: Execa, command: Command): RawProcess | Promise<RawFailure> {
  const group = command.group ?? 'own';
  const subprocess = run(command.program, command.args ?? [], {
    ...(command.cwd === undefined ? {} : { cwd: command.cwd }),
    env: buildEnvironment(command.env),
    extendEnv: false,
    stdin: stdioOption(command.stdin ?? 'ignore') as 'ignore',
    stdout: stdioOption(command.stdout ?? {}),
    stderr: stdioOption(command.stderr ?? {}),
    // Bounds, time and abort are the supervisor's; execa's own would end the leader of the group only as far as it waits for it.
    buffer: false,
    reject: false,
    encoding: 'buffer',
    stripFinalNewline: false,
    killDescendants: group === 'own',
    cleanup: true,
    // NODE_DEBUG=execa would print command lines.
    verbose: 'none',
  });
  const child = subprocess.nodeChildProcess;
  if (child.pid === undefined) return subprocess.then((result) => explainSpawnFailure(result.cause ?? result, command));
  // Its result is not used, and it can only reject by a defect of its own: then the process's events still tell the truth.
  subprocess.catch(() => undefined);
  return rawProcess(child, child.pid, group);
}

function rawProcess(child: ChildProcess, pid: number, group: 'own' | 'inherit'): RawProcess {
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

/** execa's types list the standard descriptors only; any number is passed on as it is. */
type StdioOption = 'ignore' | 'inherit' | 'pipe' | 2;

function stdioOption(stdio: CommandInput | CommandOutput): StdioOption {
  if (typeof stdio === 'string') return stdio;
  return 'fd' in stdio ? (stdio.fd as 2) : 'pipe';
}
