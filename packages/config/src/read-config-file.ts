// This file loads zod and yaml: it is imported only when there is a file to read.
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';

import { ConfigError } from '@longhaul/errors';

import type { Origin } from './config.ts';
import { explainIssue } from './explain-issue.ts';
import type { Layer, Placed } from './layer.ts';
import type { RawConfig } from './raw-config.ts';
import type { FileContext } from './resolve-entries.ts';
import { resolveDestination, resolveSession, resolveWatch } from './resolve-entries.ts';
import { checkShape } from './schema.ts';
import type { SettingValue } from './setting.ts';
import { SETTINGS } from './setting.ts';
import type { KeyPath, PositionedDocument } from './yaml-document.ts';
import { parseYaml } from './yaml-document.ts';

/** A bigger file is not a configuration, and would only take the memory. */
const MAX_BYTES = 4 * 1024 * 1024;

export interface ReadOptions {
  readonly kind: 'project' | 'user';
  readonly file: string;
  readonly home?: string;
}

/** A file's layer, and where in it things stand. */
export interface FileLayer extends Layer {
  readonly file: string;
  readonly locate: (path: KeyPath) => Origin;
}

/** Reads and checks one file. @throws ConfigError with file, line, column and the fix; it quotes no value of the file */
export function readConfigFile({ kind, file, home = homedir() }: ReadOptions): FileLayer {
  const document = parseYaml(readText(file), file);
  const locate = (path: KeyPath): Origin => ({ kind, name: file, ...document.locate(path) });
  const raw = checked(document, file);
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

function checked(document: PositionedDocument, file: string): RawConfig {
  // A file of comments only is an empty configuration.
  const result = checkShape(document.value ?? {});
  if (result.ok) return result.config;
  const [first] = result.issues;
  throw first === undefined ? new ConfigError('the file cannot be used', { file }) : explainIssue(first, { file, document });
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
