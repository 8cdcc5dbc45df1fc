import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { readlink, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { busyboxPath, findProgram, requireService, smallDisk, tempDir, waitFor } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { RestartPolicy, RunDirectory, SessionStatus } from '../src/index.ts';
import { launcherArgv, newRunId, NO_RESTART, parseSessionName, resumeArgv, stopRun } from '../src/index.ts';
import type { Launched } from './launcher-fixture.ts';
import { launch, sh, textOf } from './launcher-fixture.ts';

const available = requireService('script', 'busybox');
const NAME = parseSessionName('train');

const quick = (changes: Partial<RestartPolicy> = {}): RestartPolicy => ({ ...NO_RESTART, mode: 'on-failure', delayMs: 20, maxDelayMs: 100, ...changes });

/** The status of the session once it pleases. */
async function once({ runs }: Launched, what: string, pleases: (status: SessionStatus) => boolean): Promise<SessionStatus> {
  return waitFor(() => {
    const status = runs.currentStatus(NAME);
    return status !== null && pleases(status) ? status : null;
  }, { deadline: 120_000, interval: 5, what });
}

const isOver = ({ restart }: SessionStatus): boolean => restart?.ended !== null && restart?.ended !== undefined;
const isWaiting = ({ state, restart }: SessionStatus): boolean => state === 'restarting' && typeof restart?.next?.at === 'string';

/** All runs of the session, the first one first. */
async function attempts({ runs }: Launched): Promise<readonly RunDirectory[]> {
  return (await runs.runs()).toReversed();
}

const TOOLS = ['mv', 'ln', 'dd', 'date', 'env', 'script', 'setsid', 'od', 'tr', 'mkdir', 'cat', 'wc', 'rm', 'cp'];

/** Tools of which `sleep` is this text of sh; `FOLDER` in it is their folder. */
async function toolsWithSleep(sleep: string): Promise<{ readonly path: string; readonly join: (name: string) => string }> {
  const dir = await tempDir('lh-tools-');
  onTestFinished(async () => dir[Symbol.asyncDispose]());
  for (const name of TOOLS) await symlink(findProgram(name) ?? `/missing/${name}`, dir.join(name));
  writeFileSync(dir.join('sleep'), `#!/bin/sh\n${sleep.replaceAll('FOLDER', dir.path)}\n`);
  chmodSync(dir.join('sleep'), 0o755);
  return dir;
}

/** Time stands still until `open` is called; then it flies. */
async function gate(): Promise<{ readonly toolPath: string; readonly open: () => void }> {
  const tools = await toolsWithSleep(`${findProgram('sleep') ?? 'sleep'} 0.02; while [ -e 'FOLDER/closed' ]; do ${findProgram('sleep') ?? 'sleep'} 0.02; done`);
  writeFileSync(tools.join('closed'), '');
  const open = (): void => {
    rmSync(tools.join('closed'), { force: true });
  };
  onTestFinished(open);
  return { toolPath: tools.path, open };
}

function launcherPid(run: RunDirectory): number {
  return (JSON.parse(readFileSync(join(run.path, 'restart.json'), 'utf8').trim()) as { pid: number }).pid;
}

describe.runIf(available)('a job that crashes', () => {
  it.each(['dash', 'bash', 'busybox sh'])('is started again in %s until it succeeds, each attempt a run of its own', async (name) => {
    const busybox = await busyboxPath({ also: ['script'] });
    onTestFinished(async () => busybox[Symbol.asyncDispose]());
    const options = name === 'busybox sh' ? { shell: busybox.join('sh'), toolPath: busybox.path } : { shell: findProgram(name) ?? '/bin/sh' };
    const env = [{ name: 'PATH', value: process.env['PATH'] ?? '' }, { name: 'TOKEN', value: "it's\na secret" }];
    const command = sh('echo x >> times; n=$(wc -l < times); echo "attempt" $n "$LONGHAUL_RUN_ID <$TOKEN>"; [ $n -ge 4 ] || exit $n');
    const launched = await launch({ command, options, spec: { restart: quick(), env, secretEnv: ['TOKEN'], outputs: [{ path: 'out', to: ['nas'] }], onExit: sh('echo "$1" >> ended') } });
    const status = await once(launched, 'the end of the loop', isOver);
    expect(status).toMatchObject({ state: 'exited', exitCode: 0, attempt: 4, restart: { ended: 'succeeded', inRow: 3, next: null, previous: { exitCode: 3, reason: 'exit' } } });
    const runs = await attempts(launched);
    const ids = runs.map(({ runId }) => runId);
    expect(ids).toEqual([...ids].sort());
    expect(runs.map((run) => launched.runs.status(run))).toMatchObject([1, 2, 3, 0].map((exitCode, index) => ({ exitCode, attempt: index + 1, state: 'exited' })));
    runs.forEach(({ path, runId }, index) => {
      expect(readFileSync(join(path, 'output.log'), 'utf8')).toContain(`\nattempt ${String(index + 1)} ${runId} <it's\r\na secret>\r\n`);
      expect(statSync(path).mode & 0o777).toBe(0o700);
      for (const file of readdirSync(path).filter((entry) => !['session', 'next'].includes(entry))) expect(statSync(join(path, file)).mode & 0o777, file).toBe(0o600);
      expect(readFileSync(join(path, 'spec.json'), 'utf8')).not.toContain('a secret');
    });
    for (const run of runs) expect((await launched.runs.records(run)).damaged).toEqual([]);
    expect((await launched.runs.unsettledRuns()).map(({ runId }) => runId)).toEqual(ids);
    // Detached from each other, the hooks of two attempts may come in any order.
    const hook = join(launched.work, 'ended');
    await waitFor(() => existsSync(hook) && readFileSync(hook, 'utf8').split('\n').length === ids.length + 1, { what: 'the hook of each attempt' });
    expect(readFileSync(hook, 'utf8').trim().split('\n').sort()).toEqual(ids);
  });

  it('twenty times comes back after growing pauses, never twice at once', async () => {
    const tools = await toolsWithSleep(`echo "$1" >> 'FOLDER/slept'`);
    const policy = quick({ delayMs: 1000, maxDelayMs: 20_000 });
    const command = sh('mkdir lock || echo twice >> faults; echo x >> times; n=$(wc -l < times); rmdir lock; [ $n -gt 20 ] || exit $n');
    const launched = await launch({ command, options: { toolPath: tools.path }, spec: { restart: policy } });
    expect(await once(launched, 'the end of the loop', isOver)).toMatchObject({ exitCode: 0, attempt: 21, restart: { inRow: 20, ended: 'succeeded' } });
    const runs = await attempts(launched);
    expect(runs.map((run) => launched.runs.status(run).exitCode)).toEqual([...Array.from({ length: 20 }, (_, index) => index + 1), 0]);
    const delays = runs.slice(0, -1).map(({ path }) => (JSON.parse(readFileSync(join(path, 'restart.json'), 'utf8')) as { delayMs: number }).delayMs);
    delays.forEach((delay, row) => {
      const longest = Math.min(1000 * 2 ** row, 20_000);
      expect(delay).toBeLessThanOrEqual(longest);
      expect(delay).toBeGreaterThanOrEqual(longest * 0.75);
    });
    const slept = readFileSync(tools.join('slept'), 'utf8').trim().split('\n').reduce((sum, seconds) => sum + Math.round(Number(seconds) * 1000), 0);
    expect(slept).toBe(delays.reduce((sum, delay) => sum + delay, 0));
    expect(existsSync(join(launched.work, 'faults'))).toBe(false);
  });

  it('is given up after three restarts in a row, and the record says so', async () => {
    const launched = await launch({ command: sh('exit 9'), spec: { restart: quick({ maxRestarts: 3 }) } });
    expect(await once(launched, 'the end of the loop', isOver)).toMatchObject({ state: 'exited', exitCode: 9, attempt: 4, restart: { mode: 'on-failure', maxRestarts: 3, inRow: 3, ended: 'gave-up', next: null } });
    expect(await attempts(launched)).toHaveLength(4);
    // The verdict is there before the launcher has said it itself.
    expect(JSON.parse(await textOf(join((await attempts(launched))[3]?.path ?? '', 'loop-end.json')))).toMatchObject({ why: 'gave-up' });
  });

  it('begins a new row when it has lived long enough', async () => {
    const launched = await launch({ command: sh('echo x >> times; [ $(wc -l < times) -ge 4 ] || exit 1'), spec: { restart: quick({ maxRestarts: 1, resetMs: 0 }) } });
    expect(await once(launched, 'the end of the loop', isOver)).toMatchObject({ exitCode: 0, attempt: 4, restart: { inRow: 1, ended: 'succeeded' } });
  });

  it('by a signal is a failure, and a success is one only to `always`', async () => {
    const launched = await launch({ command: sh('echo x >> times; case $(wc -l < times) in 1) kill -KILL $$ ;; 2) exit 0 ;; *) sleep 600 ;; esac'), spec: { restart: quick({ mode: 'always' }) } });
    expect(await once(launched, 'the third attempt', ({ state, attempt }) => state === 'running' && attempt === 3)).toMatchObject({ restart: { previous: { exitCode: 0 }, inRow: 2, ended: null } });
    await stopRun((await attempts(launched))[2] as RunDirectory, { how: 'force', requestedBy: 'test' });
    expect(launched.runs.currentStatus(NAME)).toMatchObject({ state: 'stopped', attempt: 3, stoppedBy: { who: 'test', step: 'kill' }, restart: { ended: 'stopped' } });
    expect(await attempts(launched)).toHaveLength(3);
  });

  it('is not started again when its first attempt could not be executed: that was reported', async () => {
    const launched = await launch({ command: ['/no/such/program'], spec: { restart: quick({ mode: 'always' }) } });
    expect(await once(launched, 'the end of the loop', isOver)).toMatchObject({ reason: 'start-failed', attempt: 1, restart: { ended: 'not-started' } });
  });

  it('goes on once, though two launchers were started for its run', async () => {
    const launched = await launch({
      command: sh('echo x >> times; [ $(wc -l < times) -ge 4 ] || exit 1'),
      spec: { restart: quick() },
      prepared: (run) => {
        const [program = '', ...args] = launcherArgv(run);
        spawn(program, args, { detached: true, stdio: 'ignore' }).unref();
      },
    });
    expect(await once(launched, 'the end of the loop', isOver)).toMatchObject({ exitCode: 0, attempt: 4 });
    expect(await attempts(launched)).toHaveLength(4);
    expect(readFileSync(join(launched.work, 'times'), 'utf8')).toBe('x\n'.repeat(4));
  });
});

describe.runIf(available)('between two attempts', () => {
  const hour = quick({ delayMs: 3_600_000, maxDelayMs: 3_600_000 });

  it('a session is restarting: its name is taken, and a stop ends the loop', async () => {
    const launched = await launch({ command: sh('exit 3'), spec: { restart: hour } });
    const { runs, run } = launched;
    const status = await once(launched, 'the pause', isWaiting);
    expect(status).toMatchObject({ state: 'restarting', pid: null, exitCode: 3, attempt: 1, restart: { next: { attempt: 2 }, ended: null, problem: null } });
    expect(Date.parse(status.restart?.next?.at ?? '') - Date.parse(status.endedAt ?? '')).toBeGreaterThanOrEqual(2_700_000);
    expect(runs.currentStatuses()).toEqual([status]);
    await expect(runs.claim(NAME, newRunId())).rejects.toMatchObject({ code: 'SESSION_EXISTS', hint: expect.stringContaining('longhaul stop train') as string });
    await expect(runs.claimRemoval(NAME)).rejects.toMatchObject({ code: 'SESSION_STOP' });
    expect(await stopRun(run, { how: 'graceful', requestedBy: 'test' })).toMatchObject({ step: 'signal', killed: [], run });
    expect(runs.currentStatus(NAME)).toMatchObject({ state: 'stopped', exitCode: 3, reason: 'exit', stoppedBy: { who: 'test', step: 'signal' }, restart: { ended: 'stopped', next: null } });
    expect(await attempts(launched)).toHaveLength(1);
    await runs.claim(NAME, newRunId());
  });

  it('a launcher that is killed leaves a loop that is lost, and says so', async () => {
    const { toolPath } = await gate();
    const launched = await launch({ command: sh('exit 3'), spec: { restart: quick() }, options: { toolPath } });
    await once(launched, 'the pause', isWaiting);
    process.kill(launcherPid(launched.run), 'SIGKILL');
    expect(await once(launched, 'the loss', isOver)).toMatchObject({ state: 'exited', exitCode: 3, reason: 'exit', restart: { ended: 'lost', next: null } });
    expect(await stopRun(launched.run, { how: 'graceful' })).toMatchObject({ step: 'already-ended' });
    await launched.runs.claim(NAME, newRunId());
  });

  it('a launcher that is killed under its job leaves the job alone, and says afterwards that it will not come back', async () => {
    const launched = await launch({ command: sh(': > up; while [ ! -e finish ]; do sleep 0.05; done; exit 3'), spec: { restart: quick() } });
    await textOf(join(launched.work, 'up'));
    process.kill((JSON.parse(readFileSync(join(launched.run.path, 'launcher.json'), 'utf8').trim()) as { pid: number }).pid, 'SIGKILL');
    expect(launched.runs.currentStatus(NAME)).toMatchObject({ state: 'running', restart: { ended: null } });
    writeFileSync(join(launched.work, 'finish'), '');
    expect(await once(launched, 'the loss', isOver)).toMatchObject({ state: 'exited', exitCode: 3, reason: 'exit', attempt: 1, restart: { ended: 'lost' } });
    expect(await attempts(launched)).toHaveLength(1);
  });

  it('a full disk costs time and nothing else', async () => {
    const disk = await smallDisk({ bytes: 512 * 1024 });
    onTestFinished(async () => disk[Symbol.asyncDispose]());
    const { toolPath, open } = await gate();
    const launched = await launch({ command: sh('echo x >> times; [ $(wc -l < times) -ge 3 ] || exit 3'), stateDir: join(disk.path, 'state'), spec: { restart: quick() }, options: { toolPath } });
    await once(launched, 'the pause', isWaiting);
    const filler = join(disk.path, 'filler');
    expect(() => {
      for (;;) writeFileSync(filler, Buffer.alloc(4096), { flag: 'a' });
    }).toThrow(/ENOSPC/);
    open();
    expect(await once(launched, 'the problem', ({ restart }) => restart?.problem !== null && restart?.problem !== undefined)).toMatchObject({ state: 'restarting', exitCode: 3, attempt: 1, restart: { problem: expect.stringMatching(/disk/) as string, ended: null } });
    expect(readdirSync(launched.runs.stateDir + '/sessions/train/claims')).toEqual(['1']);
    rmSync(filler);
    expect(await once(launched, 'the end of the loop', isOver)).toMatchObject({ exitCode: 0, attempt: 3, restart: { ended: 'succeeded' } });
    for (const run of await attempts(launched)) expect((await launched.runs.records(run)).damaged).toEqual([]);
  });

  it('a stop that meets the next attempt as it begins ends that one too', async () => {
    // Whoever is first: the loop is over, and nobody is left running.
    const launched = await launch({ command: sh('echo x >> times; exit 3'), spec: { restart: quick({ delayMs: 1, maxDelayMs: 1 }) } });
    await waitFor(() => existsSync(join(launched.work, 'times')) && readFileSync(join(launched.work, 'times'), 'utf8').length >= 6, { interval: 1, what: 'the third attempt' });
    const { run } = await stopRun(launched.run, { how: 'graceful', requestedBy: 'test' });
    expect(launched.runs.currentStatus(NAME)).toMatchObject({ state: 'stopped', runId: run.runId, stoppedBy: { who: 'test' }, restart: { ended: 'stopped' } });
  });
});

describe.runIf(available)('a launcher that was killed while it made the next attempt', () => {
  it('is followed by one that takes back what was half made, and makes it anew', async () => {
    const launched = await launch({ command: sh('echo x >> times; [ $(wc -l < times) -ge 2 ] || exit 3; sleep 600'), spec: { restart: quick({ delayMs: 3_600_000, maxDelayMs: 3_600_000 }) } });
    await once(launched, 'the pause', isWaiting);
    const { run } = launched;
    const pid = launcherPid(run);
    process.kill(pid, 'SIGKILL');
    await once(launched, 'a loop without its launcher', ({ restart }) => restart?.ended === 'lost');
    // As it is after its claim, with half a run.
    const half = newRunId();
    const [claim = ''] = readdirSync(join(run.stateDir, 'sessions', NAME, 'claims'));
    const text = await readlink(join(run.stateDir, 'sessions', NAME, 'claims', claim));
    await symlink(text.replace(run.runId, half).replace(/ \d+ /, ` ${String(pid)} `), join(run.stateDir, 'sessions', NAME, 'claims', String(Number(claim) + 1)));
    mkdirSync(join(run.stateDir, 'runs', half));
    await symlink(NAME, join(run.stateDir, 'runs', half, 'session'));
    expect(launched.runs.currentStatus(NAME)).toMatchObject({ runId: run.runId, attempt: 1, restart: { ended: 'lost' } });
    writeFileSync(join(run.path, 'restart.conf'), readFileSync(join(run.path, 'restart.conf'), 'utf8').replaceAll("'3600000'", "'20'"));
    const [program = '', ...args] = resumeArgv(run);
    for (let follower = 0; follower < 3; follower += 1) spawn(program, args, { detached: true, stdio: 'ignore', env: { PATH: process.env['PATH'] } }).unref();
    const second = await once(launched, 'the second attempt', ({ state, attempt }) => state === 'running' && attempt === 2);
    expect(second.restart).toMatchObject({ inRow: 1, previous: { runId: run.runId, exitCode: 3 } });
    expect((await attempts(launched)).map(({ runId }) => runId)).toEqual([run.runId, second.runId]);
    // The record is there before the job's first line is.
    await waitFor(() => (readFileSync(join(launched.work, 'times'), 'utf8') === 'x\nx\n' ? true : null), { deadline: 60_000, what: 'the second attempt to say so' });
    expect(await attempts(launched)).toHaveLength(2);
  });
});
