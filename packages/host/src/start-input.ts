import path from 'node:path';

import type { Config, ContainerSettings, OutputSettings, SessionSettings } from '@longhaul/config';
import { SessionConfigError } from '@longhaul/errors';
import type { ContainerRequest, OutputSpec, ReadyCheck, RestartRequest, StartRequest } from '@longhaul/sessions';

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
  /** What only a container uses; volumes and ports are added to those of the configuration. */
  readonly container?: ContainerInput;
  readonly restart?: string | null;
  readonly restartDelayMs?: number | null;
  readonly ready?: ReadyCheck | null;
  readonly maxLogBytes?: number | null;
}

/** A container as a command line asks for it; null is taken from the configuration. */
export interface ContainerInput {
  readonly image?: string | null;
  readonly runtime?: 'podman' | 'docker' | null;
  readonly pull?: 'missing' | 'always' | 'never' | null;
  /** `HOST:CONTAINER[:ro]`; a relative HOST is taken from `cwd`. One for the same folder in the container goes before the configuration's. */
  readonly volumes?: readonly string[];
  readonly ports?: readonly string[];
  readonly workingDir?: string | null;
  readonly logVolume?: string | null;
  readonly memory?: string | null;
  readonly cpus?: string | null;
  readonly network?: string | null;
  readonly tty?: boolean | null;
  readonly init?: boolean | null;
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
  const workingDir = path.resolve(cwd, input.workingDir ?? session?.workingDir ?? '.');
  const outputs = outputsOf(input, session, destinationId);
  refuseSharedNames(outputs, workingDir);
  const envFile = input.envFile ?? session?.envFile ?? null;
  const container = containerOf(input, session);
  const backend = input.backend ?? session?.backend ?? (container.image === undefined ? null : 'container');
  const restart = restartOf(input, session);
  const ready = input.ready ?? session?.ready ?? null;
  const maxLogBytes = input.maxLogBytes ?? session?.maxLogBytes ?? null;
  const stop = stopOf(input, session, config);
  return {
    name: input.name,
    ...(backend === null ? {} : { backend }),
    command: commandOf(input, { session, backend }),
    workingDir,
    env: envOf(input, session),
    ...(envFile === null ? {} : { envFile: path.resolve(cwd, envFile) }),
    outputs,
    stop,
    onExit: outputs.length > 0 ? onExit : null,
    ...(Object.keys(container).length === 0 ? {} : { container }),
    ...(restart === null ? {} : { restart }),
    ...(ready === null ? {} : { ready }),
    ...(maxLogBytes === null ? {} : { logMaxBytes: maxLogBytes }),
  };
}

function commandOf({ name, command }: StartInput, { session, backend }: { readonly session: SessionSettings | null; readonly backend: StartRequest['backend'] | null }): readonly string[] {
  if (command !== null && command.length > 0) return command;
  if (session !== null && session.command.length > 0) return session.command;
  // The image brings one of its own.
  if (backend === 'container') return [];
  const hint = `give one: longhaul start ${name} -- COMMAND ARG…${session === null ? `, or add sessions.${name} to longhaul.yaml` : ''}`;
  throw new SessionConfigError(`session "${name}" has no command`, { hint });
}

/** Only what somebody asked for: the rest has its defaults where the spec is made. */
function containerOf({ container: given = {} }: StartInput, session: SessionSettings | null): ContainerRequest {
  const file = session?.container;
  const pick = <K extends keyof ContainerInput & keyof ContainerSettings>(key: K): NonNullable<ContainerInput[K]> | NonNullable<ContainerSettings[K]> | undefined => given[key] ?? file?.[key] ?? undefined;
  const volumes = given.volumes ?? [];
  const targets = new Set(volumes.map(targetOf));
  const tty = pick('tty');
  const init = pick('init');
  const wanted: ContainerRequest = {
    image: pick('image'),
    runtime: pick('runtime'),
    pull: pick('pull'),
    volumes: nonEmpty([...(file?.volumes ?? []).filter((volume) => !targets.has(targetOf(volume))), ...volumes]),
    ports: nonEmpty([...(file?.ports ?? []), ...(given.ports ?? [])]),
    workingDir: pick('workingDir'),
    logVolume: pick('logVolume'),
    memory: pick('memory'),
    cpus: pick('cpus'),
    network: pick('network'),
    terminal: tty === undefined ? undefined : tty ? 'yes' : 'no',
    init: init === undefined ? undefined : init ? 'auto' : 'no',
  };
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined));
}

function targetOf(volume: string): string {
  return volume.split(':')[1] ?? volume;
}

function nonEmpty(texts: readonly string[]): readonly string[] | undefined {
  return texts.length === 0 ? undefined : [...new Set(texts)];
}

/** A policy of the command line takes the times of the file, where there are some. */
function restartOf({ restart: when, restartDelayMs }: StartInput, session: SessionSettings | null): RestartRequest | null {
  const file = session?.restart ?? null;
  const policy = when ?? file?.when ?? null;
  const delayMs = restartDelayMs ?? file?.delayMs ?? null;
  if (policy === null) {
    if (delayMs !== null) throw new SessionConfigError('a delay before restarts is given, and no restart policy', { hint: 'add --restart on-failure, or --restart always' });
    return null;
  }
  const times = { delayMs, maxDelayMs: file?.maxDelayMs ?? null, resetMs: file?.resetMs ?? null };
  return { when: policy, ...Object.fromEntries(Object.entries(times).filter(([, ms]) => ms !== null)) };
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
  const wanted: OutputSettings[] = [...(session?.outputs ?? []), ...outputs.map((output) => ({ path: output, to, as, include: [], exclude: [] }))];
  return wanted.map(({ path: output, to: names, as: template, include, exclude }) => ({ path: output, to: [...new Set(names.map(destinationId))], ...(template === null ? {} : { as: template }), ...(include.length === 0 ? {} : { include }), ...(exclude.length === 0 ? {} : { exclude }) }));
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
