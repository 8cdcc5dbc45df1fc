import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { processStartTime } from '@longhaul/exec';
import { RUN_FILES, stopRun } from '@longhaul/sessions';
import { requireService, waitFor } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import { commandLine, gone, lives, processesOf, processesWith } from './run-processes.ts';
import { exitRecord, logHas, logOf, sh, tmuxBed } from './tmux-bed.ts';

const NEVER = 'trap "" INT TERM HUP; echo up; while :; do sleep 0.05; done';

/** A process of nobody's. Start times are counted in hundredths of a second: one that began in the job's own would be taken for the job. */
async function startedAfter(startTime: string): Promise<number> {
  return waitFor(() => {
    const { pid = 0 } = spawn('sleep', ['1000'], { stdio: 'ignore' });
    onTestFinished(() => {
      process.kill(pid, 'SIGKILL');
    });
    return processStartTime(pid) === startTime ? null : pid;
  }, { what: 'a process of another time' });
}

describe.runIf(requireService('tmux', 'script'))('stop', () => {
  it('gives a handler its second also when a wrapper around it dies at once', async () => {
    const bed = await tmuxBed();
    // TERM ends the outer sh immediately; the inner one has something to save, and its terminal must stay for that.
    const inner = 'trap "echo saving; sleep 1; echo saved; exit 0" TERM; echo up; while :; do sleep 0.05; done';
    const { run } = await bed.start('train', sh('sh -c "$1"; echo never', inner));
    await logHas(run, 'up');
    const report = await bed.backend.stop('train', { how: 'graceful', signal: 'TERM', timeoutMs: 20_000, requestedBy: 'test' });
    expect(report).toMatchObject({ step: 'signal', killed: [], status: { exitCode: 143, stoppedBy: { who: 'test', step: 'signal' } } });
    expect(await logOf(run)).toMatch(/saving\r\nsaved\r\n$/);
  });

  it('does not wait for a background process that was started with INT ignored', async () => {
    const bed = await tmuxBed();
    const marker = `sleep 4${String(process.pid)}`;
    const { run } = await bed.start('train', sh(`${marker} & echo up; while :; do sleep 0.05; done`));
    await logHas(run, 'up');
    const report = await bed.backend.stop('train', { how: 'graceful', timeoutMs: 600_000 });
    expect(report.status).toMatchObject({ state: 'stopped', exitCode: 130 });
    await waitFor(() => processesWith(marker).length === 0, { what: 'the end of the background process' });
  });

  it('ends children that ran away with setsid, and children of theirs', async () => {
    const bed = await tmuxBed();
    const marker = `run-away-${String(process.pid)}`;
    const away = `sh -c 'trap "" INT TERM HUP; sh -c "sleep 1000; : ${marker}" & sleep 1000; : ${marker}'`;
    const { run } = await bed.start('train', sh(`setsid ${away} & (setsid ${away} &) ; ${NEVER}`));
    await logHas(run, 'up');
    await waitFor(() => processesWith(marker).length >= 4, { what: 'the children' });
    const report = await bed.backend.stop('train', { how: 'graceful', timeoutMs: 200, requestedBy: 'test' });
    expect(report.step).toBe('kill');
    expect(report.killed.length).toBeGreaterThanOrEqual(5);
    expect(processesWith(marker)).toEqual([]);
    expect(await exitRecord(bed, run)).toMatchObject({ exitCode: 137, signal: 'SIGKILL', reason: 'stopped', stoppedBy: { who: 'test', step: 'kill' } });
  });

  it('sweeps what is left of a job that ended when it was asked', async () => {
    const bed = await tmuxBed();
    const marker = `left-${String(process.pid)}`;
    const { run } = await bed.start('train', sh(`setsid sh -c 'sleep 1000; : ${marker}' & echo up; while :; do sleep 0.05; done`));
    await logHas(run, 'up');
    // By what it executes: until then it has not left the job's group, and its shell's own command line has the same words.
    await waitFor(() => processesWith(marker).some(({ pid }) => commandLine(pid).startsWith('sh -c sleep 1000')), { what: 'the child in a session of its own' });
    const report = await bed.backend.stop('train', { how: 'graceful' });
    expect(report.step).toBe('signal');
    expect(report.killed).not.toEqual([]);
    expect(processesWith(`sleep 1000; : ${marker}`).filter(({ pid }) => pid !== process.pid)).toEqual([]);
    expect(await exitRecord(bed, run)).toMatchObject({ reason: 'stopped', stoppedBy: { step: 'signal' } });
  });

  it('leaves other runs alone, and a tmux server that the job started with what runs in it', async () => {
    const bed = await tmuxBed();
    const other = await bed.start('other', sh('echo up; sleep 1000'));
    const nested = `TMUX= tmux -S ${join(bed.work, 'nested')} -f /dev/null new-session -d -s inner 'sleep 1000'`;
    const { run } = await bed.start('train', sh(`${nested}; echo up; ${NEVER}`));
    await logHas(run, 'up');
    const panes = await waitFor(() => processesWith('new-session -d -s inner').find(({ ppid }) => ppid === 1), { what: 'the nested server' });
    await bed.backend.stop('train', { how: 'force' });
    expect(lives(panes.pid)).toBe(true);
    expect(bed.runs.status(other.run)).toMatchObject({ state: 'running' });
    process.kill(panes.pid, 'SIGKILL');
    await gone(panes.pid);
  });

  it('that comes before the job is executed wins: it is never executed', async () => {
    const bed = await tmuxBed();
    const file = join(bed.work, 'executed');
    for (let round = 0; round < 10; round += 1) {
      const name = `early-${String(round)}`;
      const run = await bed.prepare(bed.spec(name, sh(': > "$1"; sleep 1000', `${file}-${String(round)}`)));
      const stopping = stopRun(run, { how: 'graceful', timeoutMs: 2000, requestedBy: 'test' });
      await waitFor(() => existsSync(join(run.path, RUN_FILES.stop)), { interval: 1, what: 'stop.json' });
      await bed.backend.start(bed.spec(name, ['true']), run).catch(() => undefined);
      await stopping;
      expect(existsSync(`${file}-${String(round)}`)).toBe(false);
      expect(await exitRecord(bed, run)).toMatchObject({ exitCode: null, reason: 'stopped', stoppedBy: { who: 'test', step: 'signal' } });
    }
  });

  it('works at any moment of a start: it ends, executed or not', async () => {
    const bed = await tmuxBed();
    for (let round = 0; round < 15; round += 1) {
      const name = `moment-${String(round)}`;
      const spec = bed.spec(name, sh('sleep 1000'));
      const run = await bed.prepare(spec);
      const starting = bed.backend.start(spec, run).catch(() => undefined);
      // Not a wait for something: the moment of the stop, spread over the start.
      await new Promise((resolve) => setTimeout(resolve, round * 3));
      const outcome = await stopRun(run, { how: 'graceful', timeoutMs: 5000, requestedBy: 'test' });
      await starting;
      expect(['signal', 'kill']).toContain(outcome.step);
      expect(bed.runs.status(run)).toMatchObject({ state: 'stopped' });
    }
  });

  it('escalates where a second one forces', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('train', sh(NEVER));
    await logHas(run, 'up');
    const patient = bed.backend.stop('train', { how: 'graceful', timeoutMs: 600_000, requestedBy: 'patient' });
    await waitFor(() => existsSync(join(run.path, RUN_FILES.stop)), { interval: 1, what: 'the first stop' });
    const forced = await bed.backend.stop('train', { how: 'force', requestedBy: 'forceful' });
    expect(forced.step).toBe('kill');
    expect((await patient).status).toMatchObject({ state: 'stopped', exitCode: 137 });
    expect(await exitRecord(bed, run)).toMatchObject({ stoppedBy: { who: 'forceful', step: 'kill' } });
  });

  it('ends a job that is paused, and its supervisors with it', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('train', sh('trap "echo woken; exit 5" INT; echo up; while :; do sleep 0.05; done'));
    await logHas(run, 'up');
    process.kill(-processesOf(run).shell, 'SIGSTOP');
    const report = await bed.backend.stop('train', { how: 'graceful', timeoutMs: 10_000 });
    expect(report).toMatchObject({ step: 'signal', status: { exitCode: 5 } });
    expect(await logOf(run)).toContain('woken');
  });

  it('ends a job whose launcher was killed: the parent of the job still knows the code', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('train', sh('trap "exit 5" INT; echo up; while :; do sleep 0.05; done'));
    await logHas(run, 'up');
    const { launcher } = processesOf(run);
    process.kill(launcher, 'SIGKILL');
    await gone(launcher);
    expect(await bed.backend.stop('train', { how: 'graceful', requestedBy: 'test' })).toMatchObject({ step: 'signal', status: { state: 'stopped', exitCode: 5, stoppedBy: { who: 'test', step: 'signal' } } });
  });

  it('ends a job all of whose supervisors were killed', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('train', sh('trap "" HUP; echo up; while :; do sleep 0.05; done'));
    await logHas(run, 'up');
    const { launcher, script, shell, job } = processesOf(run);
    for (const pid of [launcher, script, shell]) process.kill(pid, 'SIGKILL');
    await Promise.all([launcher, script, shell].map(gone));
    expect(bed.runs.status(run)).toMatchObject({ state: 'running', pid: job });
    await bed.backend.stop('train', { how: 'graceful', requestedBy: 'test' });
    expect(lives(job)).toBe(false);
    expect(bed.runs.status(run)).toMatchObject({ exitCode: null, reason: 'lost' });
  });

  it('reaches the program in the foreground of an interactive shell, not only the shell', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('shell', ['bash', '--norc', '-i']);
    await bed.backend.send('shell', { text: "sh -c 'trap \"echo fore''ground; exit 1\" INT; echo re''ady; while :; do sleep 0.05; done'\n" });
    await logHas(run, 'ready');
    const report = await bed.backend.stop('shell', { how: 'graceful', timeoutMs: 1000 });
    expect(await logOf(run)).toContain('foreground');
    // bash -i itself ignores INT at its prompt.
    expect(report.step).toBe('kill');
  });

  it.each(['TERM', 'SIGUSR1', 'HUP', 'QUIT'])('begins with %s where it is told to, and the record is still written', async (signal) => {
    const bed = await tmuxBed();
    const name = signal.replace('SIG', '');
    const { run } = await bed.start('train', sh(`trap "echo got ${name}; exit 9" ${name}; echo up; while :; do sleep 0.05; done`));
    await logHas(run, 'up');
    expect(await bed.backend.stop('train', { how: 'graceful', signal })).toMatchObject({ step: 'signal', status: { exitCode: 9 } });
    expect(await logOf(run)).toContain(`got ${name}`);
  });

  it('takes signal and time from the spec where the caller has none', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('train', sh('trap "echo usr1; exit 8" USR1; echo up; while :; do sleep 0.05; done'), { stop: { signal: 'USR1', timeoutMs: 20_000 } });
    await logHas(run, 'up');
    expect(await bed.backend.stop('train', { how: 'graceful' })).toMatchObject({ step: 'signal', status: { exitCode: 8 } });
    expect(JSON.parse(readFileSync(join(run.path, 'stop.json'), 'utf8'))).toMatchObject({ signal: 'SIGUSR1', timeoutMs: 20_000, how: 'graceful' });
  });

  it('refuses a signal that would end the supervisors, before anything is started', async () => {
    const bed = await tmuxBed();
    await expect(bed.start('train', sh('true'), { stop: { signal: 'STOP' } })).rejects.toMatchObject({ code: 'SESSION_CONFIG' });
    const { run } = await bed.start('train', sh('echo up; sleep 1000'));
    await logHas(run, 'up');
    await expect(bed.backend.stop('train', { how: 'graceful', signal: 'SEGV' })).rejects.toMatchObject({ code: 'SESSION_CONFIG' });
    expect(bed.runs.status(run)).toMatchObject({ state: 'running' });
    expect(existsSync(join(run.path, RUN_FILES.stop))).toBe(false);
  });

  it('does not end a stranger that was given the pid of the job', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('train', sh('echo up; sleep 1000'));
    await logHas(run, 'up');
    const path = join(run.path, 'start.json');
    const record = JSON.parse(readFileSync(path, 'utf8')) as { readonly processStartTime: string };
    const stranger = await startedAfter(record.processStartTime);
    writeFileSync(path, JSON.stringify({ ...record, pid: stranger }));
    await bed.backend.stop('train', { how: 'force' });
    expect(lives(stranger)).toBe(true);
  });
});
