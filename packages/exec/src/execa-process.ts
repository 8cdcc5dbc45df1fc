import type { execa } from 'execa';

import { rawProcess, stdioOf } from './child-process.ts';
import type { Command } from './command.ts';
import { buildEnvironment } from './environment.ts';
import type { RawFailure, RawProcess } from './raw-process.ts';
import { explainSpawnFailure } from './spawn-failure.ts';

type Execa = typeof execa;

/** execa's types list the standard descriptors only; any number is passed on as it is. */
type ExecaStdio = 'ignore' | 'inherit' | 'pipe';

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
  const { program, args = [], cwd, group = 'own' } = command;
  const { stdin, stdout, stderr } = stdioOf(command);
  const subprocess = run(program, args, {
    ...(cwd === undefined ? {} : { cwd }),
    env: buildEnvironment(command.env),
    extendEnv: false,
    stdin: stdin as ExecaStdio,
    stdout: stdout as ExecaStdio,
    stderr: stderr as ExecaStdio,
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
