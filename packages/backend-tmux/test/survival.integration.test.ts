import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { RunDirectory } from '@longhaul/sessions';
import { lossesOf } from '@longhaul/sessions';
import { requireService, runProgram, smallDisk, waitFor } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import { gone, lives, processesOf } from './run-processes.ts';
import type { TmuxBed } from './tmux-bed.ts';
import { ended, exitRecord, logHas, logOf, sh, tmuxBed } from './tmux-bed.ts';

const available = requireService('tmux', 'script');

/** Counts until it is told to end by a file, so that a test decides when; then ends with a code of its own. */
function untilFile(file: string, code: number): readonly string[] {
  return sh('echo first; while [ ! -e "$1" ]; do sleep 0.05; done; echo last; exit "$2"', file, String(code));
}

/** Starts such a job; `finish` lets it end. */
async function untilTold(bed: TmuxBed, name = 'train'): Promise<{ readonly run: RunDirectory; readonly finish: () => void }> {
  const file = join(bed.work, `finish-${name}`);
  const { run } = await bed.start(name, untilFile(file, 42));
  await logHas(run, 'first');
  return {
    run,
    finish: () => {
      writeFileSync(file, '');
    },
  };
}

async function serverPid(bed: TmuxBed): Promise<number> {
  return Number((await bed.tmux.tmux('display-message', '-p', '#{pid}')).trim());
}

/** The job ran to its end as if nothing had happened: code and log are whole. */
async function expectWholeEnd(bed: TmuxBed, run: RunDirectory, published: 'exit.json' | 'job.json' = 'exit.json'): Promise<void> {
  if (published === 'exit.json') expect(await exitRecord(bed, run)).toMatchObject({ exitCode: 42, signal: null, reason: 'exit', oomKilled: null });
  expect(await ended(bed, run)).toMatchObject({ state: 'exited', exitCode: 42, signal: null, reason: 'exit' });
  expect(await logOf(run)).toBe('first\r\nlast\r\n');
  expect(lossesOf(run)).toEqual([]);
}

describe.runIf(available)('a running job survives', () => {
  it('kill -9 of the tmux server: it runs to its end, and status tells the truth before and after', async () => {
    const bed = await tmuxBed();
    const { run, finish } = await untilTold(bed);
    expect(await bed.backend.status('train')).toMatchObject({ kind: 'present', status: { state: 'running', terminal: 'detached' } });
    const server = await serverPid(bed);
    process.kill(server, 'SIGKILL');
    await gone(server);
    expect(await bed.backend.status('train')).toMatchObject({ kind: 'present', status: { state: 'running', terminal: 'lost' } });
    await expect(bed.backend.attach('train', { mode: 'read-write' })).rejects.toMatchObject({ code: 'SESSION_ATTACH' });
    await expect(bed.backend.send('train', { text: 'x' })).rejects.toMatchObject({ code: 'SESSION_ATTACH' });
    await expect(bed.start('train', sh('true'))).rejects.toMatchObject({ code: 'SESSION_EXISTS' });
    finish();
    await expectWholeEnd(bed, run);
    expect(await bed.backend.status('train')).toMatchObject({ kind: 'present', status: { state: 'exited', exitCode: 42, terminal: 'none' } });
  });

  it('tmux kill-server', async () => {
    const bed = await tmuxBed();
    const { run, finish } = await untilTold(bed);
    await bed.tmux.tmux('kill-server');
    finish();
    await expectWholeEnd(bed, run);
  });

  it('tmux kill-session', async () => {
    const bed = await tmuxBed();
    const { run, finish } = await untilTold(bed);
    await bed.tmux.tmux('kill-session', '-t', '=train');
    expect(await bed.backend.status('train')).toMatchObject({ kind: 'present', status: { state: 'running', terminal: 'lost' } });
    finish();
    await expectWholeEnd(bed, run);
  });

  it.each(['kill-server', 'kill -9'])('%s at any moment of its start: the job is executed once and to its end, or started again', { timeout: 120_000 }, async (how) => {
    const bed = await tmuxBed();
    for (let round = 0; round < 20; round += 1) {
      // A server that is there already, as it mostly is.
      await bed.tmux.tmux('new-session', '-d', '-s', `before-${String(round)}`, 'sleep 1000', ';', 'set-option', '-s', 'exit-empty', 'off');
      const server = await serverPid(bed);
      const starting = bed.start(`round-${String(round)}`, sh('echo first; echo x >> "$1"; sleep 0.05; echo last; exit 42', join(bed.work, `executed-${String(round)}`)));
      // Not a wait for something: the moment of the fault, spread over the time in which a job starts.
      await new Promise((resolve) => setTimeout(resolve, round * 3));
      if (how === 'kill-server') await bed.tmux.tmux('kill-server');
      else process.kill(server, 'SIGKILL');
      const { run, status } = await starting;
      expect(['running', 'exited']).toContain(status.state);
      await expectWholeEnd(bed, run);
      expect(readFileSync(join(bed.work, `executed-${String(round)}`), 'utf8')).toBe('x\n');
    }
  });

  it('a socket file that somebody removed: nothing is absent, and the terminal is found again', async () => {
    const bed = await tmuxBed();
    const { run, finish } = await untilTold(bed);
    rmSync(bed.tmux.socketPath);
    expect(await bed.backend.list()).toMatchObject({ unavailable: null, sessions: [{ name: 'train', state: 'running', terminal: 'detached' }] });
    expect(existsSync(bed.tmux.socketPath)).toBe(true);
    rmSync(bed.tmux.socketPath);
    expect(await bed.backend.attach('train', { mode: 'read-only' })).toMatchObject({ program: 'tmux' });
    finish();
    await expectWholeEnd(bed, run);
  });

  it('kill -9 of its launcher: the code is taken from what the job\'s parent wrote', async () => {
    const bed = await tmuxBed();
    const { run, finish } = await untilTold(bed);
    const { launcher } = processesOf(run);
    process.kill(launcher, 'SIGKILL');
    await gone(launcher);
    expect(await bed.backend.status('train')).toMatchObject({ kind: 'present', status: { state: 'running' } });
    finish();
    await expectWholeEnd(bed, run, 'job.json');
    expect(existsSync(join(run.path, 'exit.json'))).toBe(false);
  });

  it('kill -9 of the group of its pane', async () => {
    const bed = await tmuxBed();
    const { run, finish } = await untilTold(bed);
    process.kill(-processesOf(run).launcher, 'SIGKILL');
    finish();
    await expectWholeEnd(bed, run, 'job.json');
  });

  it.each(['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGQUIT', 'SIGUSR1'] as const)('%s to the group of its pane', async (signal) => {
    const bed = await tmuxBed();
    const { run, finish } = await untilTold(bed);
    process.kill(-processesOf(run).launcher, signal);
    finish();
    await expectWholeEnd(bed, run);
  });

  it('being paused with its whole group, and goes on with its log', async () => {
    const bed = await tmuxBed();
    const { run, finish } = await untilTold(bed);
    const { shell, script } = processesOf(run);
    process.kill(-shell, 'SIGSTOP');
    process.kill(-shell, 'SIGCONT');
    finish();
    await expectWholeEnd(bed, run);
    await gone(script);
  });
});

