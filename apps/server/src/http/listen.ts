import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';

import { ConfigError } from '@longhaul/errors';

/** sun_path of the smallest system, with its NUL (macOS 104, Linux 108). Bytes. */
const MAX_PATH = 103;

/** `<state>/server/longhaul.sock`. */
export function socketPath(stateDir: string): string {
  return path.join(stateDir, 'server', 'longhaul.sock');
}

/**
 * Listens on the socket: 0600, in a folder 0700. To be called by the holder of the server's lock only, so that a socket
 * that is there has a dead owner; it is replaced all the same only when nobody answers on it.
 *
 * @throws ConfigError for a path that is too long, or a socket that somebody answers on
 */
export async function listenPrivately(server: Server, stateDir: string): Promise<string> {
  const socket = socketPath(stateDir);
  if (Buffer.byteLength(socket) > MAX_PATH) {
    throw new ConfigError(`the path of the socket is too long: ${JSON.stringify(socket)}`, { fix: `choose a state directory whose path is shorter by ${String(Buffer.byteLength(socket) - MAX_PATH)} bytes` });
  }
  mkdirSync(path.dirname(socket), { recursive: true, mode: 0o700 });
  chmodSync(path.dirname(socket), 0o700);
  await replaceDead(socket);
  // The mode of a socket is decided when it is bound: set before, there is no moment in which others could connect.
  const before = process.umask(0o177);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(socket, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } finally {
    process.umask(before);
  }
  return socket;
}

async function replaceDead(socket: string): Promise<void> {
  const stat = lstatSync(socket, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (!stat.isSocket()) throw new ConfigError(`${JSON.stringify(socket)} is there and is no socket`, { fix: 'move it away' });
  if (await answers(socket)) throw new ConfigError(`somebody else answers on ${JSON.stringify(socket)}`, { fix: 'end that program, or use another state directory' });
  rmSync(socket, { force: true });
}

async function answers(socket: string): Promise<boolean> {
  return await new Promise((resolve) => {
    const client = connect(socket);
    client.once('connect', () => {
      client.destroy();
      resolve(true);
    });
    client.once('error', () => {
      resolve(false);
    });
  });
}
