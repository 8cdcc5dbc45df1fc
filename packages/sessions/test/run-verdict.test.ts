import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import type { ExitRecord, RunRecords } from '../src/index.ts';
import { hasEnded, judgeRun, mayLive } from '../src/index.ts';
import { EXIT, ITS_LAUNCHER, ITS_STARTER, JOB, LAUNCHER, recordsOf, START, STARTER, THIS_BOOT, worldWith } from './support/worlds.ts';

const nobody = worldWith([]);
const afterReboot = worldWith([JOB, ITS_LAUNCHER, ITS_STARTER], { bootId: 'boot-later' });
const stop = { requestedAt: '2026-11-22T10:00:30.000Z', requestedBy: 'lab@host', how: 'graceful', signal: 'INT', timeoutMs: 10_000 } as const;

describe('a run whose job was started', () => {
  test('is running while a process with that pid, start time and boot lives', () => {
    expect(judgeRun(recordsOf({ launcher: LAUNCHER, start: START }), worldWith([JOB]))).toEqual({ kind: 'running', pid: START.pid });
  });

  test('is lost, not running, when its pid was given to another process', () => {
    const reused = worldWith([[START.pid, 'another start time']]);
    expect(judgeRun(recordsOf({ start: START }), reused)).toMatchObject({ kind: 'exited', reason: 'lost', exitCode: null, recorded: null });
  });

  test('is interrupted on another boot, even when a process there has the same pid and start time', () => {
    expect(judgeRun(recordsOf({ launcher: LAUNCHER, start: START }), afterReboot)).toMatchObject({ kind: 'exited', reason: 'interrupted', exitCode: null, endedAt: null });
  });

  test('is unknown when it was started on another machine that shares the state directory', () => {
    const there = { ...afterReboot, host: 'another-host' };
    expect(judgeRun(recordsOf({ start: START }), there)).toMatchObject({ kind: 'unknown', mayLive: true });
  });

  test('is unknown, never lost, where it was started in another PID namespace: its pids are others there', () => {
    const here = worldWith([], { bootId: `${THIS_BOOT}.pidns-2` });
    const start = { ...START, bootId: `${THIS_BOOT}.pidns-1` };
    expect(judgeRun(recordsOf({ start }), here)).toMatchObject({ kind: 'unknown', why: 'elsewhere', mayLive: true });
    expect(judgeRun(recordsOf({ starter: { ...STARTER, bootId: start.bootId } }), here)).toMatchObject({ kind: 'unknown', why: 'elsewhere', mayLive: true });
    expect(judgeRun(recordsOf({ start, exit: EXIT }), here)).toMatchObject({ kind: 'exited', exitCode: 0 });
    expect(judgeRun(recordsOf({ start }), { ...here, bootId: 'boot-later.pidns-2' })).toMatchObject({ kind: 'exited', reason: 'interrupted' });
  });

  test('that somebody gave up is no longer waited for, and is judged by its processes all the same where they are', () => {
    const abandoned = { at: '2026-11-22T12:00:00.000Z', by: 'lab@host', reason: 'it was started on another machine' };
    const there = worldWith([], { bootId: 'boot-there', host: 'another-host' });
    expect(judgeRun(recordsOf({ start: START, abandoned }), there)).toMatchObject({ kind: 'unknown', why: 'abandoned', mayLive: false, reason: expect.stringMatching(/given up by lab@host.*another machine/) as string });
    expect(judgeRun(recordsOf({ start: START, abandoned }), worldWith([JOB]))).toMatchObject({ kind: 'running' });
    expect(judgeRun(recordsOf({ start: START, abandoned, exit: EXIT }), there)).toMatchObject({ kind: 'exited', exitCode: 0 });
  });

  test('is unknown when the system hides its process', () => {
    expect(judgeRun(recordsOf({ start: START }), worldWith([], { liveness: () => 'unknown' }))).toMatchObject({ kind: 'unknown', mayLive: true });
  });

  test('is still running, without a pid, while its launcher lives and writes the log', () => {
    expect(judgeRun(recordsOf({ start: START, job: EXIT }), worldWith([ITS_LAUNCHER]))).toEqual({ kind: 'running', pid: null });
  });

  test('has ended as the inner shell saw it when its launcher was killed', () => {
    const job: ExitRecord = { ...EXIT, exitCode: 42 };
    expect(judgeRun(recordsOf({ start: START, job }), nobody)).toMatchObject({ kind: 'exited', exitCode: 42, reason: 'exit', recorded: 'job.json' });
  });

  test('is not lost while its parent lives, which is about to write how it ended', () => {
    const start = { ...START, shell: { pid: 4321, startTime: 'shell' } };
    expect(judgeRun(recordsOf({ start }), worldWith([[4321, 'shell']]))).toEqual({ kind: 'running', pid: null });
    expect(judgeRun(recordsOf({ start }), worldWith([[4321, 'another']]))).toMatchObject({ kind: 'exited', reason: 'lost' });
    expect(judgeRun(recordsOf({ start, job: EXIT }), worldWith([[4321, 'shell']]))).toMatchObject({ recorded: 'job.json' });
  });

  test('keeps what the inner shell saw across a reboot', () => {
    expect(judgeRun(recordsOf({ start: START, job: { ...EXIT, exitCode: 3 } }), afterReboot)).toMatchObject({ kind: 'exited', exitCode: 3, reason: 'exit' });
  });
});

