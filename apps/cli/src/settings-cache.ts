import path from 'node:path';

import type { LoadOptions } from '@longhaul/config';
import { resolveStateDir } from '@longhaul/config';

import type { Cli } from './cli-context.ts';

/** A hash of what reads the settings, put here by the build; not there where the program runs from its sources. */
declare const lhSettingsReader: string | undefined;

/**
 * Beside the compiled code: what was read of the settings, so that zod and yaml are loaded once for each text and not at every start-up
 * (34 ms, where a bare Node took 31).
 */
export function settingsCache({ stateDir, env }: Pick<Cli, 'stateDir' | 'env'>): LoadOptions['cache'] {
  if (typeof lhSettingsReader === 'undefined') return undefined;
  return { folder: path.join(stateDir ?? resolveStateDir(env), 'cache'), program: lhSettingsReader };
}
