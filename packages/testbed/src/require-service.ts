import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** A program that tests use, or `root`: the right to mount and to become another user. */
export type Service = 'sshd' | 'rsync' | 'tmux' | 'podman' | 'docker' | 'rclone' | 'ftp' | 'busybox' | 'script' | 'root';

const PROGRAMS: Readonly<Record<Exclude<Service, 'root'>, { readonly programs: readonly string[]; readonly package: string }>> = {
  sshd: { programs: ['sshd', 'ssh', 'ssh-keygen', 'ssh-keyscan'], package: 'openssh-server' },
  rsync: { programs: ['rsync'], package: 'rsync' },
  tmux: { programs: ['tmux'], package: 'tmux' },
  podman: { programs: ['podman'], package: 'podman' },
  docker: { programs: ['docker', 'dockerd'], package: 'docker.io' },
  rclone: { programs: ['rclone'], package: 'rclone' },
  ftp: { programs: ['proftpd', 'openssl'], package: 'proftpd-core' },
  busybox: { programs: ['busybox'], package: 'busybox-static' },
  script: { programs: ['script'], package: 'bsdutils' },
};

/**
 * Whether tests that need these services can run here. A missing one skips them on a person's machine, with a line that
 * says so, and fails them where CI=true: `describe.runIf(requireService('sshd', 'rsync'))('push', …)`.
 */
export function requireService(...services: readonly Service[]): boolean {
  const lacks = services.map(lackOf).filter((lack) => lack !== null);
  if (lacks.length === 0) return true;
  const line = `needs ${lacks.join('; ')}`;
  if (process.env['CI'] === 'true') throw new Error(line);
  process.stderr.write(`skipped: ${line}\n`);
  return false;
}

function lackOf(service: Service): string | null {
  if (service === 'root') return process.getuid?.() === 0 ? null : 'root (mounts and other users)';
  const { programs, package: debian } = PROGRAMS[service];
  const missing = programs.filter((program) => findProgram(program) === null);
  return missing.length === 0 ? null : `${missing.join(', ')} (sudo apt-get install ${debian})`;
}

/** The path of a program, also where an ordinary user's PATH lacks the sbin folders. */
export function findProgram(program: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  for (const folder of folders) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return null;
}