describe('a run whose job was not started yet', () => {
  test('is starting while its starter lives, and while its launcher does', () => {
    expect(judgeRun(recordsOf(), worldWith([ITS_STARTER]))).toEqual({ kind: 'starting' });
    expect(judgeRun(recordsOf({ launcher: LAUNCHER }), worldWith([ITS_LAUNCHER]))).toEqual({ kind: 'starting' });
  });

  test('has failed to start when neither is there any more', () => {
    expect(judgeRun(recordsOf(), nobody)).toMatchObject({ kind: 'exited', reason: 'start-failed' });
    // The starter lives on, a server say; the launcher it started died.
    expect(judgeRun(recordsOf({ launcher: LAUNCHER }), worldWith([ITS_STARTER]))).toMatchObject({ kind: 'exited', reason: 'start-failed' });
  });

  test('was interrupted by a reboot when its launcher had come up', () => {
    expect(judgeRun(recordsOf({ launcher: LAUNCHER }), afterReboot)).toMatchObject({ kind: 'exited', reason: 'interrupted' });
    expect(judgeRun(recordsOf(), afterReboot)).toMatchObject({ kind: 'exited', reason: 'start-failed' });
  });

  test('is unknown when nothing says who started it', () => {
    expect(judgeRun(recordsOf({ starter: null, damaged: [{ file: 'spec.json', problem: 'it is empty' }] }), nobody)).toEqual({
      kind: 'unknown',
      reason: 'spec.json is damaged: it is empty',
      why: 'damaged',
      mayLive: true,
    });
  });
});

describe('exit.json', () => {
  test('decides, whatever lives', () => {
    const records = recordsOf({ start: START, exit: { ...EXIT, exitCode: 7 } });
    for (const world of [nobody, afterReboot, worldWith([JOB, ITS_LAUNCHER])]) expect(judgeRun(records, world)).toMatchObject({ kind: 'exited', exitCode: 7, recorded: 'exit.json' });
  });

  test('says stopped where somebody asked', () => {
    const exit: ExitRecord = { ...EXIT, exitCode: 130, reason: 'stopped', stoppedBy: { who: 'lab@host', step: 'signal' } };
    expect(judgeRun(recordsOf({ start: START, stop, exit }), nobody)).toMatchObject({ kind: 'stopped', exitCode: 130, stoppedBy: { step: 'signal' } });
  });
});

