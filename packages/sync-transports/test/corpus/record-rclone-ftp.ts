import { once } from 'node:events';
import { mkdirSync, chmodSync } from 'node:fs';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import type { ProgramResult, RcloneRemote } from '@longhaul/testbed';
import { freePort, readOnlyMount, smallDisk, startFtpServer, startTcpProxy } from '@longhaul/testbed';
import type { CaseToRecord } from './recorded-case.ts';

/** The push itself, to a remote. */
export type CopyTo = (dir: string, run: { readonly remote: RcloneRemote; readonly bytes?: number }) => Promise<ProgramResult>;

const remoteAt = (port: number): RcloneRemote => ({ type: 'ftp', host: '127.0.0.1', port: String(port), user: 'lab', pass: 'x' });

/** What a server that nobody can install here says to one command; all others get what they want. rclone's words for it are its own. */
async function answering(command: string, answer: string): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<Socket>();
  const data = createServer((socket) => void keep(sockets, socket).end()).listen(0, '127.0.0.1');
  await once(data, 'listening');
  const usual: Readonly<Record<string, string>> = {
    GREETING: '220 lab', USER: '331 Password required', PASS: '230 Logged in', FEAT: '211-Features:\r\n EPSV\r\n211 End', EPSV: `229 Entering Extended Passive Mode (|||${String((data.address() as AddressInfo).port)}|)`,
    LIST: '150 Opening\r\n226 Complete', STOR: '150 Opening\r\n226 Complete', MKD: '257 "tree" created',
  };
  const say = (socket: Socket, word: string): void => void socket.write(`${word === command || (word === 'PASV' && command === 'EPSV') ? answer : (usual[word] ?? '200 Done')}\r\n`);
  const control = createServer((socket) => {
    keep(sockets, socket);
    say(socket, 'GREETING');
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      for (const line of text.split('\r\n').slice(0, -1)) say(socket, line.split(' ')[0]?.toUpperCase() ?? '');
      text = text.slice(text.lastIndexOf('\n') + 1);
    });
  }).listen(0, '127.0.0.1');
  await once(control, 'listening');
  return {
    port: (control.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      for (const server of [data, control]) {
        server.close();
        await once(server, 'close');
      }
    },
  };
}

function keep(sockets: Set<Socket>, socket: Socket): Socket {
  sockets.add(socket);
  // It may be reset while an answer is on its way.
  return socket.on('error', () => undefined).resume();
}

/** Words of vsftpd, proftpd and pure-ftpd, from their manuals and sources; of servers with quotas; of those that want TLS. */
const WORDS: readonly (readonly [id: string, expectedKind: string, command: string, answer: string])[] = [
  ['login-incorrect', 'auth', 'PASS', '530 Login incorrect.'],
  ['not-logged-in', 'auth', 'USER', '530 Permission denied.'],
  ['too-many-users', 'throttled', 'GREETING', '421 There are too many connected users, please try later.'],
  ['too-many-connections', 'throttled', 'GREETING', '421 There are too many connections from your internet address.'],
  ['max-clients', 'throttled', 'PASS', '530 Sorry, the maximum number of allowed clients (30) are already connected.'],
  ['idle', 'network', 'LIST', '421 Timeout - try typing a little faster next time'],
  ['wants-tls', 'config', 'USER', '530 Non-anonymous sessions must use encryption.'],
  ['no-data-connection', 'network', 'EPSV', '425 Can\'t open data connection.'],
  ['transfer-aborted', 'network', 'STOR', '426 Failure reading network stream.'],
  ['write-failed', 'no_space', 'STOR', '451 Failure writing to local file.'],
  ['no-storage', 'no_space', 'STOR', '452 Insufficient storage space in system'],
  ['quota', 'no_space', 'STOR', '552 Requested file action aborted: exceeded storage allocation'],
  ['not-created', 'permission', 'STOR', '553 Could not create file.'],
  ['local-error', 'unknown', 'STOR', '451 Requested action aborted: local error in processing'],
];

/** What FTP servers say (proftpd as it runs here, others by their words). */
export function ftpCases(copy: CopyTo): readonly CaseToRecord[] {
  return [
    { id: 'rclone-ftp-wrong-password', expectedKind: 'auth', run: async (dir) => { await using ftp = await startFtpServer({ folder: served(dir) }); return await copy(dir, { remote: { ...ftp.remote, pass: 'wrong' } }); } },
    { id: 'rclone-ftp-refused', expectedKind: 'network', run: async (dir) => copy(dir, { remote: remoteAt(await freePort()) }) },
    { id: 'rclone-ftp-no-such-host', expectedKind: 'network', run: async (dir) => copy(dir, { remote: { ...remoteAt(21), host: 'nas.invalid' } }) },
    { id: 'rclone-ftp-stalled', expectedKind: 'network', run: async (dir) => { await using ftp = await startFtpServer({ folder: served(dir) }); await using proxy = await startTcpProxy({ target: ftp.port, stalled: true }); return await copy(dir, { remote: { ...ftp.remote, port: String(proxy.port) } }); } },
    // The control connection goes through the proxy, the data's does not: it is cut behind the login.
    { id: 'rclone-ftp-cut', expectedKind: 'network', run: async (dir) => { await using ftp = await startFtpServer({ folder: served(dir) }); await using proxy = await startTcpProxy({ target: ftp.port, cutAfter: { up: 60, down: Number.POSITIVE_INFINITY } }); return await copy(dir, { remote: { ...ftp.remote, port: String(proxy.port) } }); } },
    { id: 'rclone-ftp-disk-full', expectedKind: 'no_space', run: async (dir) => { await using disk = await smallDisk({ bytes: 1 << 20 }); await using ftp = await startFtpServer({ folder: disk.path }); return await copy(dir, { bytes: 3_000_000, remote: ftp.remote }); } },
    { id: 'rclone-ftp-denied', expectedKind: 'permission', run: async (dir) => { const folder = served(dir); chmodSync(dirname(dir), 0o755); await using ftp = await startFtpServer({ folder, runAs: 65534 }); return await copy(dir, { remote: ftp.remote }); } },
    // rclone takes every refusal to make a folder for one that is there already; then the file finds none.
    { id: 'rclone-ftp-read-only', expectedKind: 'permission', run: async (dir) => { await using frozen = await readOnlyMount(served(dir)); await using ftp = await startFtpServer({ folder: frozen.path }); return await copy(dir, { remote: ftp.remote }); } },
    ...WORDS.map(([id, expectedKind, command, answer]): CaseToRecord => ({ id: `rclone-ftp-says-${id}`, expectedKind, run: async (dir) => { await using server = await answering(command, answer); return await copy(dir, { remote: remoteAt(server.port) }); } })),
  ];
}

function served(dir: string): string {
  mkdirSync(`${dir}/served`);
  return `${dir}/served`;
}
