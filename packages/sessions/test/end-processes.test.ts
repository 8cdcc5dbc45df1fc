import { readdirSync } from 'node:fs';

import type { ProcessInfo } from '@longhaul/exec';
import { describe, expect, it } from 'vitest';

import type { Ended, EndPlan, ProcessView, RunDirectory, StopTarget } from '../src/index.ts';
import { endProcesses, LAUNCH_FILES, leftBehind, recordStopIntent, stopRun, systemWorld } from '../src/index.ts';
import { prepared, temporaryStore, writeRecord } from './support/temporary-store.ts';

type Process = Pick<ProcessInfo, 'pid' | 'ppid' | 'sid'> & { readonly isRoots?: boolean; readonly endsWith?: number; readonly ends?: 'at once' | 'by KILL' };

/** A machine on which time passes only by sleeping, and processes are as they are said to be. */
class Machine {
  readonly sent: string[] = [];
  readonly steps: string[] = [];
  #time: number = 0;
  #processes: readonly Process[];

  constructor(processes: readonly Process[]) {
    this.#processes = processes;
  }

  get view(): ProcessView {
    const find = (pid: number): Process | undefined => this.#processes.find((process) => process.pid === pid);
    return {
      list: () => this.#processes.map(infoOf),
      look: (pid) => [find(pid)].filter((process) => process !== undefined).map(infoOf)[0] ?? null,
      tagged: () => Promise.resolve([]),
      tmuxServers: () => Promise.resolve([]),
      ignores: () => false,
      reaches: (pid) => find(pid)?.isRoots !== true,
      kill: (pid, signal) => {
        const met = this.#processes.filter((process) => (pid < 0 ? process.sid === -pid : process.pid === pid));
        const reached = met.filter(({ isRoots }) => isRoots !== true);
        if (reached.length === 0) return met.length === 0 ? 'gone' : 'refused';
        this.sent.push(`${signal} ${String(pid)}`);
        const ended = new Set(reached.filter(({ ends = 'at once' }) => signal === 'SIGKILL' || ends === 'at once').map((process) => process.pid));
        this.#processes = this.#processes.filter((process) => !ended.has(process.pid) && !ended.has(process.endsWith ?? 0));
        return 'sent';
      },
    };
  }