describe('a damaged record', () => {
  const damaged = (file: string): Partial<RunRecords> => ({ damaged: [{ file, problem: 'it is not JSON' }] });

  test('of the end makes the outcome unknown, and the job has ended all the same', () => {
    expect(judgeRun(recordsOf({ start: START, ...damaged('exit.json') }), nobody)).toEqual({ kind: 'unknown', reason: 'exit.json is damaged: it is not JSON', why: 'damaged', mayLive: false });
  });

  test('of the start makes the state unknown: the job may live', () => {
    expect(judgeRun(recordsOf({ launcher: LAUNCHER, ...damaged('start.json') }), nobody)).toMatchObject({ kind: 'unknown', mayLive: true });
    expect(judgeRun(recordsOf(damaged('launcher.json')), nobody)).toMatchObject({ kind: 'unknown', mayLive: true });
  });

  test('of the start is no riddle after a reboot', () => {
    expect(judgeRun(recordsOf(damaged('start.json')), afterReboot)).toMatchObject({ kind: 'exited', reason: 'interrupted' });
  });

  test('of the stop or the spec takes nothing from what the others say', () => {
    expect(judgeRun(recordsOf({ start: START, ...damaged('stop.json') }), worldWith([JOB]))).toMatchObject({ kind: 'running' });
    expect(judgeRun(recordsOf({ start: START, exit: EXIT, ...damaged('spec.json') }), nobody)).toMatchObject({ kind: 'exited', exitCode: 0 });
  });
});

test('a run whose job lives is never said to have ended, and only a recorded or dead one is', () => {
  const file = fc.constantFrom('spec.json', 'launcher.json', 'start.json', 'stop.json', 'job.json', 'exit.json');
  const arbitrary = fc.record({
    launcher: fc.constantFrom(null, LAUNCHER),
    start: fc.constantFrom(null, START),
    stop: fc.constantFrom(null, stop),
    job: fc.constantFrom(null, EXIT),
    starter: fc.constantFrom(null, STARTER, { ...STARTER, bootId: 'boot-before' }),
    damaged: fc.array(fc.record({ file, problem: fc.constant('torn') }), { maxLength: 2 }),
  });
  const living = fc.subarray([JOB, ITS_LAUNCHER, ITS_STARTER]);
  fc.assert(
    fc.property(arbitrary, living, fc.constantFrom(THIS_BOOT, 'boot-later'), (changes, alive, bootId) => {
      const records = recordsOf(changes);
      const verdict = judgeRun(records, worldWith(alive, { bootId }));
      const exitTorn = records.damaged.some((record) => record.file === 'exit.json');
      const jobLives = records.start !== null && bootId === THIS_BOOT && alive.includes(JOB) && !exitTorn;
      expect(verdict.kind === 'running' && verdict.pid !== null).toBe(jobLives);
      if (jobLives) expect(hasEnded(verdict)).toBe(false);
      expect(hasEnded(verdict) && mayLive(verdict)).toBe(false);
    }),
  );
});

describe('a run whose container was made and whose launcher was killed', () => {
  const container = 'made' as const;

  test('keeps its name until its engine was asked: it may have been started', () => {
    const records = recordsOf({ launcher: LAUNCHER, container });
    expect(judgeRun(records, nobody)).toMatchObject({ kind: 'unknown', mayLive: true });
    expect(judgeRun(records, worldWith([ITS_LAUNCHER]))).toEqual({ kind: 'starting' });
    expect(judgeRun(recordsOf({ launcher: LAUNCHER, container, exit: { ...EXIT, reason: 'start-failed', exitCode: null } }), nobody)).toMatchObject({ kind: 'exited', reason: 'start-failed' });
  });

  test('is not lost where its process cannot be seen from here: it is of another machine, or had ended too soon', () => {
    const start = { ...START, pid: 0, processStartTime: 'ended' };
    expect(judgeRun(recordsOf({ launcher: LAUNCHER, start, container }), nobody)).toMatchObject({ kind: 'unknown', mayLive: true });
    expect(judgeRun(recordsOf({ launcher: LAUNCHER, start, container, job: { ...EXIT, exitCode: 4 } }), nobody)).toMatchObject({ kind: 'exited', exitCode: 4 });
    expect(judgeRun(recordsOf({ launcher: LAUNCHER, start, container }), worldWith([ITS_LAUNCHER]))).toEqual({ kind: 'running', pid: null });
  });
});
