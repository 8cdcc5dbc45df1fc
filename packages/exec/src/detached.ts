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
    const files = openOutputs(command, opened);
    if ('kind' in files) return failed(files, command, startedAt);
    const started = await start(command, files);
    return started.kind === 'started' ? started : failed(started, command, startedAt);
  } finally {
    for (const fd of opened) closeSync(fd);
  }
}

async function start(command: DetachedCommand, [stdout, stderr]: Outputs): Promise<DetachedStart | RawFailure> {
  const { program, args = [], cwd, env, stdin = 'ignore' } = command;
  try {
    const stdio: StdioOptions = [stdin === 'ignore' ? stdin : stdin.fd, stdout, stderr];
    const child = spawn(program, args, { ...(cwd === undefined ? {} : { cwd }), env: buildEnvironment(env), detached: true, stdio });
    if (child.pid === undefined) return explainSpawnFailure((await once(child, 'error'))[0], command);
    child.unref();
    return { kind: 'started', pid: child.pid };
  } catch (error) {
    return explainSpawnFailure(error, command);
  }
}

type Outputs = readonly [stdout: 'ignore' | number, stderr: 'ignore' | number];

function openOutputs({ stdout, stderr }: DetachedCommand, opened: number[]): Outputs | RawFailure {
  try {
    return [openOutput(stdout, opened), openOutput(stderr, opened)];
  } catch (error) {
    const errno = error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
    return { kind: 'spawnFailed', errno, reason: `its output file cannot be opened: ${error instanceof Error ? error.message : String(error)}` };
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
