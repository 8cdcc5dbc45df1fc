import { ConfigError } from '@longhaul/errors';

import type { Config, DestinationSettings, Origin, SessionSettings } from './config.ts';
import { didYouMean } from './did-you-mean.ts';
import { findConfigFiles } from './find-config.ts';
import type { Layer, Placed } from './layer.ts';
import { defaultLayer, envLayer, flagLayer } from './layer.ts';
import type { FileLayer } from './file-layer.ts';
import type { ParsedCache } from './parsed-cache.ts';
import type { SettingValue } from './setting.ts';
import type { Environment } from './state-dir.ts';
import type { KeyPath } from './yaml-document.ts';

/** Where to look for settings; everything defaults to this process. */
export interface LoadOptions {
  readonly cwd?: string;
  readonly env?: Environment;
  readonly home?: string;
  /** `--config FILE`: takes the place of the project's file. */
  readonly file?: string | undefined;
  /** Settings of the command line, by path: `{ 'tmux.socket': 'other' }`. */
  readonly flags?: Readonly<Record<string, string | undefined>>;
  /** Where to keep what was read of the files, for the next call; absent: nowhere. */
  readonly cache?: ParsedCache | undefined;
}

/** A configuration, and where each value came from. */
export interface LoadedConfig {
  readonly config: Config;
  readonly files: { readonly project: string | null; readonly user: string | null };
  /** By path: `tmux.socket`, `sessions.train`, `destinations.nas`. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** Files that were passed over, and why. */
  readonly warnings: readonly string[];
  /** What the files ask for and this version cannot do: for `config check` and for whoever uses that entry. */
  readonly limitations: readonly string[];
}

/**
 * Reads the configuration (design §7): flags, then `LONGHAUL_…`, then the project's file, the user's file, the defaults.
 * Plain settings are laid over one another one by one; a session or destination of the project replaces the user's of
 * that name whole. Where there is no file, or the cache knows its text, neither yaml nor zod is loaded.
 *
 * @throws ConfigError with file, line, column and the fix
 */
export async function loadConfig({ cwd = process.cwd(), env = process.env, home, file, flags = {}, cache }: LoadOptions = {}): Promise<LoadedConfig> {
  const at = home === undefined ? {} : { home };
  const { project, user, warnings } = findConfigFiles({ cwd, env, file, ...at });
  const files: FileLayer[] = [];
  if (project !== null || user !== null) {
    const { readConfigFile } = await import('./file-layer.ts');
    if (user !== null) files.push(await readConfigFile({ kind: 'user', file: user, cache, ...at }));
    if (project !== null) files.push(await readConfigFile({ kind: 'project', file: project, cache, ...at }));
  }
  const merged = merge([defaultLayer(), ...files, envLayer(env), flagLayer(flags)]);
  checkDestinationNames(files, [...merged.destinations.keys()]);
  const config = configOf(merged);
  return { config, files: { project, user }, origins: originsOf(merged), warnings, limitations: limitationsOf(config) };
}

function merge(layers: readonly Layer[]): Layer {
  return {
    settings: new Map(layers.flatMap((layer) => [...layer.settings])),
    sessions: new Map(layers.flatMap((layer) => [...layer.sessions])),
    destinations: new Map(layers.flatMap((layer) => [...layer.destinations])),
    watch: mergeWatch(layers),
  };
}

/** Every folder that any file names; where two name the same one, the stronger file's holds. */
function mergeWatch(layers: readonly Layer[]): Layer['watch'] {
  const byPath = new Map<string, Layer['watch'][number]>();
  for (const layer of [...layers].reverse()) for (const entry of layer.watch) if (!byPath.has(entry.value.path)) byPath.set(entry.value.path, entry);
  return [...byPath.values()];
}

