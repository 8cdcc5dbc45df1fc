import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

import { rawProcess, stdioOf } from './child-process.ts';
import type { Command } from './command.ts';
import { buildEnvironment } from './environment.ts';
import { endWithThisProcess } from './exit-cleanup.ts';
import type { RawFailure, RawProcess } from './raw-process.ts';
import { explainSpawnFailure } from './spawn-failure.ts';

/** Starts a program with Node's own spawn. On success the caller must attach to its outputs in the same tick. */
export function startWithNode(command: Command): RawProcess | RawFailure | Promise<RawFailure> {
  const { program, args = [], cwd, group = 'own' } = command;
  const { stdin, stdout, stderr } = stdioOf(command);
  let child: ChildProcess;
  try {
    child = spawn(program, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: buildEnvironment(command.env),
      detached: group === 'own',
      stdio: [stdin, stdout, stderr],
    });
  } catch (error) {
    return explainSpawnFailure(error, command);
  }
  if (child.pid === undefined) return once(child, 'error').then(([error]) => explainSpawnFailure(error, command));
  // A signal that could not be sent is said by the return value of kill; without a listener it would end this process.
  child.on('error', () => undefined);
  const raw = rawProcess(child, child.pid, group);
  const release = endWithThisProcess(raw);
  void raw.exited.then(release);
  return raw;
}
