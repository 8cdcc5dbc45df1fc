import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';

import type { DestinationSettings, LoadedConfig } from '@longhaul/config';
import { didYouMean, loadConfig } from '@longhaul/config';
import { ConfigError } from '@longhaul/errors';

import { createFile, replaceFile } from '../atomic-file.ts';
import type { DestinationRecord } from './destination-record.ts';
import { parseDestinationRecord } from './destination-record.ts';

/** A destination that jobs can go to, with the settings that hold now. */
export interface ResolvedDestination {
  readonly id: string;
  readonly settings: DestinationSettings;
  /** Where it is defined; null for a path that was given on the command line. */
  readonly definedIn: string | null;
  /** Why the settings are those of an earlier day; null as a rule. */
  readonly stale: string | null;
}

/** Gives destinations the ids that jobs carry, and finds their settings again (design §6). */
export class DestinationRegistry {
  readonly #folder: string;

  constructor(stateDir: string) {
    this.#folder = path.join(stateDir, 'destinations');
  }

  /**
   * The id of what a person wrote behind `--to`: the name of a destination, or the absolute path of an existing folder,
   * which is a local destination without a name.
   *
   * @throws ConfigError naming the fix
   */
  register(name: string, loaded: LoadedConfig): ResolvedDestination {
    const settings = loaded.config.destinations.get(name);
    if (settings === undefined) return adHoc(name, loaded);
    const definedIn = loaded.origins.get(`destinations.${name}`)?.name ?? '';
    const record = this.#claim({ schemaVersion: 1, id: name, name, definedIn, settings });
    return { id: record.id, settings, definedIn, stale: null };
  }

  /** The id that {@link register} would give; nothing is written. */
  idOf(name: string, loaded: LoadedConfig): string {
    const settings = loaded.config.destinations.get(name);
    if (settings === undefined) return adHoc(name, loaded).id;
    const wanted = { schemaVersion: 1, id: name, name, definedIn: loaded.origins.get(`destinations.${name}`)?.name ?? '', settings } as const;
    const holder = this.#read(name);
    return holder === null || isSame(holder, wanted) ? name : ownId(wanted);
  }

  /** What {@link register} would give; nothing is written. @throws ConfigError naming the fix */
  peek(name: string, loaded: LoadedConfig): ResolvedDestination {
    const settings = loaded.config.destinations.get(name);
    if (settings === undefined) return adHoc(name, loaded);
    return { id: this.idOf(name, loaded), settings, definedIn: loaded.origins.get(`destinations.${name}`)?.name ?? '', stale: null };
  }

  /** The settings behind an id of a job. null: nobody knows it any more. */
  async find(id: string): Promise<ResolvedDestination | null> {
    if (path.isAbsolute(id)) return { id, settings: localSettings(id), definedIn: null, stale: null };
    const record = this.#read(id);
    if (record === null) return null;
    const { settings, stale } = await currentSettings(record);
    return { id, settings, definedIn: record.definedIn, stale };
  }

  /** All ids that were ever used. */
  ids(): readonly string[] {
    try {
      return readdirSync(this.#folder)
        .filter((name) => !name.startsWith('.') && name.endsWith('.json'))
        .map((name) => name.slice(0, -'.json'.length));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  #claim(wanted: DestinationRecord): DestinationRecord {
    for (const id of [wanted.name, ownId(wanted)]) {
      const record = { ...wanted, id };
      if (createFile(this.#file(id), serialise(record)) === 'created') return record;
      const holder = this.#read(id);
      if (holder !== null && !isSame(holder, wanted)) continue;
      if (holder === null || serialise(holder) !== serialise(record)) replaceFile(this.#file(id), serialise(record));
      return record;
    }
    throw new ConfigError(`the destination "${wanted.name}" of ${JSON.stringify(wanted.definedIn)} cannot be told from another one`, { fix: 'give it another name' });
  }

  #read(id: string): DestinationRecord | null {
    try {
      return parseDestinationRecord(readFileSync(this.#file(id), 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  #file(id: string): string {
    return path.join(this.#folder, `${id}.json`);
  }
}

/** For the second file that uses a name. */
function ownId({ name, definedIn }: DestinationRecord): string {
  // Loaded here: sessions alone never come by, and crypto costs 5 ms.
  const { createHash } = process.getBuiltinModule('node:crypto');
  return `${name}~${createHash('sha256').update(definedIn).digest('hex').slice(0, 6)}`;
}

/** A project that was moved keeps its destinations: same name, same place, and its old file is gone. */
function isSame(holder: DestinationRecord, wanted: DestinationRecord): boolean {
  if (holder.definedIn === wanted.definedIn) return true;
  return !existsSync(holder.definedIn) && JSON.stringify(placeOf(holder.settings)) === JSON.stringify(placeOf(wanted.settings));
}

/** What makes a destination another one; keys, ports of a jump and limits do not. */
function placeOf(settings: DestinationSettings): readonly (string | number | null)[] {
  switch (settings.type) {
    case 'local':
      return ['local', settings.path];
    case 'rsync_ssh':
      return ['rsync_ssh', settings.target, settings.port, settings.path];
    case 'rclone':
      return ['rclone', settings.remote, settings.configFile];
  }
}

function serialise(record: DestinationRecord): string {
  return `${JSON.stringify(record, null, 2)}\n`;
}

async function currentSettings({ definedIn, name, settings }: DestinationRecord): Promise<Pick<ResolvedDestination, 'settings' | 'stale'>> {
  try {
    // The environment plays no part in destinations; the user's own file may, and comes after the one that is named.
    const { config, origins } = await loadConfig({ file: definedIn, cwd: '/', env: {} });
    const current = origins.get(`destinations.${name}`)?.name === definedIn ? config.destinations.get(name) : undefined;
    return current === undefined ? { settings, stale: `${definedIn} does not define "${name}" any more` } : { settings: current, stale: null };
  } catch (error) {
    return { settings, stale: error instanceof Error ? error.message : String(error) };
  }
}

function adHoc(name: string, { config, files }: LoadedConfig): ResolvedDestination {
  const known = [...config.destinations.keys()];
  if (!name.includes('/')) {
    const meant = didYouMean(name, known);
    const where = files.project ?? files.user ?? 'longhaul.yaml';
    const fix = meant === null ? `add it to ${JSON.stringify(where)}: destinations: { ${/^[\w-]+$/.test(name) ? name : 'NAME'}: { type: local, path: /mnt/nas/lab } }; known now: ${known.join(', ') || 'none'}` : `did you mean ${meant}?`;
    throw new ConfigError(`there is no destination "${name}"`, { fix });
  }
  if (!path.isAbsolute(name)) throw new ConfigError(`"${name}" is not an absolute path`, { fix: `write it in full: --to ${JSON.stringify(path.resolve(name))}` });
  const folder = path.resolve(name);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return { id: folder, settings: localSettings(folder), definedIn: null, stale: null };
  throw new ConfigError(`"${folder}" is not a folder that exists`, { fix: 'create it, or mount the disk that holds it; it is never created by itself, lest results land on an empty mount point' });
}

function localSettings(folder: string): DestinationSettings {
  return { type: 'local', path: folder, bandwidth: null, bandwidthWindows: [], concurrency: null, as: null };
}
