import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { appendFile, chown, mkdir, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { userInfo } from 'node:os';
import type { RcloneRemote, RcloneServer } from './rclone-serve.ts';
import { findProgram } from './require-service.ts';
import { runToEnd } from './run-program.ts';
import { tempDir } from './temp-dir.ts';
import { startWatchdog } from './watchdog.ts';

/** What is served, and to whom. */
export interface FtpServerOptions {
  /** The folder in which clients begin. */
  readonly folder: string;
  /** It serves as this uid and gid, without other groups (root only): a place where EACCES is real. */
  readonly runAs?: number;
  /** Lines for its configuration, `MaxClients 1` for example; they stand behind ours, and the last of two counts. */
  readonly config?: readonly string[];
}

/** An FTP server on loopback. */
export interface FtpServer extends RcloneServer {
  /** For rclone. */
  readonly remote: RcloneRemote;
}

/**
 * Starts proftpd as tests need it: loopback, passive mode, a port above 1024, one user with a password who exists nowhere else, nothing of the machine's own
 * configuration. It keeps times (MFMT), as most FTP servers of today do; FTP has no hashes, and nothing to tell free space by. This process takes the
 * connections and gives each a proftpd of its own: as a daemon it rests for 0.4 s whenever one has ended, and each call of rclone is one. Ready when it returns.
 */
export async function startFtpServer(options: FtpServerOptions): Promise<FtpServer> {
  const dir = await tempDir('longhaul-ftp-');
  const [user, password] = ['lab', 'correct horse'];
  const sessions = new Set<ChildProcess>();
  let text = '';
  // Nothing is read here: the bytes are the session's.
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    socket.on('error', () => undefined);
    const session = spawn(findProgram('proftpd') ?? 'proftpd', ['--nodaemon', '--quiet', '--config', dir.join('proftpd.conf')], { stdio: [socket, socket, 'pipe'] });
    sessions.add(session);
    session.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    session.once('exit', () => sessions.delete(session));
    session.once('error', (error) => (text += error.message));
    socket.destroy();
  });
  const watchdog = startWatchdog(dir.path);
  const stop = async (): Promise<void> => {
    if (server.listening) {
      server.close();
      await once(server, 'close');
    }
    await Promise.all([...sessions].map(async (session) => end(session)));
    watchdog.kill('SIGKILL');
    await dir[Symbol.asyncDispose]();
  };
  try {
    await writeConfig(dir.path, { ...options, user, password });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    await stop();
    throw error;
  }
  const { port } = server.address() as AddressInfo;
  return { port, user, password, log: () => text + readFileSync(dir.join('log'), 'utf8'), remote: { type: 'ftp', host: '127.0.0.1', port: String(port), user, pass: password }, [Symbol.asyncDispose]: stop };
}

async function end(session: ChildProcess): Promise<void> {
  if (session.pid === undefined || session.exitCode !== null || session.signalCode !== null) return;
  const ended = once(session, 'exit');
  session.kill('SIGKILL');
  await ended;
}

async function writeConfig(dir: string, { folder, runAs, config = [], user, password }: FtpServerOptions & { readonly user: string; readonly password: string }): Promise<void> {
  const { uid, gid, username } = userInfo();
  const [userId, groupId] = runAs === undefined ? [uid, gid] : [runAs, runAs];
  const { stdout: hash } = await runToEnd('openssl', ['passwd', '-6', '-stdin'], { input: password });
  await writeFile(`${dir}/users`, `${user}:${hash.toString().trim()}:${String(userId)}:${String(groupId)}::${folder}:/bin/sh\n`, { mode: 0o600 });
  await writeFile(`${dir}/groups`, `${user}:x:${String(groupId)}:\n`, { mode: 0o600 });
  await appendFile(`${dir}/log`, '');
  await mkdir(`${dir}/state`, { mode: 0o755 });
  if (runAs !== undefined) await chown(`${dir}/state`, runAs, runAs);
  const lines = [
    'ServerName lab', 'ServerType inetd', 'UseIPv6 off', 'UseReverseDNS off',
    `User ${username}`, `ScoreboardFile ${dir}/state/scoreboard`, `SystemLog ${dir}/log`, 'TransferLog none', 'WtmpLog off', 'DelayEngine off',
    'AuthOrder mod_auth_file.c', `AuthUserFile ${dir}/users`, `AuthGroupFile ${dir}/groups`, 'RequireValidShell off', 'UseFtpUsers off', 'RootLogin on',
    'AllowOverwrite on', 'AllowStoreRestart on', 'AllowRetrieveRestart on', 'ListOptions "-a"', 'TimesGMT on',
    ...config,
  ];
  await writeFile(`${dir}/proftpd.conf`, `${lines.join('\n')}\n`);
}
