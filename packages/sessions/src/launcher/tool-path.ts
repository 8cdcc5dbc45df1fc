import { findProgram } from '@longhaul/exec';

const SYSTEM = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/**
 * The PATH on which the launcher finds its tools: the system's folders first, since a person's PATH may hold wrappers of `mv`
 * or `env` that need an environment; where the system has no folders of that name (NixOS, Guix), the caller's.
 */
export function toolPath(env: Readonly<Record<string, string | undefined>> = process.env): string {
  const own = env['PATH'];
  return own === undefined || own === '' || findProgram('mv', { PATH: SYSTEM }) !== null ? withScript(env) : own;
}

/** `script` alone may lie elsewhere: an util-linux from Homebrew or /opt. */
function withScript(env: Readonly<Record<string, string | undefined>>): string {
  if (findProgram('script', { PATH: SYSTEM }) !== null) return SYSTEM;
  const script = findProgram('script', env);
  return script === null ? SYSTEM : `${SYSTEM}:${script.slice(0, script.lastIndexOf('/'))}`;
}
