import type { ProcessInfo } from '@longhaul/exec';
import { describe, expect, it } from 'vitest';

import { parseStopSignal } from '../src/index.ts';
import { parsePids } from '../src/stop/inner-shell.ts';
import { parsePsPids } from '../src/stop/process-view.ts';
import type { StopTarget } from '../src/stop/stop-target.ts';
import { membersOf } from '../src/stop/stop-target.ts';

type Process = Pick<ProcessInfo, 'pid' | 'ppid' | 'sid'> & Partial<ProcessInfo>;

function table(...processes: readonly Process[]): readonly ProcessInfo[] {
  return processes.map((process) => ({ pgid: process.sid ?? process.pid, foregroundPgid: null, state: 'running', startTime: `t${String(process.pid)}`, ...process }));
}

/** init 1, tmux server 100, launcher 200, script 201, shell 300, job 301 in the shell's session. */
const SUPERVISORS = [{ pid: 1, ppid: 0, sid: 1 }, { pid: 100, ppid: 1, sid: 100 }, { pid: 200, ppid: 100, sid: 200 }, { pid: 201, ppid: 200, sid: 200 }, { pid: 300, ppid: 201, sid: 300 }, { pid: 301, ppid: 300, sid: 300 }];
const TARGET: StopTarget = { job: { pid: 301, startTime: 't301' }, shellPid: 300, runId: null, sessions: new Set([300]) };

function members(processes: readonly Process[], { tagged = [] as readonly number[], servers = [100], self = 999 } = {}): readonly number[] {
  return membersOf(TARGET, { processes: table(...SUPERVISORS, ...processes), tagged: new Set(tagged), tmuxServers: new Set(servers), self }).map(({ pid }) => pid);
}

describe('who belongs to a run', () => {
  it('is the job and whoever is in its session, but not the parent that writes the record and what that starts', () => {
    expect(members([{ pid: 310, ppid: 301, sid: 300 }, { pid: 311, ppid: 1, sid: 300 }, { pid: 312, ppid: 300, sid: 300 }])).toEqual([301, 310, 311]);
  });

  it('is every descendant of the job, in whatever session', () => {
    expect(members([{ pid: 400, ppid: 301, sid: 400 }, { pid: 401, ppid: 400, sid: 401 }])).toEqual([301, 400, 401]);
  });

  it('is what carries the tag and lost its parents', () => {
    expect(members([{ pid: 400, ppid: 1, sid: 400 }, { pid: 401, ppid: 400, sid: 401 }, { pid: 500, ppid: 1, sid: 500 }], { tagged: [400, 401] })).toEqual([301, 400, 401]);
  });

  it('is never a tmux server, nor what runs in one, even with the tag', () => {
    expect(members([{ pid: 600, ppid: 1, sid: 600 }, { pid: 601, ppid: 600, sid: 601 }], { tagged: [600, 601], servers: [100, 600] })).toEqual([301]);
  });

  it('is never this process, a zombie or init', () => {
    expect(members([{ pid: 999, ppid: 301, sid: 300 }, { pid: 700, ppid: 301, sid: 300, state: 'zombie' }], { tagged: [1, 999] })).toEqual([301]);
  });

  it('is nobody where the pid was given to another process', () => {
    const processes = table({ pid: 1, ppid: 0, sid: 1 }, { pid: 301, ppid: 1, sid: 301, startTime: 'later' }, { pid: 302, ppid: 301, sid: 301 });
    expect(membersOf(TARGET, { processes, tagged: new Set(), tmuxServers: new Set(), self: 999 })).toEqual([]);
  });
});

describe('the signal of a stop', () => {
  it.each([['INT', 'SIGINT'], ['sigterm', 'SIGTERM'], ['SIGUSR1', 'SIGUSR1'], ['hup', 'SIGHUP']])('%s is %s', (raw, signal) => {
    expect(parseStopSignal(raw)).toBe(signal);
  });

  it.each(['', 'SIG', 'STOP', 'WINCH', '15', 'SIGRTMIN', 'INT; rm'])('%j is refused', (raw) => {
    expect(() => parseStopSignal(raw)).toThrow(expect.objectContaining({ code: 'SESSION_CONFIG' }));
  });
});

describe('what the launcher writes for a stop', () => {
  it('names the parent of the job, on macOS too, where times have spaces', () => {
    expect(parsePids('301\n4711\n300\n4700\n    \n')).toEqual({ pid: 300, startTime: '4700' });
    expect(parsePids('301\nSun Nov  2 01:02:03 2026\n300\nSun Nov  2 01:02:02 2026\n')).toEqual({ pid: 300, startTime: 'Sun Nov  2 01:02:02 2026' });
  });

  it.each(['', '          \n', '301\n4711\n', '301\n4711\n\n4700\n', '301\n4711\n0\n4700\n', 'a\nb\nc\nd\n'])('names nobody in %j', (text) => {
    expect(parsePids(text)).toBeNull();
  });
});

describe('what ps says', () => {
  it('is read line by line, whatever the command holds', () => {
    const text = '    1 /sbin/init\n  301 sh -c x\ty 12 A=b\n\nno line of ps\n 4000000 tmux: server\n';
    expect(parsePsPids(text, (command) => command.includes(' '))).toEqual([301, 4000000]);
    expect(parsePsPids(text, () => true)).toEqual([1, 301, 4000000]);
  });
});