describe.runIf(available)('the record tells the truth', () => {
  it('when script is killed: the job goes on without a terminal, and the launcher waits for its end', async () => {
    const bed = await tmuxBed();
    const { run, finish } = await untilTold(bed);
    const { script, job } = processesOf(run);
    process.kill(script, 'SIGKILL');
    await gone(script);
    expect(lives(job)).toBe(true);
    expect(bed.runs.status(run)).toMatchObject({ state: 'running', pid: job });
    finish();
    expect(await exitRecord(bed, run)).toMatchObject({ exitCode: 42, reason: 'exit' });
    expect(await logOf(run)).toBe('first\r\n');
    // What it printed afterwards nobody has written down.
    expect(lossesOf(run)).toMatchObject([{ kind: 'gap', to: null, reason: expect.stringMatching(/^what writes the log/) as string }]);
  });

  it('when the parent of the job is killed: the code is not known, the end is', async () => {
    const bed = await tmuxBed();
    const file = join(bed.work, 'finish');
    const { run } = await bed.start('train', sh('trap "" HUP; echo first; while [ ! -e "$1" ]; do sleep 0.05; done; exit 42', file));
    await logHas(run, 'first');
    const { shell, job } = processesOf(run);
    process.kill(shell, 'SIGKILL');
    await gone(shell);
    expect(bed.runs.status(run)).toMatchObject({ state: 'running', pid: job });
    writeFileSync(file, '');
    expect(await exitRecord(bed, run)).toMatchObject({ exitCode: null, signal: null, reason: 'lost' });
  });

  it('after a reboot: interrupted, with the log that there is', async () => {
    const bed = await tmuxBed();
    const { run } = await untilTold(bed);
    const { launcher, script, shell, job } = processesOf(run);
    // What a power cut leaves: no process, no exit.json, records of another boot.
    for (const pid of [launcher, script, shell, job]) process.kill(pid, 'SIGKILL');
    await Promise.all([launcher, script, shell, job].map(gone));
    for (const file of ['launcher.json', 'start.json']) {
      const path = join(run.path, file);
      writeFileSync(path, readFileSync(path, 'utf8').replace(/"bootId":"[^"]*"/, '"bootId":"00000000-aaaa-bbbb-cccc-000000000000"'));
    }
    expect(readdirSync(run.path)).not.toContain('exit.json');
    expect(await bed.backend.status('train')).toMatchObject({ kind: 'present', status: { state: 'exited', exitCode: null, reason: 'interrupted', terminal: 'none' } });
    expect(await logOf(run)).toBe('first\r\n');
    const again = await bed.start('train', sh('exit 0'));
    expect(await ended(bed, again.run)).toMatchObject({ exitCode: 0 });
  });

  it('of a job that catches INT from the keyboard and exits 42', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('train', sh('trap "exit 42" INT; echo first; while :; do sleep 0.05; done'));
    await logHas(run, 'first');
    await bed.backend.send('train', { keys: ['C-c'] });
    expect(await exitRecord(bed, run)).toMatchObject({ exitCode: 42, signal: null, reason: 'exit', stoppedBy: null });
  });

  it('of a job that is interrupted again and again while it ends', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('train', sh('echo first; while :; do sleep 0.05; done'));
    await logHas(run, 'first');
    await Promise.all(Array.from({ length: 20 }, async () => bed.backend.send('train', { keys: ['C-c', 'C-c', 'C-c'] }).catch(() => undefined)));
    expect(await exitRecord(bed, run)).toMatchObject({ exitCode: 130, signal: null });
  });

  it('of a job that uses HUP', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('train', sh('trap "echo reload" HUP; echo first; n=0; while [ $n -lt 100 ]; do sleep 0.05; n=$((n + 1)); done'));
    await logHas(run, 'first');
    process.kill(processesOf(run).job, 'SIGHUP');
    await logHas(run, 'reload');
    await bed.backend.stop('train', { how: 'force' });
  });
});

