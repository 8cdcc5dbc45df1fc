import { ConfigError } from '@longhaul/errors';

import type { DestinationSettings, Origin, OriginKind, SessionSettings, WatchSettings } from './config.ts';
import type { Setting, SettingValue } from './setting.ts';
import { SETTINGS } from './setting.ts';
import type { Environment } from './state-dir.ts';

/** A value and where it came from. */
export interface Placed<T> {
  readonly value: T;
  readonly origin: Origin;
}

/** What one source of settings says; sources are laid over one another by precedence. */
export interface Layer {
  readonly settings: ReadonlyMap<string, Placed<SettingValue>>;
  readonly sessions: ReadonlyMap<string, Placed<SessionSettings>>;
  readonly destinations: ReadonlyMap<string, Placed<DestinationSettings>>;
  readonly watch: readonly Placed<WatchSettings>[];
}

const NOTHING = { sessions: new Map(), destinations: new Map(), watch: [] } as const;

/** What holds where nobody says otherwise. */
export function defaultLayer(): Layer {
  const origin: Origin = { kind: 'default', name: null, line: null, column: null };
  return { ...NOTHING, settings: new Map(SETTINGS.map((setting) => [setting.path, { value: setting.default, origin }])) };
}

/** The variables `LONGHAUL_…`; an empty one counts as not set. @throws ConfigError naming the variable, not its value */
export function envLayer(env: Environment): Layer {
  return textLayer('env', (setting) => ({ name: setting.env, text: env[setting.env] }));
}

/** Flags of a command line, by the path of the setting. @throws ConfigError naming the flag */
export function flagLayer(flags: Readonly<Record<string, string | undefined>>): Layer {
  return textLayer('flag', (setting) => ({ name: `--${(setting.path.split('.').join('-')).replace(/[A-Z]/g, (char) => `-${char.toLowerCase()}`)}`, text: flags[setting.path] }));
}

function textLayer(kind: OriginKind, find: (setting: Setting) => { readonly name: string; readonly text: string | undefined }): Layer {
  const settings = new Map<string, Placed<SettingValue>>();
  for (const setting of SETTINGS) {
    const { name, text } = find(setting);
    if (text === undefined || text === '') continue;
    const value = setting.read(text);
    if (value === null) throw new ConfigError(`${name} cannot be used`, { fix: `it must be ${setting.expected}` });
    settings.set(setting.path, { value, origin: { kind, name, line: null, column: null } });
  }
  return { ...NOTHING, settings };
}
