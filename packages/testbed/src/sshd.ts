import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { appendFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { answers } from './answers.ts';
import { freePort } from './free-port.ts';
import { findProgram } from './require-service.ts';
import { runProgram } from './run-program.ts';
import { tempDir } from './temp-dir.ts';
import { waitFor } from './wait-for.ts';

export interface SshdOptions {
  /** `start:rate:full`; `0:100:0` refuses every connection. */
  readonly maxStartups?: string;
  /** PATH of remote commands, e.g. a folder of busybox links. */
  readonly path?: string;
  /** Remote commands run as this uid and gid, without other groups (root only): a place where EACCES is real. */
  readonly runAs?: number;
  /** Lines for sshd_config; they stand before ours, and sshd takes the first of two. */
  readonly config?: readonly string[];
  /** A fixed port, to stand where a stopped one stood. */
  readonly port?: number;
}

/** A real sshd on loopback, with its own host key and one key that may log in. */
export interface Sshd extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** `user@127.0.0.1` */
  readonly target: string;
  /** Private key that may log in. */
  readonly clientKey: string;
  /** Private key that may not. */
  readonly strangerKey: string;
  /** known_hosts file with this server's key. */
  readonly knownHosts: string;
  /** known_hosts file with another key for this server: what a client sees whose server was exchanged. */
  readonly changedKnownHosts: string;
  /** known_hosts file without an entry. */
  readonly emptyKnownHosts: string;
  /** Public host key, `ssh-ed25519 AAAA…`. */
  readonly hostKey: string;
  /** What sshd has logged. */
  log(): string;
  /** known_hosts line for another address that leads here, a proxy's for example. */
  knownHostsFor(port: number): Promise<string>;
  /** Ends the server and every connection. Harmless when it has ended. */
  stop(): Promise<void>;
  /** Starts it again on the same port with the same keys. */
  start(): Promise<void>;
}

