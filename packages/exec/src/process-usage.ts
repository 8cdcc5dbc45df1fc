import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

import { BackendUnavailableError } from '@longhaul/errors';

/** What one process has used up to a moment. */
export interface ProcessUsage {
  readonly pid: number;
  /** As in `ProcessInfo.startTime`, so that a number that was given away again is noticed. */
  readonly startTime: string;
  /** Processor time in milliseconds, with that of its children that have ended and were waited for. Resolution: 10 ms. */
  readonly cpuMs: number;
  /** Resident memory in bytes; pages that it shares with others count for each. */
  readonly memoryBytes: number;
}

/**
 * What these processes use. Those that are gone, or that the system hides, are left out. Linux: one file each, nothing is
 * started; elsewhere ps is asked once.
 *
 * @throws BackendUnavailableError on other systems, where ps cannot be run.
 */
export function processUsage(pids: readonly number[]): readonly ProcessUsage[] {
  const wanted = pids.filter((pid) => Number.isSafeInteger(pid) && pid > 0);
  if (wanted.length === 0) return [];
  if (process.platform !== 'linux') return psUsage(wanted);
  return wanted.map(readUsage).filter((usage) => usage !== null);
}

/** Fixed in the kernel's interface to user space on every architecture that Node runs on (USER_HZ). */
const TICKS_PER_SECOND = 100;

function readUsage(pid: number): ProcessUsage | null {
  try {
    const usage = parseStatUsage(readFileSync(`/proc/${String(pid)}/stat`, 'latin1'));
    // Pages of stat are in units that Node does not tell; status says kibibytes.
    return usage === null ? null : { pid, ...usage, memoryBytes: residentBytes(readFileSync(`/proc/${String(pid)}/status`, 'latin1')) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH' || error.code === 'EACCES')) return null;
    throw error;
  }
}

/** Processor time of /proc/PID/stat (proc(5), fields 14 to 17) and the start time (22). The name in parentheses may hold anything. */
export function parseStatUsage(text: string): Pick<ProcessUsage, 'startTime' | 'cpuMs'> | null {
  const fields = text.slice(text.lastIndexOf(')') + 1).trim().split(/\s+/);
  const ticks = fields.slice(11, 15).map(Number);
  const startTime = fields[19];
  if (startTime === undefined || ticks.some((value) => !Number.isFinite(value))) return null;
  return { startTime, cpuMs: (ticks.reduce((sum, value) => sum + value, 0) * 1000) / TICKS_PER_SECOND };
}

/** VmRSS of /proc/PID/status; a process without memory of its own (a zombie) has none. */
export function residentBytes(status: string): number {
  return Number(/^VmRSS:\s*(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

function psUsage(pids: readonly number[]): readonly ProcessUsage[] {
  const { stdout, error } = spawnSync('ps', ['-p', pids.join(','), '-o', 'pid=,rss=,time=,lstart='], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } });
  // Not being able to ask is no "it uses nothing".
  if (error !== undefined) throw new BackendUnavailableError('system', 'ps cannot be run', { cause: error });
  return parsePsUsage(stdout);
}

/** The output of `ps -o pid=,rss=,time=,lstart=`. Times are `[[DD-]HH:]MM:SS[.hh]`, memory is in kibibytes. */
export function parsePsUsage(text: string): readonly ProcessUsage[] {
  return text.split('\n').flatMap((line) => {
    const [, pid, rss, time = '', startTime = ''] = /^\s*(\d+)\s+(\d+)\s+([\d:.-]+)\s+(\S.*?)\s*$/.exec(line) ?? [];
    const cpuMs = millisecondsOf(time);
    return pid === undefined || cpuMs === null ? [] : [{ pid: Number(pid), startTime, cpuMs, memoryBytes: Number(rss) * 1024 }];
  });
}

function millisecondsOf(time: string): number | null {
  const [, days = '0', hours = '0', minutes, seconds] = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)$/.exec(time) ?? [];
  if (minutes === undefined || seconds === undefined) return null;
  return Math.round((((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000);
}
