import { chmodSync, lstatSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';

import { ConfigError } from '@longhaul/errors';

import { homeFolder } from './home-folder.ts';

/** The environment that settings are read from; `process.env` fits. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Where the state lives (design §7): `$LONGHAUL_STATE_DIR`, else `$XDG_STATE_HOME/longhaul`, else `~/.local/state/longhaul`.
 * An XDG path that is not absolute is ignored, as its specification asks. Touches no file.
 *
 * @throws ConfigError when `LONGHAUL_STATE_DIR` is not an absolute path: two folders would otherwise see two states.
 */
export function resolveStateDir(env: Environment = process.env, home: string = homeFolder()): string {
  const own = env['LONGHAUL_STATE_DIR'];
  if (own !== undefined && own !== '') {
    if (path.isAbsolute(own)) return path.normalize(own).replace(/(?<=.)\/+$/, '');
    throw new ConfigError('LONGHAUL_STATE_DIR is not an absolute path', { fix: `export LONGHAUL_STATE_DIR="$PWD/…", beginning with a slash` });
  }
  const xdg = env['XDG_STATE_HOME'];
  const base = xdg !== undefined && path.isAbsolute(xdg) ? xdg : path.join(home, '.local', 'state');
  return path.join(base, 'longhaul');
}

/**
 * Creates the state directory, or makes sure that the one that is there is ours and closed to others (0700).
 *
 * @throws ConfigError when it is no directory, or belongs to somebody else
 */
export function ensureStateDir(stateDir: string): void {
  makePrivateDir(stateDir);
  const stat = statSync(stateDir);
  if (!stat.isDirectory()) throw notUsable(stateDir, 'is not a directory');
  const uid = process.getuid?.();
  if (uid !== undefined && stat.uid !== uid) throw notUsable(stateDir, `belongs to another user (uid ${String(stat.uid)})`);
  // Logs and environment files lie below it: what a person's umask left open is closed here.
  if ((stat.mode & 0o077) !== 0) chmodSync(stateDir, 0o700);
}

function makePrivateDir(dir: string): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 });
  } catch (error) {
    if (isFile(dir)) throw notUsable(dir, 'is not a directory');
    throw new ConfigError(`the state directory ${JSON.stringify(dir)} cannot be created: ${messageOf(error)}`, {
      cause: error,
      fix: 'name another one with LONGHAUL_STATE_DIR=/absolute/path',
    });
  }
}

function isFile(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isDirectory() === false;
}

function notUsable(dir: string, what: string): ConfigError {
  return new ConfigError(`the state directory ${JSON.stringify(dir)} ${what}`, { fix: 'name another one with LONGHAUL_STATE_DIR=/absolute/path' });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
