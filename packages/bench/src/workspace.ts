import { writeFileSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runToEnd, smallDisk, startSshd, tempDir, type Mount, type ProgramResult, type Sshd, type TempDir } from '@longhaul/testbed';

/** The built program: what a user runs. */
export const PROGRAM: string = join(import.meta.dirname, '../../../apps/cli/dist/main.js');

/** A folder with a config, a state directory and a destination on tmpfs behind a real sshd. */
export interface Workspace extends AsyncDisposable {
  readonly folder: string;
  readonly destination: string;
  readonly sshd: Sshd;
  readonly env: NodeJS.ProcessEnv;
  /** argv of ssh to that sshd, target included. */
  readonly ssh: readonly string[];
  /** Runs the program; throws with its output when it fails. */
  longhaul(args: readonly string[]): Promise<string>;
  /** Runs rsync over the same sshd; `cipher` null: the defaults of ssh. */
  rsync(source: string, name: string, cipher: string | null): Promise<void>;
  /** Empties destination and state, but for what only makes the next start quicker. */
  reset(): Promise<void>;
}

export async function openWorkspace({ destinationBytes }: { readonly destinationBytes: number }): Promise<Workspace> {
  const folder = await tempDir('longhaul-bench-');
  const disk = await smallDisk({ bytes: destinationBytes });
  // rclone speaks SFTP.
  const sshd = await startSshd({ config: ['Subsystem sftp internal-sftp'] });
  return new BenchWorkspace(folder, disk, sshd);
}

class BenchWorkspace implements Workspace {
  readonly folder: string;
  readonly destination: string;
  readonly sshd: Sshd;
  readonly env: NodeJS.ProcessEnv;
  readonly ssh: readonly string[];
  readonly #owned: readonly AsyncDisposable[];

  constructor(folder: TempDir, disk: Mount, sshd: Sshd) {
    this.folder = folder.path;
    this.destination = disk.path;
    this.sshd = sshd;
    this.ssh = ['ssh', '-F', 'none', '-i', sshd.clientKey, '-p', String(sshd.port), '-o', `UserKnownHostsFile=${sshd.knownHosts}`, sshd.target];
    // A server and a state of its own: sessions of whoever measures are left alone.
    this.env = { ...process.env, LONGHAUL_STATE_DIR: join(folder.path, 'state'), LONGHAUL_TMUX_SOCKET: join(folder.path, 'tmux.sock') };
    this.#owned = [sshd, disk, folder];
    writeFileSync(join(this.folder, 'longhaul.yaml'), configFor(sshd, disk.path));
  }

  async longhaul(args: readonly string[]): Promise<string> {
    return must(await runToEnd(process.execPath, [PROGRAM, ...args], { cwd: this.folder, env: this.env }), `longhaul ${args.join(' ')}`);
  }

  async rsync(source: string, name: string, cipher: string | null): Promise<void> {
    const ssh = [...this.ssh.slice(0, -1), ...(cipher === null ? [] : ['-c', cipher])];
    const args = ['-a', '-e', ssh.join(' '), `${source}/`, `${this.sshd.target}:${this.destination}/${name}/`];
    must(await runToEnd('rsync', args), 'rsync');
  }

  async reset(): Promise<void> {
    await runToEnd('find', [this.destination, '-mindepth', '1', '-delete']);
    const state = join(this.folder, 'state');
    // What a machine that has run it once has: compiled code and settings that were read. The other side starts warm, too.
    const names = await readdir(state).catch(() => []);
    for (const name of names) if (name !== 'cache') await rm(join(state, name), { recursive: true, force: true });
  }

  /** Jobs outlive their tmux server, so each is ended by its name. Only ours: what is made by hand on other sockets is somebody's work. */
  async #endSessions(): Promise<void> {
    const listed = JSON.parse(await this.longhaul(['list', '--managed', '--json'])) as { readonly data: { readonly sessions: readonly { readonly name: string; readonly state: string }[] } };
    const running = listed.data.sessions.filter(({ state }) => state === 'running').map(({ name }) => name);
    if (running.length > 0) await this.longhaul(['stop', '--force', ...running]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#endSessions();
    for (const one of this.#owned) await one[Symbol.asyncDispose]();
  }
}

function configFor(sshd: Sshd, path: string): string {
  const nas = { type: 'rsync_ssh', target: sshd.target, path, port: sshd.port, sshKey: sshd.clientKey, knownHosts: sshd.knownHosts };
  // JSON is YAML.
  return `${JSON.stringify({ destinations: { nas } }, null, 2)}\n`;
}

function must(result: ProgramResult, what: string): string {
  if (result.code === 0) return result.stdout.toString('utf8');
  throw new Error(`${what} ended with ${String(result.code)}\n${result.stderr.toString('utf8')}`);
}
