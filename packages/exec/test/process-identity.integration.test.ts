import { describe, expect, it } from 'vitest';

import { bootId, currentProcess, identityOf, isAlive, listProcesses, processInfo, processStartTime, systemRunner } from '../src/index.ts';
import { until } from './until.ts';

const runner = systemRunner();

describe('the identity of a process', () => {
  it('knows this process: alive, and the same when read twice', () => {
    const identity = currentProcess();
    expect(identity).toEqual(identityOf(process.pid));
    expect(isAlive(identity)).toBe('alive');
    expect(isAlive(JSON.parse(JSON.stringify(identity)) as typeof identity)).toBe('alive');
    expect(bootId()).toMatch(/\S{8,}/);
  });

  it('says dead for another start time and another boot, unknown for another host', () => {
    const identity = currentProcess();
    expect(isAlive({ ...identity, startTime: '1' })).toBe('dead');
    expect(isAlive({ ...identity, bootId: 'another' })).toBe('dead');
    expect(isAlive({ ...identity, host: 'another' })).toBe('unknown');
  });

  it('says dead once a process has ended', async () => {
    await using running = await runner.spawn({ program: 'tail', args: ['-f', '/dev/null'] });
    const identity = identityOf(running.pid!)!;
    expect(isAlive(identity)).toBe('alive');
    await running.end();
    expect([isAlive(identity), identityOf(identity.pid), processStartTime(identity.pid)]).toEqual(['dead', null, null]);
  });

  it('counts a zombie as dead', async () => {
    // The shell becomes a program that never reaps the child which the shell had started.
    const script = 'read -r go & echo $!; exec tail -f /dev/null';
    await using running = await runner.spawn({ program: 'sh', args: ['-c', script], stdin: 'pipe', stdout: 'pipe' });
    const pid = Number((await running.stdout!.lines()[Symbol.asyncIterator]().next()).value);
    await until('the child is a zombie', () => processInfo(pid)?.state === 'zombie');
    const identity = { ...currentProcess(), pid, startTime: processStartTime(pid)! };
    expect([isAlive(identity), identityOf(pid)]).toEqual(['dead', null]);
  });

  it('says null for numbers that are no process', () => {
    expect([processInfo(0), processInfo(-1), processInfo(1.5), processInfo(2 ** 22 + 5), processStartTime(Number.NaN)]).toEqual([null, null, null, null, null]);
  });
});

describe('the list of processes', () => {
  it('holds this process with its parent', () => {
    expect(listProcesses().find((entry) => entry.pid === process.pid)).toMatchObject({ ppid: process.ppid, state: 'running' });
  });
});
