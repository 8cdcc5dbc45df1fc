import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';

import { TEST_IMAGES, writeImageArchive } from './container-images.ts';
import { DockerdProcess } from './dockerd-process.ts';
import { killProcessesOf } from './process-tree.ts';
import { findProgram } from './require-service.ts';
import type { ProgramResult } from './run-program.ts';
import { runProgram, runToEnd } from './run-program.ts';
import type { TempDir } from './temp-dir.ts';
import { tempDir } from './temp-dir.ts';
import { startWatchdog } from './watchdog.ts';

/** An engine of the test's own, with its own images and containers in its own folder. All of it is gone when it is disposed. */
export interface TestEngine extends AsyncDisposable {
  readonly runtime: 'podman' | 'docker';
  /** The whole environment for its client. */
  readonly env: Readonly<Record<string, string>>;
  /** The engine's folder; clients may leave files below it. */
  readonly folder: string;
  readonly images: typeof TEST_IMAGES;
  /** Runs its client; must succeed. Gives stdout without the last newline. */
  run(...args: readonly string[]): Promise<string>;
  /** Runs its client, whatever comes of it. */
  tryRun(...args: readonly string[]): Promise<ProgramResult>;
}

/** dockerd, which can be ended, started again and made deaf. Its containers have no network but `none`. */
export interface TestDockerd extends TestEngine {
  readonly runtime: 'docker';
  readonly socket: string;
  log(): string;
  /** `kill`: SIGKILL, containers live on; `end`: SIGTERM, which ends the containers unless `liveRestore`. */
  stop(how: 'kill' | 'end'): Promise<void>;
  /** Ready when it returns. */
  start(): Promise<void>;
  /** SIGSTOP: it is there and does not answer. */
  freeze(): void;
  thaw(): void;
}

/** Both engines for a test file that runs the same tests on each. */
export async function startEngine(runtime: 'podman' | 'docker'): Promise<TestEngine> {
  return runtime === 'podman' ? startPodman() : startDockerd();
}

/**
 * podman with storage, state and configuration of its own (root only). runc and small limits of open files: crun and podman's own limits
 * want rights that a virtual machine may not give; on an ordinary machine neither is needed.
 */
export async function startPodman(): Promise<TestEngine> {
  const dir = await tempDir('longhaul-podman-');
  const watchdog = startWatchdog(dir.path);
  const end = async (): Promise<void> => {
    await cleanUp(dir);
    watchdog.kill('SIGKILL');
  };
  try {
    const engine = engineOf('podman', dir, await writePodmanConfig(dir));
    await loadImages(engine, dir);
    return {
      ...engine,
      [Symbol.asyncDispose]: async () => {
        await engine.tryRun('rm', '--force', '--all', '--time', '0');
        await end();
      },
    };
  } catch (error) {
    await end();
    throw error;
  }
}

/** dockerd in a folder of its own, without bridge and firewall rules (root only). `liveRestore`: containers outlive an end of the daemon; default yes. */
export async function startDockerd({ liveRestore = 'yes' }: { readonly liveRestore?: 'yes' | 'no' } = {}): Promise<TestDockerd> {
  const dir = await tempDir('longhaul-dockerd-');
  const watchdog = startWatchdog(dir.path);
  const daemon = new DockerdProcess(dir, liveRestore);
  const end = async (): Promise<void> => {
    await daemon.stop('kill');
    await cleanUp(dir);
    watchdog.kill('SIGKILL');
  };
  try {
    const env = { DOCKER_HOST: `unix://${daemon.socket}`, DOCKER_CONFIG: dir.join('client') };
    const engine = engineOf('docker', dir, env);
    await mkdir(env.DOCKER_CONFIG);
    await daemon.start();
    await loadImages(engine, dir);
    return {
      ...engine,
      runtime: 'docker',
      socket: daemon.socket,
      log: () => readFileSync(dir.join('dockerd.log'), 'utf8'),
      stop: async (how) => daemon.stop(how),
      start: async () => daemon.start(),
      freeze: () => { daemon.signal('SIGSTOP'); },
      thaw: () => { daemon.signal('SIGCONT'); },
      [Symbol.asyncDispose]: end,
    };
  } catch (error) {
    await end();
    throw error;
  }
}

type Client = Omit<TestEngine, typeof Symbol.asyncDispose>;

function engineOf(runtime: 'podman' | 'docker', dir: TempDir, settings: Readonly<Record<string, string>>): Client {
  const inherited = Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined && !/^(?:DOCKER|CONTAINER|PODMAN|STORAGE|LONGHAUL)/.test(entry[0]));
  // An ordinary PATH lacks sbin, where iptables and runc are.
  const env = { ...Object.fromEntries(inherited), PATH: `${process.env['PATH'] ?? ''}:/usr/local/sbin:/usr/sbin:/sbin`, ...settings };
  const program = findProgram(runtime) ?? runtime;
  return {
    runtime,
    env,
    folder: dir.path,
    images: TEST_IMAGES,
    run: async (...args) => (await runProgram(program, args, { env })).stdout.replace(/\n$/, ''),
    tryRun: async (...args) => runToEnd(program, args, { env }),
  };
}

async function writePodmanConfig(dir: TempDir): Promise<Record<string, string>> {
  const files = {
    CONTAINERS_CONF: dir.join('containers.conf'),
    CONTAINERS_STORAGE_CONF: dir.join('storage.conf'),
    CONTAINERS_REGISTRIES_CONF: dir.join('registries.conf'),
    REGISTRY_AUTH_FILE: dir.join('auth.json'),
  };
  await writeFile(files.CONTAINERS_CONF, [
    '[containers]',
    'default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]',
    '[engine]',
    `runtime = "${findProgram('runc') === null ? 'crun' : 'runc'}"`,
    'cgroup_manager = "cgroupfs"',
    'events_logger = "file"',
    `tmp_dir = "${dir.join('tmp')}"`,
    `volume_path = "${dir.join('volumes')}"`,
    '[network]',
    `network_config_dir = "${dir.join('networks')}"`,
    ...(['/usr/lib/podman', '/usr/libexec/podman'].some((folder) => existsSync(`${folder}/netavark`)) ? ['network_backend = "netavark"'] : []),
    '',
  ].join('\n'));
  await writeFile(files.CONTAINERS_STORAGE_CONF, `[storage]\ndriver = "vfs"\ngraphroot = "${dir.join('root')}"\nrunroot = "${dir.join('run')}"\n`);
  // A registry of a test's own speaks plain HTTP on loopback; no other is ever asked.
  await writeFile(files.CONTAINERS_REGISTRIES_CONF, 'unqualified-search-registries = []\n[[registry]]\nprefix = "127.0.0.1"\nlocation = "127.0.0.1"\ninsecure = true\n');
  await writeFile(files.REGISTRY_AUTH_FILE, '{}');
  await mkdir(dir.join('networks'));
  return files;
}

async function loadImages(engine: Client, dir: TempDir): Promise<void> {
  await mkdir(dir.join('images'));
  await engine.run('load', '--quiet', '--input', await writeImageArchive(dir.join('images')));
}

/** What still runs from this folder is ended, what is mounted below it unmounted. */
async function cleanUp(dir: TempDir): Promise<void> {
  await killProcessesOf(dir.path);
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n').map((line) => line.split(' ')[1] ?? '').filter((path) => path.startsWith(`${dir.path}/`));
  // The deepest first.
  for (const path of mounts.reverse()) await runToEnd('umount', ['-l', path]);
  if (existsSync(dir.path)) await dir[Symbol.asyncDispose]();
}
