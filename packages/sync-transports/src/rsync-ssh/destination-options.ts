import { ConfigError } from '@longhaul/errors';
import type { SshDestination } from '../ssh/index.ts';
import { parseSshDestination } from '../ssh/index.ts';

/** A folder on a machine that is reached by ssh (design §5.2). */
export interface RsyncSshDestination extends SshDestination {
  /** The folder there; `~/` is that account's home. It must exist. */
  readonly path: string;
}

/** @throws ConfigError */
export function parseRsyncSshDestination(raw: RsyncSshDestination): RsyncSshDestination {
  const { path } = raw;
  if (path === '' || path.includes('\0')) throw new ConfigError(`${JSON.stringify(path)} cannot be the path of ${raw.target}`, { fix: 'path: /volume1/lab' });
  return { ...parseSshDestination(raw), path };
}
