import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readSync } from 'node:fs';

import { BackendUnavailableError } from '@longhaul/errors';

/** One process as the system lists it. Read at one moment: it may be gone in the next. */
export interface ProcessInfo {
  readonly pid: number;
  readonly ppid: number;
  /** Process group. */
  readonly pgid: number;
  /** Session; null where the system does not say. */
  readonly sid: number | null;
  /** The foreground group of its terminal; null without a terminal. */
  readonly foregroundPgid: number | null;
  /** `zombie` has ended and waits to be reaped: it counts as dead. */
  readonly state: 'running' | 'stopped' | 'zombie';
  /** When it was started, in the system's own form (Linux: clock ticks since boot; macOS: `lstart` of ps). Only good to compare. */
  readonly startTime: string;
}

/**
 * A process by its number, or null where there is none (or the system hides it). Linux: one file is read, nothing is started.
 * @throws BackendUnavailableError on other systems, where ps cannot be run.
 */
export function processInfo(pid: number): ProcessInfo | null {
  if (!Number.isSafeInteger(pid) || pid <= 0) return null;
  return process.platform === 'linux' ? readStat(pid) : (psInfo(['-p', String(pid)])[0] ?? null);
}

/** All processes that this user may see. */
export function listProcesses(): readonly ProcessInfo[] {
  if (process.platform !== 'linux') return psInfo(['-A']);
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map((entry) => readStat(Number(entry)))
    .filter((info) => info !== null);
}

/** When this process was started, or null where there is no such process. See {@link ProcessInfo.startTime}. */
export function processStartTime(pid: number): string | null {
  return processInfo(pid)?.startTime ?? null;
}

function readStat(pid: number): ProcessInfo | null {
  try {
    return parseProcStat(readProcFile(`/proc/${String(pid)}/stat`));
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ESRCH' || error.code === 'EACCES')) return null;
    throw error;
  }
}

/** More than any stat file has: its name is cut to 15 characters, and its 52 fields are numbers. */
const STAT_BYTES = Buffer.alloc(4096);

/** A file of /proc with one read: a list of 500 sessions looks at 500 of them, and readFileSync takes twice as long. */
function readProcFile(path: string): string {
  const file = openSync(path, 'r');
  try {
    return STAT_BYTES.toString('latin1', 0, readSync(file, STAT_BYTES, 0, STAT_BYTES.length, null));
  } finally {
    closeSync(file);
  }
}

/** The text of /proc/PID/stat (proc(5)). The name in parentheses may hold anything, parentheses and newlines included. */
export function parseProcStat(text: string): ProcessInfo | null {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open === -1 || close < open) return null;
  // Counted from field 3, the state, to field 22: the rest is not even cut, since a list cuts 500 of these.
  const fields = text.slice(close + 2).split(' ', 20);
  const [state, ppid, pgid, sid, , tpgid] = fields;
  const startTime = fields[19];
  if (state === undefined || tpgid === undefined || startTime === undefined) return null;
  return {
    pid: Number(text.slice(0, open)),
    ppid: Number(ppid),
    pgid: Number(pgid),
    sid: Number(sid),
    foregroundPgid: Number(tpgid) > 0 ? Number(tpgid) : null,
    state: stateOf(state),
    startTime,
  };
}

function psInfo(selection: readonly string[]): ProcessInfo[] {
  const columns = 'pid=,ppid=,pgid=,tpgid=,state=,lstart=';
  const { stdout, error } = spawnSync('ps', [...selection, '-o', columns], { encoding: 'utf8', env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' } });
  // Not being able to ask is no "there is none".
  if (error !== undefined) throw new BackendUnavailableError('system', 'ps cannot be run', { cause: error });
  return parsePs(stdout);
}

/** The output of `ps -o pid=,ppid=,pgid=,tpgid=,state=,lstart=`, the form that BSD, macOS and procps share. */
export function parsePs(text: string): ProcessInfo[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(-?\d+)\s+(\S+)\s+(\S.*?)\s*$/.exec(line);
    if (match === null) return [];
    const [, pid, ppid, pgid, tpgid, state = '', startTime = ''] = match;
    const foregroundPgid = Number(tpgid) > 0 ? Number(tpgid) : null;
    return [{ pid: Number(pid), ppid: Number(ppid), pgid: Number(pgid), sid: null, foregroundPgid, state: stateOf(state), startTime }];
  });
}

function stateOf(letter: string): ProcessInfo['state'] {
  if (/^[ZXx]/.test(letter)) return 'zombie';
  return /^[Tt]/.test(letter) ? 'stopped' : 'running';
}
