import { readFileSync } from 'node:fs';

/** A system that {@link installHint} knows an install line for. */
export type InstallPlatform = 'macos' | 'debian' | 'fedora' | 'alpine' | 'arch' | 'suse' | 'windows' | 'other';

type Installer = (packageName: string) => string;

const INSTALLERS: Readonly<Record<InstallPlatform, Installer>> = {
  macos: (name) => `brew install ${name}`,
  debian: (name) => `sudo apt-get install ${name}`,
  fedora: (name) => `sudo dnf install ${name}`,
  alpine: (name) => `sudo apk add ${name}`,
  arch: (name) => `sudo pacman -S ${name}`,
  suse: (name) => `sudo zypper install ${name}`,
  windows: (name) => `Use WSL2 (wsl --install) and install it there: sudo apt-get install ${name}`,
  other: (name) => `Install ${name} with the package manager of this system`,
};

/** Where a program has another package name than its own. */
const PACKAGES: Readonly<Record<string, Partial<Record<InstallPlatform, string>> & { readonly default: string }>> = {
  docker: { default: 'docker', debian: 'docker.io' },
  ssh: { default: 'openssh-client', macos: 'openssh', fedora: 'openssh-clients', arch: 'openssh', suse: 'openssh-clients' },
  script: { default: 'util-linux', debian: 'bsdutils', alpine: 'util-linux-misc', fedora: 'util-linux-script' },
};

const LINKS: Readonly<Record<string, string>> = {
  podman: 'https://podman.io/getting-started/installation',
  docker: 'https://docs.docker.com/get-docker/',
  rclone: 'https://rclone.org/install/',
};

/** The line that installs `program` on `platform`, followed by the page of its makers where there is one. */
export function installHint(program: string, platform: InstallPlatform = currentPlatform()): string {
  const names = PACKAGES[program];
  const line = INSTALLERS[platform](names?.[platform] ?? names?.default ?? program);
  const link = LINKS[program];
  return link === undefined ? line : `${line} (${link})`;
}

let known: InstallPlatform | undefined;

/** The platform at hand; read once. */
export function currentPlatform(): InstallPlatform {
  return (known ??= detectPlatform(process.platform, readOsRelease));
}

/** Which platform a value of `process.platform` and the text of /etc/os-release name. Reads the file on Linux only. */
export function detectPlatform(nodePlatform: NodeJS.Platform, osRelease: () => string): InstallPlatform {
  if (nodePlatform === 'darwin') return 'macos';
  if (nodePlatform === 'win32') return 'windows';
  return nodePlatform === 'linux' ? distribution(osRelease()) : 'other';
}

const FAMILIES: Readonly<Record<string, InstallPlatform>> = {
  debian: 'debian',
  ubuntu: 'debian',
  fedora: 'fedora',
  rhel: 'fedora',
  centos: 'fedora',
  alpine: 'alpine',
  arch: 'arch',
  suse: 'suse',
  opensuse: 'suse',
};

/** ID first, then ID_LIKE: the names by which a distribution says which family it belongs to. */
function distribution(osRelease: string): InstallPlatform {
  const words = ['ID', 'ID_LIKE'].flatMap((key) => valueOf(osRelease, key).split(/\s+/));
  const family = words.find((word) => Object.hasOwn(FAMILIES, word));
  return family === undefined ? 'other' : (FAMILIES[family] ?? 'other');
}

function valueOf(osRelease: string, key: string): string {
  const match = new RegExp(`^${key}=["']?([^"'\n]*)`, 'm').exec(osRelease);
  return (match?.[1] ?? '').toLowerCase();
}

function readOsRelease(): string {
  try {
    return readFileSync('/etc/os-release', 'utf8');
  } catch {
    // No such file: a system that does not say what it is gets the general line.
    return '';
  }
}
