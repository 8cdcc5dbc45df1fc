import { existsSync } from 'node:fs';
import path from 'node:path';

/**
 * The working directory. Where somebody has removed it, its name as the shell has it, unless something is there (the name is another's, or was made
 * anew): what is relative to it is then reported as missing by whoever needs it, and whoever does not, `longhaul stop` say, does its work.
 */
export function currentFolder(env: Readonly<Record<string, string | undefined>> = process.env): string {
  try {
    return process.cwd();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    const name = env['PWD'];
    return name !== undefined && path.isAbsolute(name) && !existsSync(name) ? path.normalize(name) : '/nonexistent';
  }
}
