import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '@longhaul/errors';

/** How a machine is reached by ssh. What is not given is ssh's own default (design §5.2). */
export interface SshDestination {
  /** `user@host`, `host`, or a Host of the ssh configuration. */
  readonly target: string;
  readonly port?: number;
  /** Private key file; then no other key is offered. */
  readonly sshKey?: string;
  /** known_hosts file in place of the user's. */
  readonly knownHosts?: string;
  /** Configuration file in place of the user's and the system's. */
  readonly sshConfig?: string;
  /** Name in the configuration of Longhaul, for hints. */
  readonly name?: string;
}

/** Checks what would otherwise be taken for something else, and makes the files' paths whole. @throws ConfigError */
export function parseSshDestination(raw: SshDestination): SshDestination {
  const { target, port } = raw;
  if (target === '' || target.startsWith('-') || /[\s\p{Cc}]/u.test(target)) {
    throw new ConfigError(`${JSON.stringify(target)} cannot be the target of an ssh destination`, { fix: 'target: user@host' });
  }
  if (port !== undefined && !(Number.isInteger(port) && port >= 1 && port <= 65_535)) {
    throw new ConfigError(`${String(port)} cannot be the port of ${target}`, { fix: 'port: 22' });
  }
  return { ...raw, ...filesOf(raw) };
}

function filesOf({ sshKey, knownHosts, sshConfig }: SshDestination): Partial<SshDestination> {
  return {
    ...(sshKey === undefined ? {} : { sshKey: expandHome(sshKey) }),
    ...(knownHosts === undefined ? {} : { knownHosts: expandHome(knownHosts) }),
    ...(sshConfig === undefined ? {} : { sshConfig: expandHome(sshConfig) }),
  };
}

/** ssh expands `~` in some of its options only. */
function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}
