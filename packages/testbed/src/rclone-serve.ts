import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, writeFile } from 'node:fs/promises';
import { answers } from './answers.ts';
import { freePort } from './free-port.ts';
import { runToEnd } from './run-program.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';
import { startWatchdog } from './watchdog.ts';

/** What is served, how, and to whom. */
export interface RcloneServeOptions {
  /** What Debian's rclone has; it lacks `ftp`. */
  readonly protocol: 'webdav' | 'sftp';
  /** The folder that clients see. */
  readonly folder: string;
  /** It runs as this uid and gid, without other groups (root only): a place where EACCES is real. */
  readonly runAs?: number;
}

/** A server of rclone's own on loopback. */
export interface RcloneServer extends AsyncDisposable {
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** What it has logged. */
  log(): string;
}

/** Starts `rclone serve`. Ready when it returns; nothing of what lies in the folder is kept in memory, so that a test may change it. */
export async function startRcloneServer({ protocol, folder, runAs }: RcloneServeOptions): Promise<RcloneServer> {
  const dir = await tempDir('longhaul-rclone-serve-');
  const [port, user, password] = [await freePort(), 'lab', 'correct horse'];
  const home = dir.join('home');
  if (runAs !== undefined) await chown(dir.path, runAs, runAs);
  const args = ['serve', protocol, folder, '--addr', `127.0.0.1:${String(port)}`, '--user', user, '--pass', password, '--dir-cache-time', '0s', '--vfs-cache-mode', 'off', '--cache-dir', dir.join('cache'), '--config', dir.join('none.conf')];
  const child = spawn('rclone', args, { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, HOME: home, XDG_CACHE_HOME: home }, ...(runAs === undefined ? {} : { uid: runAs, gid: runAs }) });
  const watchdog = startWatchdog(dir.path);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    watchdog.kill('SIGKILL');
    await dir[Symbol.asyncDispose]();
  };
  try {
    await waitFor(async () => {
      if (child.exitCode !== null) throw new Error(`rclone serve ended: ${text}`);
      return answers(port);
    }, { what: `rclone serve ${protocol}` });
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, user, password, log: () => text, [Symbol.asyncDispose]: stop };
}

/** One remote of a configuration: `type` and options; `pass` in clear, it is obscured for the file. */
export type RcloneRemote = Readonly<Record<string, string>>;

/** Writes a configuration file of rclone. */
export async function writeRcloneConfig(path: string, remotes: Readonly<Record<string, RcloneRemote>>): Promise<void> {
  const sections: string[] = [];
  for (const [name, options] of Object.entries(remotes)) {
    const lines: string[] = [];
    for (const [key, value] of Object.entries(options)) lines.push(`${key} = ${key === 'pass' ? await obscured(value) : value}`);
    sections.push(`[${name}]\n${lines.join('\n')}\n`);
  }
  await writeFile(path, sections.join('\n'), { mode: 0o600 });
}

/** A remote for a server of {@link startRcloneServer}, or a proxy in front of it. */
export function remoteOf(protocol: RcloneServeOptions['protocol'], { port, user, password: pass }: Pick<RcloneServer, 'port' | 'user' | 'password'>): RcloneRemote {
  const base = { user, pass };
  return protocol === 'webdav' ? { type: 'webdav', vendor: 'other', url: `http://127.0.0.1:${String(port)}`, ...base } : { type: 'sftp', host: '127.0.0.1', port: String(port), ...base };
}

async function obscured(password: string): Promise<string> {
  const { stdout } = await runToEnd('rclone', ['obscure', '-'], { input: password });
  return stdout.toString().trim();
}
