import { readFileSync } from 'node:fs';

import { ConfigError } from '@longhaul/errors';

import type { Origin } from './config.ts';
import { homeFolder } from './home-folder.ts';
import type { Layer, Placed } from './layer.ts';
import type { ParsedCache } from './parsed-cache.ts';
import { recall, remember } from './parsed-cache.ts';
import type { ParsedFile } from './parsed-file.ts';
import type { RawConfig } from './raw-config.ts';
import type { FileContext } from './resolve-entries.ts';
import { resolveDestination, resolveSession, resolveWatch } from './resolve-entries.ts';
import type { SettingValue } from './setting.ts';
import { SETTINGS } from './setting.ts';
import type { KeyPath } from './yaml-document.ts';

/** A bigger file is not a configuration, and would only take the memory. */
const MAX_BYTES = 4 * 1024 * 1024;

export interface ReadOptions {
  readonly kind: 'project' | 'user';
  readonly file: string;
  readonly home?: string;
  readonly cache?: ParsedCache | undefined;
}

/** A file's layer, and where in it things stand. */
export interface FileLayer extends Layer {
  readonly file: string;
  readonly locate: (path: KeyPath) => Origin;
}

/** Reads and checks one file. @throws ConfigError with file, line, column and the fix; it quotes no value of the file */
export async function readConfigFile({ kind, file, home = homeFolder(), cache }: ReadOptions): Promise<FileLayer> {
  const { raw, locate: positionOf } = await parsedFile(file, cache);
  const locate = (path: KeyPath): Origin => ({ kind, name: file, ...positionOf(path) });
  const context: FileContext = { kind, file, home };
  return {
    file,
    locate,
    settings: settingsOf(raw, { file, locate }),
    sessions: placed(raw.sessions, { section: 'sessions', locate, resolve: (session) => resolveSession(session, context) }),
    watch: watchOf(raw, { context, locate }),
    destinations: placed(raw.destinations, { section: 'destinations', locate, resolve: (destination) => resolveDestination(destination, context) }),
  };
}

async function parsedFile(file: string, cache: ParsedCache | undefined): Promise<ParsedFile> {
  const text = readText(file);
  const known = cache === undefined ? null : recall(cache, file, text);
  if (known !== null) return known;
  const { parseConfigText } = await import('./parse-config-text.ts');
  const parsed = parseConfigText(text, file);
  if (cache !== undefined) remember(cache, file, { text, parsed });
  return parsed;
}

/** @throws ConfigError for a folder that stands there twice: who would say which settings hold? */
function watchOf(raw: RawConfig, { context, locate }: { readonly context: FileContext; readonly locate: FileLayer['locate'] }): FileLayer['watch'] {
  const entries = (raw.watch ?? []).map((entry, index) => ({ value: resolveWatch(entry, context), origin: locate(['watch', index]) }));
  const paths = entries.map(({ value }) => value.path);
  const twice = entries.find(({ value }, index) => paths.indexOf(value.path) !== index);
  if (twice === undefined) return entries;
  const { line, column } = twice.origin;
  throw new ConfigError('watch names the same folder twice', { file: context.file, line: line ?? undefined, column: column ?? undefined, fix: 'one entry may go to several destinations: to: [first, second]' });
}

function readText(file: string): string {
  try {
    const bytes = readFileSync(file);
    if (bytes.length > MAX_BYTES) throw new ConfigError('the file is too big to be a configuration', { file, fix: 'name another file with --config' });
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    if (error instanceof TypeError) throw new ConfigError('the file is not UTF-8', { file, fix: 'save it as UTF-8' });
    throw new ConfigError(`the file cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown error'}`, { file, cause: error, fix: `ls -l ${JSON.stringify(file)}` });
  }
}

interface SettingContext {
  readonly file: string;
  readonly locate: (path: KeyPath) => Origin;
}

function settingsOf(raw: RawConfig, { file, locate }: SettingContext): ReadonlyMap<string, Placed<SettingValue>> {
  const settings = new Map<string, Placed<SettingValue>>();
  for (const setting of SETTINGS) {
    const path = setting.path.split('.');
    const value = path.reduce<unknown>((holder, key) => (holder as Record<string, unknown> | undefined)?.[key], raw) as string | number | boolean | undefined;
    if (value === undefined) continue;
    const origin = locate(path);
    const usable = setting.read(String(value));
    if (usable === null) throw new ConfigError(`${setting.path} must be ${setting.expected}`, { file, line: origin.line ?? undefined, column: origin.column ?? undefined });
    settings.set(setting.path, { value: usable, origin });
  }
  return settings;
}

interface SectionOptions<Raw, T> {
  readonly section: 'sessions' | 'destinations';
  readonly locate: (path: KeyPath) => Origin;
  readonly resolve: (raw: Raw) => T;
}

function placed<Raw, T>(entries: Readonly<Record<string, Raw>> | undefined, { section, locate, resolve }: SectionOptions<Raw, T>): ReadonlyMap<string, Placed<T>> {
  return new Map(Object.entries(entries ?? {}).map(([name, raw]) => [name, { value: resolve(raw), origin: locate([section, name]) }]));
}
