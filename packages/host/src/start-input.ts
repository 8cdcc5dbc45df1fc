import path from 'node:path';

import type { Config, OutputSettings, SessionSettings } from '@longhaul/config';
import { SessionConfigError } from '@longhaul/errors';
import type { OutputSpec, StartRequest } from '@longhaul/sessions';

/** What a person asks for on a command line; what is null or empty is taken from `sessions.<name>` of the configuration. */
export interface StartInput {
  readonly name: string;
  readonly command: readonly string[] | null;
  readonly backend?: 'tmux' | 'container' | null;
  /** Absolute, or relative to `cwd`. */
  readonly workingDir?: string | null;
  /** `KEY=VALUE`, or `KEY` for the caller's value. */
  readonly env?: readonly string[];
  readonly envFile?: string | null;
  readonly outputs?: readonly string[];
  /** Where the outputs above go. */
  readonly to?: readonly string[];
  readonly as?: string | null;
  readonly stop?: { readonly signal?: string; readonly timeoutMs?: number };
}

/** What {@link requestOf} needs to know of the machine. */
export interface StartContext {
  readonly config: Config;
  readonly cwd: string;
  /** The id that jobs carry for a destination as a person names it. @throws ConfigError */
  readonly destinationId: (name: string) => string;
  /** argv of the hook; it is only asked for where there are outputs. */
  readonly onExit: readonly string[] | null;
}

/**
 * Joins the command line and the configuration (design §8: flags before the file).
 *
 * @throws SessionConfigError saying what is missing or cannot be honoured, ConfigError for an unknown destination
 */
export function requestOf(input: StartInput, { config, cwd, destinationId, onExit }: StartContext): StartRequest {
  const session = config.sessions.get(input.name) ?? null;
  refuseUnavailable(input, session);
  const workingDir = path.resolve(cwd, input.workingDir ?? session?.workingDir ?? '.');
  const outputs = outputsOf(input, session, destinationId);
  refuseSharedNames(outputs, workingDir);
  const envFile = input.envFile ?? session?.envFile ?? null;
  const backend = input.backend ?? session?.backend ?? null;
  const stop = stopOf(input, session, config);
  return {
    name: input.name,
    ...(backend === null ? {} : { backend }),
    command: commandOf(input, session),
    workingDir,
    env: envOf(input, session),
    ...(envFile === null ? {} : { envFile: path.resolve(cwd, envFile) }),
    outputs,
    stop,
    onExit: outputs.length > 0 ? onExit : null,
  };
}

function refuseUnavailable({ name }: StartInput, session: SessionSettings | null): void {
  if (session === null || session.unavailable.length === 0) return;
  throw new SessionConfigError(`session "${name}" asks for what this version cannot do: ${session.unavailable.join(', ')}`, { hint: 'remove these keys from longhaul.yaml, or start it with its command: longhaul start OTHER-NAME -- COMMAND ARG…' });
}

function commandOf({ name, command }: StartInput, session: SessionSettings | null): readonly string[] {
  if (command !== null && command.length > 0) return command;
  if (session !== null && session.command.length > 0) return session.command;
  const hint = `give one: longhaul start ${name} -- COMMAND ARG…${session === null ? `, or add sessions.${name} to longhaul.yaml` : ''}`;
  throw new SessionConfigError(`session "${name}" has no command`, { hint });
}

/** `-e` before the file's `env` and `passEnv`. */
function envOf({ env = [] }: StartInput, session: SessionSettings | null): Readonly<Record<string, string | null>> {
  const entries: [string, string | null][] = [...(session?.env ?? [])];
  for (const name of session?.passEnv ?? []) entries.push([name, null]);
  for (const item of env) {
    const equals = item.indexOf('=');
    entries.push(equals === -1 ? [item, null] : [item.slice(0, equals), item.slice(equals + 1)]);
  }
  return Object.fromEntries(entries);
}

function stopOf({ stop }: StartInput, session: SessionSettings | null, config: Config): NonNullable<StartRequest['stop']> {
  const signal = stop?.signal ?? session?.stop.signal ?? config.stop.signal;
  const timeoutMs = stop?.timeoutMs ?? session?.stop.timeoutMs ?? config.stop.timeoutMs;
  return { ...(signal === null ? {} : { signal }), ...(timeoutMs === null ? {} : { timeoutMs }) };
}

function outputsOf({ outputs = [], to = [], as = null }: StartInput, session: SessionSettings | null, destinationId: StartContext['destinationId']): readonly OutputSpec[] {
  if (outputs.length > 0 && to.length === 0) throw new SessionConfigError('outputs are named, and no place where they go', { hint: 'add --to DEST; see the names with: longhaul sync destinations' });
  if (outputs.length === 0 && to.length > 0) throw new SessionConfigError('a destination is named, and no outputs', { hint: 'add --output DIR: what the job makes' });
  const wanted: OutputSettings[] = [...(session?.outputs ?? []), ...outputs.map((output) => ({ path: output, to, as }))];
  return wanted.map((output) => ({ path: output.path, to: [...new Set(output.to.map(destinationId))], ...(output.as === null ? {} : { as: output.as }) }));
}

/** Two outputs of one run that would get one final name at one destination would be a conflict after hours of work. */
function refuseSharedNames(outputs: readonly OutputSpec[], workingDir: string): void {
  const taken = new Map<string, string>();
  for (const output of outputs) {
    const real = path.resolve(workingDir, output.path);
    for (const destination of output.to) {
      const key = JSON.stringify([destination, (output.as ?? '{session}/{run}/{name}').replaceAll('{name}', path.basename(real))]);
      const other = taken.get(key);
      if (other !== undefined && other !== real) {
        throw new SessionConfigError(`the outputs ${JSON.stringify(other)} and ${JSON.stringify(real)} would get one name at "${destination}"`, { hint: 'give each a name of its own in longhaul.yaml: as: "{session}/{run}/first"' });
      }
      taken.set(key, real);
    }
  }
}
