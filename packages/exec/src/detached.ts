import type { StdioOptions } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';

import { NOTHING_CAPTURED } from './captured-output.ts';
import type { DetachedCommand, DetachedOutput } from './command.ts';
import { buildEnvironment } from './environment.ts';
import type { NotFound, SpawnFailed } from './outcome.ts';
import type { DetachedStart } from './process-runner.ts';
import type { RawFailure } from './raw-process.ts';
import { explainSpawnFailure } from './spawn-failure.ts';

/** Starts a program that outlives this process. Node's own spawn: there is nothing to supervise, so execa need not be loaded. */
export async function startDetached(command: DetachedCommand): Promise<DetachedStart | NotFound | SpawnFailed> {
  const startedAt = performance.now();
  const opened: number[] = [];
  try {
    const stdin = command.stdin === undefined || command.stdin === 'ignore' ? 'ignore' : command.stdin.fd;
    const stdio: StdioOptions = [stdin, openOutput(command.stdout, opened), openOutput(command.stderr, opened)];
    const child = spawn(command.program, command.args ?? [], { ...(command.cwd === undefined ? {} : { cwd: command.cwd }), env: buildEnvironment(command.env), detached: true, stdio });
    if (child.pid === undefined) return failed(explainSpawnFailure((await once(child, 'error'))[0], command), command, startedAt);
    child.unref();
    return { kind: 'started', pid: child.pid };
  } catch (error) {
    return failed(explainSpawnFailure(error, command), command, startedAt);
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

function openOutput(output: DetachedOutput = 'ignore', opened: number[]): 'ignore' | number {
  if (output === 'ignore') return 'ignore';
  if ('fd' in output) return output.fd;
  const fd = openSync(output.file, 'a', 0o600);
  opened.push(fd);
  return fd;
}

function failed(failure: RawFailure, { program }: DetachedCommand, startedAt: number): NotFound | SpawnFailed {
  return { program, stdout: NOTHING_CAPTURED, stderr: NOTHING_CAPTURED, pid: null, durationMs: performance.now() - startedAt, ...failure };
}
