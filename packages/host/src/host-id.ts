import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';

import { ConfigError } from '@longhaul/errors';

import { createFile } from './atomic-file.ts';

const HOST_ID = /^[0-9a-f]{32}$/;

/**
 * The identity of this state directory (design §5.2): made once at random, so that two hosts, or two state directories
 * of one host, never take each other's results for their own.
 *
 * @throws ConfigError when the file is damaged: a new id would make all published results a stranger's
 */
export function hostId(stateDir: string): string {
  const file = path.join(stateDir, 'host-id');
  const known = read(file);
  if (known !== null) return checked(known, file);
  createFile(file, `${randomBytes(16).toString('hex')}\n`);
  return checked(read(file) ?? '', file);
}

function checked(text: string, file: string): string {
  const id = text.trim();
  if (HOST_ID.test(id)) return id;
  throw new ConfigError(`${JSON.stringify(file)} is damaged: it must hold 32 hexadecimal digits`, {
    fix: `restore it from a backup; results that were sent under the old id are only safe to overwrite with it`,
  });
}

function read(file: string): string | null {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
