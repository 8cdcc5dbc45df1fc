import { constants } from 'node:os';
import { resolve } from 'node:path';

import { SessionConfigError } from '@longhaul/errors';

import { parseSessionName } from '../session-name.ts';
import type { OutputSpec, SessionSpec } from '../session-spec.ts';
import { buildContainer } from './build-container.ts';
import { buildEnvironment } from './build-environment.ts';
import { checkedReady } from './build-ready.ts';
import { buildRestart } from './build-restart.ts';
import type { EnvFileEntry } from './env-file.ts';
import { NOT_UTF8 } from './environment-names.ts';
import type { BuiltSpec, Caller, SpecWarning, StartRequest } from './start-request.ts';
import { MIN_LOG_BYTES } from './start-request.ts';

const DEFAULT_TERMINAL = { columns: 80, rows: 24 };
/** What tmux takes. */
const MAX_CELLS = 10_000;

/**
 * Makes a complete spec of what a user asks for (design §4.2: environment, directory and umask are the caller's). Pure:
 * whether the directory exists is seen when the run starts.
 *
 * @param envFile the lines of `request.envFile`, which this function does not read
 * @throws SessionConfigError saying what cannot be used; values of variables are never in it
 */
export function buildSessionSpec(request: StartRequest, caller: Caller, envFile: readonly EnvFileEntry[] = []): BuiltSpec {
  const name = parseSessionName(request.name);
  const workingDir = resolve(caller.cwd, withoutNul(request.workingDir ?? '.', 'the working directory'));
  // An image may bring a command of its own.
  const command = request.command.length === 0 && request.backend === 'container' ? [] : checkedCommand(request.command, 'command');
  const { env, secretEnv, warnings } = buildEnvironment({ request, caller, envFile, workingDir });
  const spec: SessionSpec = {
    name,
    backend: request.backend ?? 'tmux',
    command,
    workingDir,
    env,
    secretEnv,
    umask: wholeNumber(caller.umask, { what: 'the umask', min: 0, max: 0o777 }),
    terminal: terminalOf(request, caller),
    outputs: (request.outputs ?? []).map(checkedOutput),
    stop: checkedStop(request.stop ?? {}),
    onExit: request.onExit === undefined || request.onExit === null ? null : checkedCommand(request.onExit, 'onExit command'),
    container: buildContainer(request, { cwd: caller.cwd, envNames: env.map((entry) => entry.name) }),
    restart: buildRestart(request.restart),
    ready: request.ready === undefined ? null : checkedReady(request.ready),
    ...logLimit(request.logMaxBytes ?? null),
  };
  return { spec, warnings: [...warnings, ...notUtf8(command)] };
}

/**
 * A signal's name without SIG, in capitals: `term`, `SIGTERM` → `TERM`.
 *
 * @throws SessionConfigError when this system has no such signal
 */
export function parseSignalName(raw: string): string {
  const name = raw.toUpperCase().replace(/^SIG/, '');
  if (Object.hasOwn(constants.signals, `SIG${name}`)) return name;
  throw new SessionConfigError(`${JSON.stringify(raw)} is not a signal of this system`, { hint: 'Use a name such as INT, TERM, HUP or USR1' });
}

function checkedCommand(argv: readonly string[], what: string): readonly string[] {
  if (argv[0] === undefined || argv[0] === '') throw new SessionConfigError(`the ${what} is empty`, { hint: 'Give a program and its arguments after --' });
  for (const argument of argv) withoutNul(argument, `an argument of the ${what}`);
  return [...argv];
}

function checkedOutput(output: OutputSpec): OutputSpec {
  if (output.path === '') throw new SessionConfigError('an output has no path', { hint: 'Name a directory or a file that the job makes' });
  withoutNul(output.path, 'the path of an output');
  if (output.to.includes('')) throw new SessionConfigError(`the output ${JSON.stringify(output.path)} has a destination without a name`, { hint: 'See the names: longhaul sync destinations' });
  const { path, to, as, include = [], exclude = [] } = output;
  return {
    path,
    to: [...to],
    ...(as === undefined ? {} : { as }),
    ...(include.length === 0 ? {} : { include: [...include] }),
    ...(exclude.length === 0 ? {} : { exclude: [...exclude] }),
  };
}

function checkedStop({ signal, timeoutMs }: NonNullable<StartRequest['stop']>): SessionSpec['stop'] {
  return {
    ...(signal === undefined ? {} : { signal: parseSignalName(signal) }),
    ...(timeoutMs === undefined ? {} : { timeoutMs: wholeNumber(timeoutMs, { what: 'the timeout of a stop (milliseconds)', min: 0, max: Number.MAX_SAFE_INTEGER }) }),
  };
}

function logLimit(maxBytes: number | null): Pick<SessionSpec, 'log'> {
  return maxBytes === null ? {} : { log: { maxBytes: wholeNumber(maxBytes, { what: 'the limit of the log (bytes)', min: MIN_LOG_BYTES, max: Number.MAX_SAFE_INTEGER }) } };
}

function terminalOf({ terminal }: StartRequest, caller: Caller): SessionSpec['terminal'] {
  if (terminal === undefined) return { columns: callersCells(caller.columns, DEFAULT_TERMINAL.columns), rows: callersCells(caller.rows, DEFAULT_TERMINAL.rows) };
  const limits = { min: 1, max: MAX_CELLS };
  return { columns: wholeNumber(terminal.columns, { what: 'the columns of the terminal', ...limits }), rows: wholeNumber(terminal.rows, { what: 'the rows of the terminal', ...limits }) };
}

/** Nobody chose these: a terminal that says 0 by 0, as some do, gets the default. */
function callersCells(cells: number | undefined, fallback: number): number {
  return cells !== undefined && Number.isSafeInteger(cells) && cells > 0 ? Math.min(cells, MAX_CELLS) : fallback;
}

function wholeNumber(value: number, { what, min, max }: { readonly what: string; readonly min: number; readonly max: number }): number {
  if (Number.isSafeInteger(value) && value >= min && value <= max) return value;
  throw new SessionConfigError(`${what} cannot be ${String(value)}`, { hint: `Use a whole number from ${String(min)} to ${String(max)}` });
}

function withoutNul(text: string, what: string): string {
  if (!text.includes('\0')) return text;
  throw new SessionConfigError(`${what} holds a NUL, which no program can be given`);
}

function notUtf8(command: readonly string[]): readonly SpecWarning[] {
  const changed = command.some((argument) => NOT_UTF8.test(argument));
  return changed ? [{ kind: 'not-utf-8', message: 'the command has bytes that are not UTF-8; the job gets them replaced' }] : [];
}
