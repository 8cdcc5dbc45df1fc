import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';

import { BackendUnavailableError } from '@longhaul/errors';

import { processInfo } from './process-info.ts';

/**
 * One process among all that ever ran: a pid alone is given away again (design §5.5). Safe to store as JSON. Pids are those of
 * this process's own namespace: a container that shares host name and boot with its host sees other ones.
 */
export interface ProcessIdentity {
  readonly host: string;
  /** Changes with every boot, see {@link bootId}. */
  readonly bootId: string;
  readonly pid: number;
  /** See {@link ProcessInfo.startTime}. */
  readonly startTime: string;
}

/** Whether a process still runs. `unknown`: it is on another host, or the system does not let us see. */
export type Liveness = 'alive' | 'dead' | 'unknown';

let knownBootId: string | undefined;

/**
 * The id of this boot of the machine; read once. Linux: the kernel's random id, macOS: the time of boot.
 * @throws BackendUnavailableError where the system does not tell.
 */
export function bootId(): string {
  return (knownBootId ??= process.platform === 'linux' ? linuxBootId() : sysctlBootTime());
}

/** This process. */
export function currentProcess(): ProcessIdentity {
  return identityOf(process.pid) ?? { host: hostname(), bootId: bootId(), pid: process.pid, startTime: 'unknown' };
}

/** The identity of a process on this host that runs now, or null. */
export function identityOf(pid: number): ProcessIdentity | null {
  const info = processInfo(pid);
  return info === null || info.state === 'zombie' ? null : { host: hostname(), bootId: bootId(), pid, startTime: info.startTime };
}

/** Whether exactly this process still runs. A zombie is dead; so is everything from another boot of this host. */
export function isAlive(identity: ProcessIdentity): Liveness {
  if (identity.host !== hostname()) return 'unknown';
  if (identity.bootId !== bootId()) return 'dead';
  const info = processInfo(identity.pid);
  if (info === null) return existsHidden(identity.pid) ? 'unknown' : 'dead';
  return info.state !== 'zombie' && info.startTime === identity.startTime ? 'alive' : 'dead';
}

/** /proc can be mounted so that others' processes are hidden; a signal's permission check still sees them. */
function existsHidden(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

function linuxBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  } catch (cause) {
    const hint = 'Mount /proc: Longhaul tells processes of this boot from older ones by it';
    throw new BackendUnavailableError('system', 'it does not tell its boot id', { cause, hint });
  }
}

function sysctlBootTime(): string {
  const { stdout, error } = spawnSync('sysctl', ['-n', 'kern.boottime'], { encoding: 'utf8' });
  const seconds = /sec\s*=\s*(\d+)/.exec(stdout)?.[1];
  if (seconds === undefined) throw new BackendUnavailableError('system', 'sysctl kern.boottime gives no time', { cause: error });
  return `boottime-${seconds}`;
}
