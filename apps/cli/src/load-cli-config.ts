import type { LoadedConfig } from '@longhaul/config';
import { loadConfig } from '@longhaul/config';

import type { Cli } from './cli-context.ts';

/** The configuration as this command line asks for it; warnings are said. */
export async function loadCliConfig({ cwd, env, configFile, tmuxSocket, printer }: Cli): Promise<LoadedConfig> {
  const loaded = await loadConfig({ cwd, env, file: configFile, flags: { 'tmux.socket': tmuxSocket } });
  for (const warning of loaded.warnings) printer.warn(warning);
  return loaded;
}
