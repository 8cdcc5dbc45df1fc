import { statSync } from 'node:fs';
import { resolve } from 'node:path';

import type { CommandEnvironment } from './command.ts';
import { buildEnvironment } from './environment.ts';
import { findProgram } from './find-program.ts';
import type { RawFailure } from './raw-process.ts';

interface Attempt {
  readonly program: string;
  readonly cwd?: string | undefined;
  readonly env?: CommandEnvironment | undefined;
}

/** What a failed spawn means. ENOENT alone is ambiguous: the program, its interpreter or the working directory is missing. */
export function explainSpawnFailure(error: unknown, { program, cwd, env }: Attempt): RawFailure {
  const errno = errnoOf(error);
  if (cwd !== undefined && !isDirectory(cwd)) {
    return { kind: 'spawnFailed', errno: errno === 'ENOTDIR' ? errno : 'ENOENT', reason: `the working directory ${JSON.stringify(cwd)} is not there` };
  }
  if (errno !== 'ENOENT') return { kind: 'spawnFailed', errno, reason: REASONS[errno] ?? messageOf(error) };
  // A relative path is looked up from the working directory of the program.
  const looked = program.includes('/') && cwd !== undefined ? resolve(cwd, program) : program;
  if (findProgram(looked, buildEnvironment(env)) === null) return { kind: 'notFound' };
  return { kind: 'spawnFailed', errno, reason: 'its interpreter is not there' };
}

const REASONS: Readonly<Record<string, string>> = {
  EACCES: 'it may not be executed',
  E2BIG: 'arguments and environment are too long for this system',
  EAGAIN: 'this user has too many processes',
  EMFILE: 'this process has too many open files',
  ENOMEM: 'there is not enough memory',
  ENOEXEC: 'it is not a program',
  // Node's own message quotes the value, which may be a secret from the environment.
  EINVAL: 'its name is empty, or a NUL byte is in the name, an argument or the environment',
};

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

function errnoOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && typeof error.code === 'string' && !error.code.startsWith('ERR_')) return error.code;
  // Refused before the system was asked: a NUL byte in an argument for example.
  return error instanceof TypeError ? 'EINVAL' : 'UNKNOWN';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
