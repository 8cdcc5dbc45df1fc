import { statSync } from 'node:fs';
import path from 'node:path';

import { ConfigError } from '@longhaul/errors';

import { homeFolder } from './home-folder.ts';
import { expandHome } from './setting.ts';
import type { Environment } from './state-dir.ts';

/** The name that is looked for from the working directory upwards. */
export const CONFIG_FILE = 'longhaul.yaml';

/** Which files there are. */
export interface FoundFiles {
  readonly project: string | null;
  readonly user: string | null;
  /** A file that was passed over, and why. */
  readonly warnings: readonly string[];
}

export interface FindOptions {
  readonly cwd: string;
  readonly env: Environment;
  readonly home?: string;
  /** Named by a flag; it takes the project file's place and must exist. */
  readonly file?: string | undefined;
}

/**
 * Looks for `longhaul.yaml` upwards from the working directory, and for the user's own file (design §7). A few calls of
 * stat, nothing is read. A file found on the way that belongs to another user is passed over with a warning: it could
 * name commands to run; who means it names it with `--config`.
 *
 * @throws ConfigError when a file that was named does not exist
 */
export function findConfigFiles({ cwd, env, home = homeFolder(), file }: FindOptions): FoundFiles {
  const warnings: string[] = [];
  const project = namedFile({ cwd, env, home, file }) ?? findUpwards(cwd, warnings);
  return { project, user: userFile(env, home), warnings };
}

function namedFile({ cwd, env, home = homeFolder(), file }: FindOptions): string | null {
  const [named, by] = file === undefined ? [env['LONGHAUL_CONFIG'], 'LONGHAUL_CONFIG'] : [file, '--config'];
  if (named === undefined || named === '') return null;
  const full = path.resolve(cwd, expandHome(named, home));
  if (ownerOf(full) !== null) return full;
  throw new ConfigError(`${JSON.stringify(full)}, named by ${by}, is not there or is not a file`, { fix: `name a file that exists, or leave ${by} out` });
}

function findUpwards(cwd: string, warnings: string[]): string | null {
  for (let dir = path.resolve(cwd); ; dir = path.dirname(dir)) {
    const file = path.join(dir, CONFIG_FILE);
    const owner = ownerOf(file);
    if (owner !== null) {
      if (isTrusted(owner)) return file;
      warnings.push(`${JSON.stringify(file)} was not read: it belongs to another user (uid ${String(owner)}). To use it: --config ${JSON.stringify(file)}`);
    }
    if (dir === path.dirname(dir)) return null;
  }
}

function userFile(env: Environment, home: string): string | null {
  const xdg = env['XDG_CONFIG_HOME'];
  const base = xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(home, '.config');
  const file = path.join(base, 'longhaul', 'config.yaml');
  return ownerOf(file) === null ? null : file;
}

/** The uid of the file's owner; null where there is no such file. */
function ownerOf(file: string): number | null {
  try {
    const stat = statSync(file, { throwIfNoEntry: false });
    return stat?.isFile() === true ? stat.uid : null;
  } catch (error) {
    // A folder above that may not be searched holds nothing that we could read.
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return null;
    throw error;
  }
}

function isTrusted(owner: number): boolean {
  return owner === 0 || process.getuid === undefined || owner === process.getuid();
}
