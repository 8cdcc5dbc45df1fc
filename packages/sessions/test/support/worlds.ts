import type { RunRecords, Starter, StartRecord, World } from '../../src/index.ts';
import { newRunId, parseSessionName } from '../../src/index.ts';

export const THIS_BOOT = 'boot-now';
export const STARTER: Starter = { pid: 100, startTime: '1', bootId: THIS_BOOT, host: 'this-host' };
export const START: StartRecord = {
  pid: 300,
  processStartTime: '3',
  bootId: THIS_BOOT,
  startedAt: '2026-11-22T10:00:00.000Z',
  launcherPid: 200,
  launcherStartTime: '2',
};
export const LAUNCHER: { readonly pid: number; readonly processStartTime: string; readonly bootId: string } = { pid: 200, processStartTime: '2', bootId: THIS_BOOT };
export const EXIT = { exitCode: 0, signal: null, oomKilled: null, endedAt: '2026-11-22T10:01:00.000Z', reason: 'exit', stoppedBy: null } as const;

/** A machine on which only these live, as `pid` and start time. */
export function worldWith(alive: readonly (readonly [number, string])[], changes: Partial<World> = {}): World {
  const living = new Set(alive.map(([pid, startTime]) => `${String(pid)} ${startTime}`));
  return { bootId: THIS_BOOT, host: STARTER.host, liveness: (pid, startTime) => (living.has(`${String(pid)} ${startTime}`) ? 'alive' : 'dead'), ...changes };
}

export const JOB: readonly [number, string] = [START.pid, START.processStartTime];
export const ITS_LAUNCHER: readonly [number, string] = [START.launcherPid, START.launcherStartTime];
export const ITS_STARTER: readonly [number, string] = [STARTER.pid, STARTER.startTime];

/** Records of one run. */
export function recordsOf(changes: Partial<RunRecords> = {}): RunRecords {
  return { runId: newRunId(), session: parseSessionName('train'), starter: STARTER, launcher: null, start: null, stop: null, job: null, exit: null, ready: null, container: null, restart: null, keeper: null, loopEnd: null, next: null, abandoned: null, damaged: [], ...changes };
}
