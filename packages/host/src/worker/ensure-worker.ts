import path from 'node:path';

import type { Environment } from '@longhaul/config';
import type { ProcessRunner } from '@longhaul/exec';

import { BoundedLog } from './bounded-log.ts';
import { OwnerLock } from './owner-lock.ts';

/** Who works on the queue. `none`: nobody, and nobody could be started. */
export type WorkerPresence = 'server' | 'worker' | 'started' | 'none';

/** The locks that say who works; see OwnerLock. */
export function serverLock(stateDir: string): OwnerLock {
  return new OwnerLock(path.join(stateDir, 'server', 'lock'));
}

export function workerLock(stateDir: string): OwnerLock {
  return new OwnerLock(path.join(stateDir, 'worker', 'lock'));
}

export function workerLog(stateDir: string): BoundedLog {
  return new BoundedLog(path.join(stateDir, 'worker.log'));
}

/** Whether a server or a detached worker lives. A `sync work` in the foreground is not counted: it may end at any moment. */
export function workerPresence(stateDir: string): 'server' | 'worker' | 'none' {
  if (serverLock(stateDir).state().kind === 'held') return 'server';
  return workerLock(stateDir).state().kind === 'held' ? 'worker' : 'none';
}

export interface EnsureOptions {
  readonly stateDir: string;
  /** argv of the command line; null: none can be started. */
  readonly program: readonly string[] | null;
  readonly runner: ProcessRunner;
  readonly env: Environment;
}

/**
 * Makes sure that somebody works on the queue: a server, or one detached worker that drains it and ends (design §6). A worker
 * that is just ending looks once more after it has given its lock back, so what was put into the queue before this call is
 * done in every case.
 */
export async function ensureWorker(options: EnsureOptions): Promise<WorkerPresence> {
  const presence = workerPresence(options.stateDir);
  if (presence !== 'none') return presence;
  return (await startWorker(options, [])) === null ? 'none' : 'started';
}

/**
 * Starts one for what this process is about to put into the queue: both start up at the same time then. It waits for that while this process lives.
 * Returns its number; null where somebody works already, or none can be started. Whoever calls this calls {@link ensureWorker} later, too: it may have died.
 */
export async function startWorkerAhead(options: EnsureOptions): Promise<number | null> {
  return workerPresence(options.stateDir) === 'none' ? await startWorker(options, ['--expect', String(process.pid)]) : null;
}

async function startWorker({ stateDir, program, runner, env }: EnsureOptions, more: readonly string[]): Promise<number | null> {
  const [executable, ...args] = program ?? [];
  if (executable === undefined) return null;
  const log = path.join(stateDir, 'worker.log');
  workerLog(stateDir).turn();
  const started = await runner.detach({
    program: executable,
    args: [...args, 'drain-queue', '--state-dir', stateDir, ...more],
    // Not the caller's folder: a worker must not keep a disk from being unmounted.
    cwd: '/',
    env: { base: 'empty', set: workerEnvironment(env) },
    stdout: { file: log },
    stderr: { file: log },
  });
  return started.kind === 'started' ? started.pid : null;
}

const NEEDED = /^(?:HOME|PATH|USER|LOGNAME|SHELL|LANG|LC_.*|TZ|TMPDIR|SSH_AUTH_SOCK|SSH_AGENT_PID|KRB5CCNAME|XDG_.*|NODE_EXTRA_CA_CERTS|LONGHAUL_(?!RUN_ID$).*)$/;

/** What transfers need of an environment, and no more: the worker outlives the caller, and a job's secrets are none of its business. */
export function workerEnvironment(env: Environment): Record<string, string> {
  return Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined && NEEDED.test(entry[0])));
}
