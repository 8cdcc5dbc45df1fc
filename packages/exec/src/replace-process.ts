import { spawn } from 'node:child_process';
import { constants } from 'node:os';

import { BackendNotFoundError, SessionConfigError } from '@longhaul/errors';

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
const ENDING_SIGNALS = ['SIGTERM', 'SIGHUP'] as const;

/**
 * Hands terminal, pid and fate to another program (design §4.3: attach). With Node's `process.execve` this process becomes
 * it; elsewhere it runs as a child with the same terminal and this process ends as it does. Nothing after the call runs.
 * @throws BackendNotFoundError where the program is not there.
 * @throws SessionConfigError where the working directory cannot be entered.
 */
export async function replaceProcess(replacement: Replacement): Promise<never> {
  const env = buildEnvironment(replacement.env);
  const path = findProgram(replacement.program, env);
  // Looked for first: a failed execve takes the whole process down.
  if (path === null) throw new BackendNotFoundError(replacement.program);
  if (replacement.cwd !== undefined) enter(replacement.cwd);
  const args = replacement.args ?? [];
  const { execve } = process as { readonly execve?: typeof process.execve };
  if (typeof execve === 'function') execve.call(process, path, [replacement.program, ...args], env);
  return standIn(path, replacement.program, args, env);
}

function enter(folder: string): void {
  try {
    process.chdir(folder);
  } catch (cause) {
    throw new SessionConfigError(`the working directory ${JSON.stringify(folder)} cannot be entered`, { cause });
  }
}

/** For Node without execve: wait in the background and end in the same way. */
async function standIn(path: string, program: string, args: readonly string[], env: Record<string, string>): Promise<never> {
  const early: NodeJS.Signals[] = [];
  let passOn = (signal: NodeJS.Signals): void => void early.push(signal);
  // Before the spawn: the child may run, and be told to end, before this process gets its next turn.
  for (const signal of KEYBOARD_SIGNALS) process.on(signal, () => undefined);
  for (const signal of ENDING_SIGNALS) process.on(signal, () => { passOn(signal); });
  const child = spawn(path, args, { argv0: program, env, stdio: 'inherit' });
  passOn = (signal) => void child.kill(signal);
  early.forEach(passOn);
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (...ended) => { resolve(ended); });
  });
  process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
}
