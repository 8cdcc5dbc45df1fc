import { lstatSync, readdirSync, realpathSync } from 'node:fs';
import { connect } from 'node:net';
import { basename, dirname, join } from 'node:path';

import { BackendUnavailableError } from '@longhaul/errors';

/** Where a tmux server listens: by name in the user's socket folder (`-L`), or by path (`-S`). */
export type TmuxSocket = { readonly name: string } | { readonly path: string };

type Environment = Readonly<Record<string, string | undefined>>;

/** The folder that `tmux -L` looks in for this user: `$TMUX_TMPDIR/tmux-UID`, else `/tmp/tmux-UID`. */
export function socketFolder(env: Environment, uid: number = process.getuid?.() ?? 0): string {
  const parent = env['TMUX_TMPDIR'];
  // As tmux does: on macOS /tmp is a link.
  return join(real(parent === undefined || parent === '' ? '/tmp' : parent), `tmux-${String(uid)}`);
}

/** The path at which this socket is found. */
export function socketPath(socket: TmuxSocket, env: Environment): string {
  return 'path' in socket ? socket.path : join(socketFolder(env), socket.name);
}

/** How a socket is called in listings: its name in the user's folder, its path elsewhere. */
export function socketLabel(path: string, env: Environment): string {
  return dirname(path) === socketFolder(env) ? basename(path) : path;
}

/**
 * All sockets in the user's folder. Files that nobody listens at are among them.
 *
 * @throws BackendUnavailableError when the folder is there and cannot be read: what is in it is unknown, not absent.
 */
export function findSockets(env: Environment): readonly string[] {
  const folder = socketFolder(env);
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isSocket()).map((entry) => join(folder, entry.name));
  } catch (cause) {
    // No such folder: this user has no tmux server.
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw new BackendUnavailableError('tmux', `the folder of its sockets, ${folder}, cannot be read`, { cause });
  }
}

/**
 * Whether somebody listens at a socket. `missing`: there is no such file, `refused`: the server that made it is gone.
 * Costs no process, unlike asking tmux.
 */
export type SocketState = 'listening' | 'refused' | 'missing' | 'unknown';

/** See {@link SocketState}. A server that is stopped still counts as listening: the kernel answers for it. */
export function probeSocket(path: string): Promise<SocketState> {
  // Longer paths cannot be connected to, and Node would cut them.
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH) return Promise.resolve('unknown');
  return new Promise((resolve) => {
    const socket = connect(path);
    const settle = (state: SocketState): void => {
      socket.destroy();
      resolve(state);
    };
    socket.once('connect', () => {
      settle('listening');
    });
    socket.once('error', (error: NodeJS.ErrnoException) => {
      settle(FAILURES[error.code ?? ''] ?? 'unknown');
    });
  });
}

/** sun_path of the smallest system (macOS: 104 with its NUL). */
const MAX_SOCKET_PATH = 103;

const FAILURES: Readonly<Record<string, SocketState>> = { ENOENT: 'missing', ENOTDIR: 'missing', ECONNREFUSED: 'refused', ENOTSOCK: 'refused', EAGAIN: 'listening' };

/** Whether two paths lead to one socket file. */
export function isSameSocket(a: string, b: string): boolean {
  return a === b || real(a) === real(b);
}

/** Whether there is a file of this name at all. */
export function socketExists(path: string): boolean {
  try {
    return lstatSync(path).isSocket();
  } catch {
    return false;
  }
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
