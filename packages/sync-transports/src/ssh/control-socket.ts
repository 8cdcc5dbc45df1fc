import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { SshDestination } from './ssh-destination.ts';

/** A unix socket's name has 104 bytes on macOS, 108 on Linux; ssh first listens on a name that is 17 longer. */
const LONGEST_PATH = 103 - 17;
const NAME_LENGTH = 20;

/**
 * Where the control socket of a destination lies: in a private folder with a short name, named by everything that decides
 * who logs in where. Two destinations that differ in the key share nothing: a shared socket would let a wrong key in (tried).
 * @throws TransportError of kind config where no folder is private and short enough
 */
export function controlSocketPath(destination: SshDestination): string {
  const name = socketName(destination);
  const uid = process.getuid?.() ?? 0;
  const runtime = process.env['XDG_RUNTIME_DIR'];
  const folders = [...(runtime === undefined || runtime === '' ? [] : [join(runtime, 'longhaul')]), join(tmpdir(), `longhaul-${String(uid)}`), `/tmp/longhaul-${String(uid)}`];
  for (const folder of folders) {
    const path = join(folder, name);
    if (Buffer.byteLength(path) <= LONGEST_PATH && makePrivate(folder, uid)) return path;
  }
  throw new TransportError(`no private folder with a short name for ssh's control socket: tried ${folders.join(', ')}`, {
    errorKind: TransportErrorKind.CONFIG,
    hint: 'Set XDG_RUNTIME_DIR or TMPDIR to a folder of your own with a short name',
  });
}

function socketName({ target, port, sshKey, knownHosts, sshConfig }: SshDestination): string {
  // The files' states are part of it: who exchanges a key or distrusts a host must not meet a login from before.
  const files = [sshKey, knownHosts, sshConfig].map((file) => (file === undefined ? null : `${file} ${fileState(file)}`));
  const identity = JSON.stringify([target, port ?? null, process.env['SSH_AUTH_SOCK'] ?? null, ...files]);
  return createHash('sha256').update(identity).digest('hex').slice(0, NAME_LENGTH);
}

function fileState(path: string): string {
  try {
    const { ino, size, mtimeMs } = statSync(path);
    return `${String(ino)} ${String(size)} ${String(mtimeMs)}`;
  } catch {
    // ssh itself says what is wrong with the file.
    return 'unreadable';
  }
}

/** The folder of all temporary files belongs to everybody, so a folder there may be a trap: a link, or somebody else's. */
function makePrivate(folder: string, uid: number): boolean {
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) return false;
  }
  const stat = lstatSync(folder);
  return stat.isDirectory() && stat.uid === uid && (stat.mode & 0o077) === 0;
}
