import { readdirSync } from 'node:fs';
import path from 'node:path';

import type { Config } from '@longhaul/config';
import { loadConfig, resolveStateDir } from '@longhaul/config';

import type { Cli } from '../cli-context.ts';
import type { CommandModule } from '../command-module.ts';
import type { NameSource } from '../completion/candidates.ts';
import { candidates } from '../completion/candidates.ts';
import { EXIT } from '../exit-code.ts';

export const complete: CommandModule = {
  usage: '-- WORD…',
  about: 'Called by the shell at each Tab, with the words after longhaul; the last one is being typed. Starts nothing and asks no backend.',
  examples: [{ line: 'longhaul complete -- stop tr', text: 'names of sessions that begin with tr' }],
  takesCommand: 'yes',
  operands: { min: 0, max: 0 },
  run: async (cli, { command }) => {
    const found = await candidates(command ?? [''], namesFor(cli));
    cli.printer.result({ candidates: found }, () => found.map((candidate) => `${candidate}\n`).join(''));
    return EXIT.OK;
  },
};

/** What is not known is no candidate: at the prompt a Tab must never become an error. */
function namesFor({ cwd, env, configFile, stateDir }: Cli): NameSource {
  let config: Promise<Config | null> | null = null;
  const read = (): Promise<Config | null> => (config ??= loadConfig({ cwd, env, file: configFile }).then((loaded) => loaded.config, () => null));
  return {
    sessions: () => {
      try {
        return readdirSync(path.join(stateDir ?? resolveStateDir(env), 'sessions')).sort();
      } catch {
        return [];
      }
    },
    defined: async () => [...((await read())?.sessions.keys() ?? [])],
    destinations: async () => [...((await read())?.destinations.keys() ?? [])],
  };
}