describe.runIf(available && requireService('root'))('a full state disk', () => {
  const fill = (path: string): void => {
    try {
      for (let size = 64 * 1024; ; ) writeFileSync(join(path, 'filler'), Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  };

  it('at the moment of exit loses no record, and the job does not notice', async () => {
    await using disk = await smallDisk({ bytes: 1024 * 1024 });
    const bed = await tmuxBed({ stateDir: join(disk.path, 'state') });
    const { run, finish } = await untilTold(bed);
    fill(disk.path);
    finish();
    expect(await exitRecord(bed, run)).toMatchObject({ exitCode: 42, signal: null, reason: 'exit' });
    expect(await bed.backend.status('train')).toMatchObject({ kind: 'present', status: { state: 'exited', exitCode: 42 } });
    await bed[Symbol.asyncDispose]();
  });

  it('between the preparation and the start changes nothing: the records have their room', async () => {
    await using disk = await smallDisk({ bytes: 1024 * 1024 });
    const bed = await tmuxBed({ stateDir: join(disk.path, 'state') });
    const spec = bed.spec('train', sh('exit 42'));
    const run = await bed.prepare(spec);
    fill(disk.path);
    await bed.backend.start(spec, run);
    expect(await exitRecord(bed, run)).toMatchObject({ exitCode: 42, reason: 'exit' });
    const { start, damaged } = await bed.runs.records(run);
    expect(start).not.toBeNull();
    expect(damaged).toEqual([]);
    await bed[Symbol.asyncDispose]();
  });

  it('does not end a job that goes on printing, and its log goes on when there is room again', async () => {
    await using disk = await smallDisk({ bytes: 1024 * 1024 });
    const bed = await tmuxBed({ stateDir: join(disk.path, 'state') });
    const [printed, go] = [join(bed.work, 'printed'), join(bed.work, 'go')];
    const { run } = await bed.start('train', sh('echo first; i=0; while [ $i -lt 40000 ]; do echo "line $i of a log that is larger than its disk"; i=$((i + 1)); done; : > "$1"; while [ ! -e "$2" ]; do sleep 0.05; done; i=0; while [ $i -lt 2000 ]; do echo "after $i"; i=$((i + 1)); done; exit 42', printed, go));
    await waitFor(() => existsSync(printed), { deadline: 60_000, what: 'the end of the long output' });
    expect(bed.runs.status(run)).toMatchObject({ state: 'running' });
    await runProgram('mount', ['-o', 'remount,size=16m', disk.path]);
    writeFileSync(go, '');
    expect(await exitRecord(bed, run)).toMatchObject({ exitCode: 42, reason: 'exit' });
    const log = await logOf(run);
    expect(log.startsWith('first\r\nline 0 ')).toBe(true);
    expect(log.endsWith('after 1998\r\nafter 1999\r\n')).toBe(true);
    await bed[Symbol.asyncDispose]();
  });

  it('says that a start is not possible, and gives the name back', async () => {
    await using disk = await smallDisk({ bytes: 256 * 1024 });
    const bed = await tmuxBed({ stateDir: join(disk.path, 'state') });
    await bed.runs.claim(bed.spec('other', sh('true')).name, '01J00000000000000000000000' as never).catch(() => undefined);
    fill(disk.path);
    await expect(bed.start('train', sh('true'))).rejects.toMatchObject({ code: 'SESSION_START' });
    rmSync(join(disk.path, 'filler'));
    const { run } = await bed.start('train', sh('exit 3'));
    expect(await exitRecord(bed, run)).toMatchObject({ exitCode: 3 });
    await bed[Symbol.asyncDispose]();
  });
});