/**
 * Starts sshd as tests need it: loopback, a port above 1024, key login for the user who runs the tests, nothing of the
 * machine's own configuration. Ready when it returns.
 */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const dir = await tempDir('longhaul-sshd-');
  try {
    const port = options.port ?? (await freePort());
    const files = await makeKeys(dir.path, port);
    await writeConfig({ dir: dir.path, port, options });
    const server = new SshdProcess(dir.path, port);
    await server.start();
    const { username } = userInfo();
    return {
      ...files,
      host: '127.0.0.1',
      port,
      user: username,
      target: `${username}@127.0.0.1`,
      log: () => server.log,
      knownHostsFor: async (other) => {
        const path = dir.join(`known_hosts.${String(other)}`);
        await writeFile(path, knownHostsLine(other, files.hostKey));
        return path;
      },
      stop: async () => server.stop(),
      start: async () => server.start(),
      [Symbol.asyncDispose]: async () => {
        await server.stop();
        await dir[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    await dir[Symbol.asyncDispose]();
    throw error;
  }
}

type KeyFiles = Pick<Sshd, 'clientKey' | 'strangerKey' | 'knownHosts' | 'changedKnownHosts' | 'emptyKnownHosts' | 'hostKey'>;

async function makeKeys(dir: string, port: number): Promise<KeyFiles> {
  const at = (name: string): string => `${dir}/${name}`;
  await Promise.all(['host_key', 'other_host_key', 'client_key', 'stranger_key'].map(async (name) => runProgram('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', at(name)])));
  const hostKey = await publicKey(at('host_key'));
  await writeFile(at('authorized_keys'), await readFile(at('client_key.pub')), { mode: 0o600 });
  await writeFile(at('known_hosts'), knownHostsLine(port, hostKey));
  await writeFile(at('known_hosts.changed'), knownHostsLine(port, await publicKey(at('other_host_key'))));
  await writeFile(at('known_hosts.empty'), '');
  return {
    hostKey,
    clientKey: at('client_key'),
    strangerKey: at('stranger_key'),
    knownHosts: at('known_hosts'),
    changedKnownHosts: at('known_hosts.changed'),
    emptyKnownHosts: at('known_hosts.empty'),
  };
}

/** Without the comment. */
async function publicKey(path: string): Promise<string> {
  const text = await readFile(`${path}.pub`, 'utf8');
  return text.trim().split(' ').slice(0, 2).join(' ');
}

function knownHostsLine(port: number, hostKey: string): string {
  return `[127.0.0.1]:${String(port)} ${hostKey}\n`;
}

async function writeConfig({ dir, port, options }: { dir: string; port: number; options: SshdOptions }): Promise<void> {
  const home = join(dir, 'home');
  await mkdir(home, { recursive: true, mode: 0o755 });
  const lines = [
    ...(options.config ?? []),
    'ListenAddress 127.0.0.1',
    `Port ${String(port)}`,
    `HostKey ${dir}/host_key`,
    `PidFile ${dir}/sshd.pid`,
    `AuthorizedKeysFile ${dir}/authorized_keys`,
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'PrintMotd no',
    'LogLevel VERBOSE',
    // The default of newer versions, sntrup761, costs 70 ms of processor time more for each connection.
    'KexAlgorithms curve25519-sha256',
    `MaxStartups ${options.maxStartups ?? '100:30:200'}`,
    'MaxSessions 100',
    // A home without start-up files: what the person at this machine has in .bashrc is no part of a test, and may take a minute.
    `SetEnv HOME=${home}${options.path === undefined ? '' : ` PATH=${options.path}`}`,
    ...(options.runAs === undefined ? [] : [await runAsCommand(dir, options.runAs)]),
  ];
  await writeFile(`${dir}/sshd_config`, `${lines.join('\n')}\n`);
}

/** sshd hands the command of the client over in SSH_ORIGINAL_COMMAND; it runs as somebody else. */
async function runAsCommand(dir: string, uid: number): Promise<string> {
  const id = String(uid);
  await writeFile(`${dir}/run-as`, `#!/bin/sh\nexec ${findProgram('setpriv') ?? 'setpriv'} --reuid=${id} --regid=${id} --clear-groups /bin/sh -c "$SSH_ORIGINAL_COMMAND"\n`, { mode: 0o755 });
  return `ForceCommand ${dir}/run-as`;
}

/** The process of one server. It logs to a file: a pipe that a busy test does not read would stop it. */
class SshdProcess {
  #child: ChildProcess | null = null;
  #watchdog: ChildProcess | null = null;
  readonly #dir: string;
  readonly #port: number;

  constructor(dir: string, port: number) {
    this.#dir = dir;
    this.#port = port;
  }

  get log(): string {
    return readFileSync(`${this.#dir}/sshd.log`, 'utf8');
  }

  async start(): Promise<void> {
    if (this.#child !== null) return;
    // Privilege separation of sshd insists on this folder; it is lost with every reboot.
    if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
    await appendFile(`${this.#dir}/sshd.log`, '');
    const args = ['-D', '-E', `${this.#dir}/sshd.log`, '-f', `${this.#dir}/sshd_config`];
    const child = spawn(findProgram('sshd') ?? 'sshd', args, { stdio: 'ignore', detached: true });
    this.#child = child;
    this.#watchdog = startWatchdog(child.pid);
    await waitFor(
      async () => {
        if (child.exitCode !== null) throw new Error(`sshd ended: ${this.log}`);
        return answers(this.#port);
      },
      { what: 'sshd' },
    );
  }

  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    this.#watchdog?.kill('SIGKILL');
    if (child?.pid === undefined) return;
    const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : null;
    const sessions = await descendants(child.pid);
    for (const pid of [child.pid, ...sessions]) kill(pid);
    await ended;
  }
}

/** Ends the server when the tests are killed: its stdin ends with them. */
function startWatchdog(pid: number | undefined): ChildProcess {
  const watchdog = spawn('sh', ['-c', 'read -r x; kill -9 "$1"', 'sh', String(pid)], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  watchdog.unref();
  return watchdog;
}

/** sshd moves each connection to a session of its own, so that killing its group is not enough. */
async function descendants(pid: number): Promise<readonly number[]> {
  const { stdout } = await runProgram('ps', ['-A', '-o', 'pid=,ppid=']);
  const rows = stdout.trim().split('\n').map((line) => line.trim().split(/\s+/).map(Number));
  const found: number[] = [pid];
  for (const parent of found) found.push(...rows.filter(([, ppid]) => ppid === parent).map(([child = 0]) => child));
  return found.slice(1);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}
