import type { LoadedConfig } from '@longhaul/config';
import { loadConfig } from '@longhaul/config';

import type { Cli } from './cli-context.ts';
import { settingsCache } from './settings-cache.ts';

/** The configuration as this command line asks for it; warnings are said. */
export async function loadCliConfig(cli: Cli): Promise<LoadedConfig> {
  const { cwd, env, configFile, tmuxSocket, printer } = cli;
  const loaded = await loadConfig({ cwd, env, file: configFile, flags: { 'tmux.socket': tmuxSocket }, cache: settingsCache(cli) });
  for (const warning of loaded.warnings) printer.warn(warning);
  return loaded;
}
