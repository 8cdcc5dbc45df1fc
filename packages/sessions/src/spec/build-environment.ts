import { SessionConfigError } from '@longhaul/errors';

import type { EnvEntry } from '../session-spec.ts';
import { inheritance, NOT_UTF8, whyNotSettable } from './environment-names.ts';
import type { EnvFileEntry } from './env-file.ts';
import type { BuiltEnvironment, Caller, SpecWarning, StartRequest } from './start-request.ts';

/** What a job's environment is made of. */
export interface EnvironmentSource {
  readonly request: Pick<StartRequest, 'name' | 'backend' | 'env' | 'secretEnv'>;
  readonly caller: Caller;
  readonly envFile: readonly EnvFileEntry[];
  readonly workingDir: string;
}

/**
 * The whole environment of a job: the caller's under tmux, nothing of it in a container, then the env file, then what the
 * request sets.
 *
 * @throws SessionConfigError for a name that sh cannot carry, a value with a NUL, or a `KEY` that the caller does not have
 */
export function buildEnvironment({ request, caller, envFile, workingDir }: EnvironmentSource): BuiltEnvironment {
  const warnings: SpecWarning[] = [];
  const env = request.backend === 'container' ? new Map<string, string>() : inherit(caller, warnings);
  if (request.backend !== 'container') env.set('PWD', workingDir);
  const secret = new Set(request.secretEnv);
  const take = (name: string, value: string | null): void => {
    if (value === null) secret.add(name);
    env.set(name, checked(name, value ?? callers(name, caller)));
  };
  for (const { name, value } of envFile) {
    secret.add(name);
    take(name, value);
  }
  for (const [name, value] of Object.entries(request.env ?? {})) take(name, value);
  const entries = [...env].map(([name, value]): EnvEntry => ({ name, value }));
  return { env: entries, secretEnv: [...secret].sort(), warnings: [...warnings, ...notUtf8(entries)] };
}

function inherit({ env }: Caller, warnings: SpecWarning[]): Map<string, string> {
  const kept = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    const fate = inheritance(name);
    if (fate === 'inherited') kept.set(name, value);
    if (fate === 'left out') warnings.push({ kind: 'name-left-out', message: `the job does not get ${JSON.stringify(name)} of your environment: ${whyNotSettable(name) ?? ''}` });
  }
  return kept;
}

function callers(name: string, { env }: Caller): string {
  const value = env[name];
  if (value !== undefined) return value;
  throw new SessionConfigError(`${JSON.stringify(name)} is not set in your environment`, { hint: `Set and export it, or give its value in a file: --env-file` });
}

function checked(name: string, value: string): string {
  const complaint = whyNotSettable(name);
  if (complaint !== null) throw new SessionConfigError(`${JSON.stringify(name)} cannot be set for a job: ${complaint}`, { hint: 'Give it another name' });
  if (value.includes('\0')) throw new SessionConfigError(`the value of ${name} holds a NUL, which no environment can carry`);
  return value;
}

/** Node decodes the environment as UTF-8: what is not has lost its bytes before we see it. */
function notUtf8(entries: readonly EnvEntry[]): readonly SpecWarning[] {
  return entries
    .filter(({ value }) => NOT_UTF8.test(value))
    .map(({ name }) => ({ kind: 'not-utf-8', message: `the value of ${name} has bytes that are not UTF-8; the job gets them replaced` }));
}