  end(how: EndPlan['how']): Promise<Ended> {
    const sleep = async (ms: number): Promise<void> => {
      this.#time += ms;
      return Promise.resolve();
    };
    const plan: EndPlan = { how, signal: 'SIGINT', timeoutMs: 1000, beforeStep: (step) => this.steps.push(step), afterWait: () => undefined };
    return endProcesses(TARGET, plan, { view: this.view, now: () => this.#time, sleep });
  }
}

const TARGET: StopTarget = { job: { pid: 301, startTime: 't301' }, shellPid: 300, runId: null, sessions: new Set([300]) };
const SHELL: Process = { pid: 300, ppid: 1, sid: 300, ends: 'by KILL' };

function infoOf({ pid, ppid, sid }: Process): ProcessInfo {
  return { pid, ppid, sid, pgid: sid ?? pid, foregroundPgid: null, state: 'running', startTime: `t${String(pid)}` };
}

describe("another user's process among those to be ended", () => {
  it.each(['graceful', 'force'] as const)('is left and told, and the rest is ended: %s', async (how) => {
    const machine = new Machine([SHELL, { pid: 301, ppid: 300, sid: 300 }, { pid: 302, ppid: 301, sid: 300, isRoots: true }, { pid: 303, ppid: 301, sid: 300, ends: 'by KILL' }]);
    const ended = await machine.end(how);
    expect(ended).toMatchObject({ left: [302], refused: [302] });
    expect(machine.view.list().map(({ pid }) => pid)).toEqual([300, 302]);
  });

  it.each(['graceful', 'force'] as const)('is told also where it left the session, and nothing leads to it once its parent has ended: %s', async (how) => {
    const machine = new Machine([SHELL, { pid: 301, ppid: 300, sid: 300 }, { pid: 302, ppid: 301, sid: 302, isRoots: true }]);
    expect(await machine.end(how)).toMatchObject({ left: [302], refused: [302] });
  });

  it.each(['graceful', 'force'] as const)('is not recorded as signalled where it is all there is: %s', async (how) => {
    const machine = new Machine([SHELL, { pid: 301, ppid: 300, sid: 300, isRoots: true }]);
    expect(await machine.end(how)).toMatchObject({ signalled: [], killed: [], left: [301], refused: [301] });
    expect([machine.sent, machine.steps]).toEqual([[], []]);
  });

  it('ends with what it runs, which is asked and has its time', async () => {
    const machine = new Machine([SHELL, { pid: 301, ppid: 300, sid: 300, isRoots: true, endsWith: 400 }, { pid: 400, ppid: 301, sid: 400 }]);
    expect(await machine.end('graceful')).toEqual({ step: 'signal', signalled: [400], killed: [], left: [], refused: [] });
    expect([machine.sent, machine.steps]).toEqual([['SIGINT 400'], ['signal']]);
  });

  it('is waited for when what it runs had to be killed', async () => {
    const machine = new Machine([SHELL, { pid: 301, ppid: 300, sid: 300, isRoots: true, endsWith: 400 }, { pid: 400, ppid: 301, sid: 400, ends: 'by KILL' }]);
    expect(await machine.end('graceful')).toEqual({ step: 'kill', signalled: [400], killed: [400], left: [], refused: [] });
    expect(machine.steps).toEqual(['signal', 'kill']);
  });
});

describe('the record of a stop that could signal nobody', () => {
  const refusing = new Machine([SHELL, { pid: 301, ppid: 300, sid: 300, isRoots: true }]);
  const ports = { view: refusing.view, world: () => ({ ...systemWorld(), liveness: () => 'alive' as const }) };
  const policy = { how: 'graceful' as const, requestedBy: 'test' };
  const files = (run: RunDirectory): string[] => readdirSync(run.path).filter((name) => name.startsWith('stop'));

  async function running(): Promise<RunDirectory> {
    const run = await prepared(temporaryStore());
    writeRecord(run, 'start.json', { pid: 301, processStartTime: 't301', bootId: systemWorld().bootId, startedAt: new Date().toISOString(), launcherPid: 300, launcherStartTime: 't300' });
    writeRecord(run, LAUNCH_FILES.pids, '301\nt301\n300\nt300\n');
    return run;
  }

  it('does not say that there was one', async () => {
    const run = await running();
    await expect(stopRun(run, policy, ports)).rejects.toMatchObject({ code: 'SESSION_STOP', reason: expect.stringContaining('process 301') as string, hint: expect.stringContaining('sudo kill 301') as string });
    expect(files(run)).toEqual([]);
  });

  it('keeps what somebody asked before', async () => {
    const run = await running();
    recordStopIntent(run, { how: 'graceful', requestedBy: 'before' });
    await expect(stopRun(run, policy, ports)).rejects.toMatchObject({ code: 'SESSION_STOP' });
    expect(files(run)).toContain('stop.json');
  });
});

it('tells those that may not be signalled from those that KILL does not end, also where the time is up', async () => {
  const machine = new Machine([SHELL, { pid: 301, ppid: 300, sid: 300 }, { pid: 302, ppid: 301, sid: 300, isRoots: true }]);
  const { view } = machine;
  let time = 0;
  const kill: ProcessView['kill'] = (pid) => (pid === 302 ? 'refused' : 'sent');
  const ports = { view: { ...view, kill }, now: () => time, sleep: async (ms: number) => Promise.resolve().then(() => void (time += ms)) };
  const plan: EndPlan = { how: 'force', signal: 'SIGINT', timeoutMs: 1000, beforeStep: () => undefined, afterWait: () => undefined };
  const ended = await endProcesses(TARGET, plan, ports);
  expect(ended).toMatchObject({ left: [301, 302], refused: [302] });
  expect(leftBehind(ended)).toEqual({
    reason: "process 302 may not be signalled: another user's, as after sudo; KILL did not end process 301",
    hint: 'End it as that user, for example: sudo kill 302. It waits for the system: often a disk or network share that does not answer',
  });
  expect(leftBehind({ left: [], refused: [] })).toBeNull();
});

it('says of a job that ended when it was asked what its record says, whatever it left behind', async () => {
  const machine = new Machine([SHELL, { pid: 301, ppid: 300, sid: 300 }, { pid: 302, ppid: 301, sid: 300, ends: 'by KILL' }]);
  expect(await machine.end('graceful')).toEqual({ step: 'signal', signalled: [301, 302], killed: [302], left: [], refused: [] });
  expect(machine.steps).toEqual(['signal']);
});

it('a process that does not even end by KILL is left, and was not refused', async () => {
  const machine = new Machine([SHELL, { pid: 301, ppid: 300, sid: 300 }]);
  const { view } = machine;
  let time = 0;
  const ports = { view: { ...view, kill: () => 'sent' as const }, now: () => time, sleep: async (ms: number) => Promise.resolve().then(() => void (time += ms)) };
  const plan: EndPlan = { how: 'force', signal: 'SIGINT', timeoutMs: 1000, beforeStep: () => undefined, afterWait: () => undefined };
  expect(await endProcesses(TARGET, plan, ports)).toMatchObject({ left: [301], refused: [] });
});
