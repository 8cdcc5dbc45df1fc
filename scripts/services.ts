import { execFileSync, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that the tests or the demo need, and the Debian package that brings it. */
interface Service {
  readonly program: string;
  readonly debian: string;
  /** Folders beside PATH where it may be. */
  readonly alsoIn?: readonly string[];
  /** The service that the package starts by itself, and that nobody has asked for: it is neither started now nor with the machine. */
  readonly unwanted?: string;
}

/** What the demo needs: tmux for the session, script(1) for its log. */
export const DEMO_SERVICES: readonly Service[] = [
  { program: 'tmux', debian: 'tmux' },
  { program: 'script', debian: 'bsdutils' },
];

/** What the tests need besides: real sshd, rsync, rclone, an FTP server, busybox as a small destination and as the images of containers, podman and dockerd. */
export const TEST_SERVICES: readonly Service[] = [
  ...DEMO_SERVICES,
  { program: 'rsync', debian: 'rsync' },
  { program: 'rclone', debian: 'rclone' },
  { program: 'ssh', debian: 'openssh-client' },
  { program: 'sshd', debian: 'openssh-server' },
  { program: 'busybox', debian: 'busybox-static' },
  { program: 'openssl', debian: 'openssl' },
  { program: 'strace', debian: 'strace' },
  // Without recommended packages podman would get crun, which refuses in many virtual machines, no init, and whichever network apt takes.
  { program: 'podman', debian: 'podman' },
  { program: 'runc', debian: 'runc' },
  { program: 'catatonit', debian: 'catatonit', alsoIn: ['/usr/libexec/catatonit', '/usr/libexec/podman'] },
  { program: 'netavark', debian: 'netavark', alsoIn: ['/usr/lib/podman', '/usr/libexec/podman'] },
  { program: 'dockerd', debian: 'docker.io' },
  { program: 'docker', debian: 'docker.io' },
  { program: 'proftpd', debian: 'proftpd-core', unwanted: 'proftpd' },
];

/**
 * Installs what is missing where root (or passwordless sudo) and apt are there; elsewhere names it with the line that installs it.
 *
 * @returns what is still missing
 */
export function ensureServices(services: readonly Service[]): readonly Service[] {
  const missing = services.filter((service) => !isThere(service));
  if (missing.length === 0) return [];
  const packages = packagesOf(missing);
  const elevate = elevation();
  if (elevate === null || !onPath('apt-get')) {
    console.error(`missing: ${missing.map((service) => service.program).join(', ')}`);
    console.error(`install them with: ${installLine(packages)}`);
    return missing;
  }
  console.error(`installing ${packages.join(', ')} …`);
  apt(elevate, ['update', '-qq']);
  const plain = packagesOf(missing.filter(({ unwanted }) => unwanted === undefined));
  if (plain.length > 0) apt(elevate, ['install', '-y', '-qq', '--no-install-recommends', ...plain]);
  for (const { debian, unwanted } of missing) if (unwanted !== undefined) installAsleep(elevate, { debian, unwanted });
  return services.filter((service) => !isThere(service));
}

function packagesOf(services: readonly Service[]): readonly string[] {
  return [...new Set(services.map((service) => service.debian))];
}

/** What every maintainer script asks before it starts a service; 101: it may not. */
const POLICY = '/usr/sbin/policy-rc.d';

/** Installs a package whose service must not run here. Another package that does the same, such as another FTP server, is not removed for it. */
function installAsleep(elevate: readonly string[], { debian, unwanted }: { readonly debian: string; readonly unwanted: string }): void {
  const refuses = existsSync(POLICY) ? 'kept' : 'ours';
  if (refuses === 'ours') asRoot(elevate, ['sh', '-c', `printf '#!/bin/sh\\nexit 101\\n' >${POLICY} && chmod 755 ${POLICY}`]);
  try {
    apt(elevate, ['install', '-y', '-qq', '--no-install-recommends', '--no-remove', debian]);
    asRoot(elevate, ['update-rc.d', unwanted, 'disable']);
  } finally {
    if (refuses === 'ours') asRoot(elevate, ['rm', '-f', POLICY]);
  }
  // A policy of the machine's own may have let it start.
  if (existsSync('/run/systemd/system')) asRoot(elevate, ['systemctl', 'disable', '--now', unwanted]);
}

function apt(elevate: readonly string[], args: readonly string[]): void {
  asRoot(elevate, ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args]);
}

function asRoot(elevate: readonly string[], words: readonly string[]): void {
  const [program = 'env', ...rest] = [...elevate, ...words];
  const { status, stderr } = spawnSync(program, rest, { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] });
  if (status !== 0) console.error(`${words.join(' ')} ended with ${String(status)}\n${stderr.trim()}`);
}

/** The words that make a command run as root: none for root, `sudo -n` where it asks no password, null where neither is. */
function elevation(): readonly string[] | null {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : null;
}

function installLine(packages: readonly string[]): string {
  if (process.platform === 'darwin') return `brew install ${packages.join(' ')}`;
  if (onPath('dnf')) return `sudo dnf install ${packages.join(' ')}`;
  if (onPath('apk')) return `sudo apk add ${packages.join(' ')}`;
  return `sudo apt-get install ${packages.join(' ')}`;
}

function isThere({ program, alsoIn }: Service): boolean {
  return onPath(program, alsoIn);
}

/** Programs for administrators (sshd) stand in sbin, which is not on everybody's PATH. */
export function onPath(program: string, alsoIn: readonly string[] = []): boolean {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin', ...alsoIn];
  return folders.some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a program of the repository with the terminal's own streams; ends this process with its code when it fails. */
export function runOrExit(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
  try {
    execFileSync(program, args, { stdio: 'inherit', env: { ...process.env, TURBO_TELEMETRY_DISABLED: '1', ...env } });
  } catch (error) {
    const status = (error as { readonly status?: number | null }).status;
    console.error(`${program} ${args.join(' ')} failed`);
    process.exit(status ?? 1);
  }
}
