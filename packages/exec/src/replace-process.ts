import { spawn } from 'node:child_process';
import { constants } from 'node:os';

import { BackendNotFoundError } from '@longhaul/errors';

import type { CommandEnvironment } from './command.ts';
import { buildEnvironment } from './environment.ts';
import { findProgram } from './find-program.ts';

/** A program that takes this process's place. */
export interface Replacement {
  readonly program: string;
  readonly args?: readonly string[] | undefined;
  readonly cwd?: string | undefined;
  readonly env?: CommandEnvironment | undefined;
}

/** What comes from the keyboard belongs to the program that has the terminal. */
const KEYBOARD_SIGNALS = ['SIGINT', 'SIGQUIT'] as const;

/**
 * Hands terminal, pid and fate to another program (design §4.3: attach). With Node's `process.execve` this process becomes
 * it; elsewhere it runs as a child with the same terminal and this process ends as it does. Nothing after the call runs.
 * @throws BackendNotFoundError where the program is not there.
 */
export async function replaceProcess(replacement: Replacement): Promise<never> {
  const env = buildEnvironment(replacement.env);
  const path = findProgram(replacement.program, env);
  // Looked for first: a failed execve takes the whole process down.
  if (path === null) throw new BackendNotFoundError(replacement.program);
  if (replacement.cwd !== undefined) process.chdir(replacement.cwd);
  const args = replacement.args ?? [];
  const { execve } = process as { readonly execve?: typeof process.execve };
  if (typeof execve === 'function') execve.call(process, path, [replacement.program, ...args], env);
  return standIn(path, replacement.program, args, env);
}

/** For Node without execve: wait in the background and end in the same way. */
async function standIn(path: string, program: string, args: readonly string[], env: Record<string, string>): Promise<never> {
  const ignore = (): void => undefined;
  for (const signal of KEYBOARD_SIGNALS) process.on(signal, ignore);
  const child = spawn(path, args, { argv0: program, env, stdio: 'inherit' });
  for (const signal of ['SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (...ended) => { resolve(ended); });
  });
  process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
}