/** `to:` must name a destination that exists once both files are read. */
function checkDestinationNames(files: readonly FileLayer[], known: readonly string[]): void {
  for (const { file, sessions, watch, locate } of files) {
    const check = (what: string, to: readonly string[], path: KeyPath): void => {
      const missing = to.find((name) => !known.includes(name));
      if (missing === undefined) return;
      const { line, column } = locate(path);
      const meant = didYouMean(missing, known);
      const fix = meant === null ? `add destinations.${missing}, or use one of: ${known.join(', ') || '(none is defined yet)'}` : `did you mean ${meant}?`;
      throw new ConfigError(`${what} goes to "${missing}", which is no destination`, { file, line: line ?? undefined, column: column ?? undefined, fix });
    };
    for (const [session, { value }] of sessions) {
      for (const [index, output] of value.outputs.entries()) check(`sessions.${session}.outputs[${String(index)}]`, output.to, ['sessions', session, 'outputs', index, 'to']);
    }
    for (const [index, { value }] of watch.entries()) check(`watch[${String(index)}]`, value.to, ['watch', index, 'to']);
  }
}

function configOf({ settings, sessions, destinations, watch }: Layer): Config {
  const read = readerOf(settings);
  return {
    sessions: values<SessionSettings>(sessions),
    destinations: values<DestinationSettings>(destinations),
    watch: watch.map(({ value }) => value),
    tmux: { socket: read.text('tmux.socket') ?? '' },
    attach: { protect: settings.get('attach.protect')?.value === true },
    stop: { signal: read.text('stop.signal'), timeoutMs: read.number('stop.timeout') },
    retention: { maxRuns: read.number('retention.maxRuns'), maxAgeMs: read.number('retention.maxAge'), maxBytes: read.number('retention.maxBytes') },
    worker: { concurrency: read.number('worker.concurrency') ?? 1, stallMs: read.number('worker.stallTimeout') },
    history: { detailsMs: read.number('history.details'), jobsMs: read.number('history.jobs') },
    audit: {
      enabled: settings.get('audit.enabled')?.value === true,
      everyMs: read.number('audit.every') ?? Number.POSITIVE_INFINITY,
      maxFilesPerDay: read.number('audit.maxFilesPerDay'),
      maxBytesPerDay: read.number('audit.maxBytesPerDay'),
    },
    reclaim: {
      enabled: settings.get('reclaim.enabled')?.value === true,
      automatic: settings.get('reclaim.automatic')?.value === true,
      minVerifyPasses: read.number('reclaim.minVerifyPasses') ?? Number.POSITIVE_INFINITY,
      minAgeMs: read.number('reclaim.minAge') ?? Number.POSITIVE_INFINITY,
      keepMetadata: settings.get('reclaim.keepMetadata')?.value !== false,
      diskFreeBelow: read.number('reclaim.when.diskFreeBelow'),
    },
  };
}

interface SettingReader {
  readonly text: (path: string) => string | null;
  readonly number: (path: string) => number | null;
}

function readerOf(settings: Layer['settings']): SettingReader {
  const get = (path: string): SettingValue => settings.get(path)?.value ?? null;
  return {
    text: (path) => {
      const value = get(path);
      return typeof value === 'string' ? value : null;
    },
    number: (path) => {
      const value = get(path);
      return typeof value === 'number' ? value : null;
    },
  };
}

function values<T>(entries: ReadonlyMap<string, Placed<T>>): ReadonlyMap<string, T> {
  return new Map([...entries].map(([name, { value }]) => [name, value]));
}

function originsOf({ settings, sessions, destinations, watch }: Layer): ReadonlyMap<string, Origin> {
  const entries: [string, Origin][] = [...settings].map(([path, { origin }]) => [path, origin]);
  for (const [name, { origin }] of sessions) entries.push([`sessions.${name}`, origin]);
  for (const [name, { origin }] of destinations) entries.push([`destinations.${name}`, origin]);
  for (const [index, { origin }] of watch.entries()) entries.push([`watch.${String(index)}`, origin]);
  return new Map(entries);
}

/** What is read but does nothing in this version is said, or a person would count on it. */
function limitationsOf({ reclaim }: Config): string[] {
  return reclaim.enabled && process.platform !== 'linux' ? [`reclaim.enabled: on ${process.platform} nothing local can be deleted safely, so nothing is`] : [];
}
