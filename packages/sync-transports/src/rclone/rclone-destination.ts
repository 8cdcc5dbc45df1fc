import { ConfigError } from '@longhaul/errors';

/**
 * How a destination proves what it holds: by SHA-256 of its own (`hash`), by reading every byte back (`download`), by sizes alone (`size`, which
 * never authorises reclaim); `auto`: the strongest that it can (design §5.2).
 */
export type RcloneVerify = 'auto' | 'hash' | 'download' | 'size';

/** A remote of rclone's own configuration. */
export interface RcloneDestination {
  /** `remote:path`, as rclone writes it. What is behind the colon must exist: nobody creates it. */
  readonly remote: string;
  /** Default `auto`. */
  readonly verify?: RcloneVerify;
  /** rclone's configuration file; left out: rclone's own default. */
  readonly configFile?: string;
  /** Files that travel at the same time. Left out: rclone's own default, 4. */
  readonly transfers?: number;
  /** The destination's name in the configuration, for hints. */
  readonly name?: string;
}

const REMOTE = /^(?<remote>[^\s:,/-][^:,/]*):(?<path>[^\0]*)$/;

/** A destination whose `remote` was taken apart. */
export interface ParsedDestination extends RcloneDestination {
  /** Without the colon. */
  readonly remoteName: string;
  /** Behind the colon, without slashes at its end. */
  readonly root: string;
}

/**
 * Options within `remote` (`:webdav,url=…:`, `nas,pass=…:`) are refused: they would stand in the argument list of every call, where any user
 * of the machine reads them.
 * @throws ConfigError
 */
export function parseRcloneDestination(destination: RcloneDestination): ParsedDestination {
  const { remote, transfers } = destination;
  const { remote: remoteName, path } = REMOTE.exec(remote)?.groups ?? {};
  if (remoteName === undefined || path === undefined) {
    // What is refused may hold a password: it is not repeated.
    throw new ConfigError('`remote` of an rclone destination is no remote:path', { fix: 'make the remote with "rclone config", options and secrets in there, and write its name: remote: "nas:lab"' });
  }
  if (transfers !== undefined && !(Number.isSafeInteger(transfers) && transfers >= 1 && transfers <= 64)) {
    throw new ConfigError(`${String(transfers)} cannot be the number of transfers of ${remote}`, { fix: 'transfers: 8' });
  }
  return { ...destination, remoteName, root: path.length > 1 ? path.replace(/\/+$/, '') : path };
}
