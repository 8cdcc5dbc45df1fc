import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { RestartPolicy, RunDirectory, SessionStatus, StartRequest } from '@longhaul/sessions';
import { NO_RESTART, SessionManager } from '@longhaul/sessions';
import { requireService, waitFor } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import { gone } from './run-processes.ts';
import type { TmuxBed } from './tmux-bed.ts';
import { logHas, sh, tmuxBed } from './tmux-bed.ts';

const available = requireService('tmux', 'script');

const quick: RestartPolicy = { ...NO_RESTART, mode: 'on-failure', delayMs: 50, maxDelayMs: 50 };
const hour: RestartPolicy = { ...NO_RESTART, mode: 'always', delayMs: 3_600_000, maxDelayMs: 3_600_000 };

/** The status of "train", asked of tmux too, once it pleases. */
async function once({ backend }: TmuxBed, what: string, pleases: (status: SessionStatus) => boolean): Promise<SessionStatus> {
  return waitFor(async () => {
    const presence = await backend.status('train');
    return presence.kind === 'present' && pleases(presence.status) ? presence.status : null;
  }, { deadline: 120_000, interval: 20, what });
}

/** A loop whose launcher was killed between two attempts, after something was done to its tmux session. */
async function lostLoop(bed: TmuxBed, name: string, before: () => Promise<unknown>): Promise<RunDirectory> {
  const { run } = await bed.start(name, sh('exit 3'), { restart: hour });
  await once(bed, 'the pause', ({ restart }) => typeof restart?.next?.at === 'string');
  await before();
  const { pid } = JSON.parse(readFileSync(join(run.path, 'restart.json'), 'utf8').trim()) as { pid: number };
  process.kill(pid, 'SIGKILL');
  await once(bed, 'the end of the launcher', ({ restart }) => restart?.ended === 'lost');
  return run;
}

/** Crashes twice, then goes on until it is ended or told to fail. */
const THIRD_LIVES = sh('echo x >> times; n=$(wc -l < times); echo "attempt" $n; [ $n -ge 3 ] || exit $n; IFS= read -r line; echo "<$line>"; sleep 600');

describe.runIf(available)('a restart loop in tmux', () => {
  it('keeps its terminal from attempt to attempt', async () => {
    const bed = await tmuxBed();
    const { status: first } = await bed.start('train', THIRD_LIVES, { restart: quick });
    const third = await once(bed, 'the third attempt', ({ state, attempt }) => state === 'running' && attempt === 3);
    expect(third).toMatchObject({ terminal: 'detached', windowCount: 1, socketName: 'longhaul', restart: { inRow: 2, firstRunId: first.runId, previous: { exitCode: 2 }, ended: null } });
    expect((await bed.backend.list()).sessions).toEqual([third]);
    const run = await bed.runs.current(bed.spec('train', ['x']).name);
    if (run === null) throw new Error('there is no run');
    await bed.backend.send('train', { text: 'typed\n' });
    await logHas(run, '<typed>');
    expect((await bed.tmux.tmux('list-sessions', '-F', '#{session_name}')).trim()).toBe('train');
    expect(await bed.backend.stop('train', { how: 'force', requestedBy: 'test' })).toMatchObject({ step: 'kill', status: { state: 'stopped', attempt: 3, restart: { ended: 'stopped' } } });
    await waitFor(async () => (await bed.tmux.tmux('list-sessions', '-F', '#{session_name}').catch(() => '')).trim() === '', { what: 'the end of the pane' });
  });

  it('shows what it waits for, and ends when it is stopped', async () => {
    const bed = await tmuxBed();
    await bed.start('train', sh('exit 3'), { restart: hour });
    const status = await once(bed, 'the pause', ({ state, restart }) => state === 'restarting' && typeof restart?.next?.at === 'string');
    expect(status).toMatchObject({ exitCode: 3, terminal: 'detached', attempt: 1, restart: { next: { attempt: 2 } } });
    await expect(bed.backend.remove('train')).rejects.toMatchObject({ code: 'SESSION_STOP' });
    expect(await bed.backend.stop('train', { how: 'graceful', requestedBy: 'test' })).toMatchObject({ step: 'signal', status: { state: 'stopped', exitCode: 3, stoppedBy: { who: 'test' } } });
    await bed.backend.remove('train');
  });

  it('goes on without its terminal when the tmux server is killed, in the pause and under a job', async () => {
    const bed = await tmuxBed();
    const file = join(bed.work, 'fail');
    await bed.start('train', sh('echo up; while [ ! -e fail ]; do sleep 0.05; done; rm fail; exit 3'), { restart: quick });
    await bed.tmux.tmux('kill-server');
    for (const attempt of [2, 3, 4]) {
      writeFileSync(file, '');
      const status = await once(bed, `attempt ${String(attempt)}`, (seen) => seen.state === 'running' && seen.attempt === attempt);
      expect(status).toMatchObject({ terminal: 'lost', restart: { inRow: attempt - 1, previous: { exitCode: 3, reason: 'exit' } } });
      const run = await bed.runs.current(bed.spec('train', ['x']).name);
      if (run === null) throw new Error('there is no run');
      await logHas(run, 'up');
    }
    // One launcher for all of them, however many attempts there were.
    const launchers = new Set((await bed.runs.runs()).map(({ path }) => (JSON.parse(readFileSync(join(path, 'launcher.json'), 'utf8')) as { pid: number }).pid));
    expect(launchers.size).toBeLessThanOrEqual(2);
    expect(await bed.backend.stop('train', { how: 'force', requestedBy: 'test' })).toMatchObject({ status: { state: 'stopped', attempt: 4 } });
  });

  it('has a terminal again when it was taken up after its launcher was killed', async () => {
    const bed = await tmuxBed();
    await lostLoop(bed, 'train', async () => Promise.resolve());
    const manager = new SessionManager({ stateDir: bed.stateDir, backends: [bed.backend], runs: bed.runs });
    await waitFor(async () => ((await manager.status('train')).terminal === 'detached' ? true : null), { deadline: 60_000, what: 'its terminal' });
    expect(await manager.status('train')).toMatchObject({ state: 'restarting', exitCode: 3, socketName: 'longhaul' });
    await bed.backend.stop('train', { how: 'graceful' });
  });

  it('is taken up in the session of its name where another window kept that, as its first window again', async () => {
    const bed = await tmuxBed();
    const run = await lostLoop(bed, 'train', async () => bed.tmux.tmux('new-window', '-d', '-t', '=train:', 'exec sleep 600'));
    const manager = new SessionManager({ stateDir: bed.stateDir, backends: [bed.backend], runs: bed.runs });
    expect(await manager.status('train')).toMatchObject({ state: 'restarting', exitCode: 3 });
    const { pid } = JSON.parse(readFileSync(join(run.path, 'launcher.json'), 'utf8')) as { pid: number };
    const panes = (await bed.tmux.tmux('list-panes', '-s', '-t', '=train:', '-F', '#{pane_pid} #{pane_start_command}')).trim().split('\n');
    // tmux does not always notice at once that a pane's process is gone.
    expect(panes.at(0)).toMatch(new RegExp(`^${String(pid)} .*resume\\.sh`));
    expect(panes.at(-1)).toContain('sleep 600');
    expect(await bed.backend.status('train')).toMatchObject({ status: { terminal: 'detached', state: 'restarting' } });
    expect(await bed.backend.stop('train', { how: 'graceful' })).toMatchObject({ status: { state: 'stopped' } });
  });

  it('stays lost where tmux has a session of its name that is not its own, and that one is left alone', async () => {
    const bed = await tmuxBed();
    // The window that stays, and no mark of ours: as one that was made by hand.
    const run = await lostLoop(bed, 'train', async () => bed.tmux.tmux('new-window', '-d', '-t', '=train:', 'exec sleep 600', ';', 'set-option', '-u', '-t', '=train:', '@longhaul_run'));
    await expect(bed.backend.takeUp(run)).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE', message: expect.stringContaining('"train"') as string });
    expect(await bed.tmux.tmux('list-panes', '-a', '-F', '#{pane_start_command}')).not.toContain('resume.sh');
    expect(await once(bed, 'what became of it', () => true)).toMatchObject({ restart: { ended: 'lost' } });
  });

  it('ends where its job was stopped while tmux was gone, with nobody left behind', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('train', sh('exit 3'), { restart: hour });
    await once(bed, 'the pause', ({ restart }) => typeof restart?.next?.at === 'string');
    const { pid } = JSON.parse(readFileSync(join(run.path, 'restart.json'), 'utf8').trim()) as { pid: number };
    await bed.tmux.tmux('kill-server');
    expect(await once(bed, 'the lost terminal', ({ terminal }) => terminal === 'lost')).toMatchObject({ state: 'restarting' });
    await bed.backend.stop('train', { how: 'graceful' });
    await gone(pid);
  });
});

describe.runIf(available)('a restart by hand', () => {
  const caller = (bed: TmuxBed, token: string): { readonly env: Record<string, string>; readonly cwd: string; readonly umask: number } => ({ env: { PATH: process.env['PATH'] ?? '', TOKEN: token }, cwd: bed.work, umask: 0o027 });
  const manage = (bed: TmuxBed): SessionManager => new SessionManager({ stateDir: bed.stateDir, backends: [bed.backend], runs: bed.runs });
  const request: StartRequest = { name: 'train', command: sh('umask; pwd; echo "$1 <$TOKEN>"; exec sleep 600', "it's the-token"), env: { TOKEN: null } };

  it('starts the same command again with the environment of its last start, in a run of its own', async () => {
    const bed = await tmuxBed();
    const manager = manage(bed);
    const first = await manager.start(request, { caller: caller(bed, 'the-token') });
    const second = await manager.restart('train', { how: 'force', requestedBy: 'test' });
    expect(second).toMatchObject({ state: 'running', attempt: 1 });
    expect(second.runId).not.toBe(first.runId);
    const run = await bed.runs.current(bed.spec('train', ['x']).name);
    if (run === null) throw new Error('there is no run');
    const log = await logHas(run, 'the-token>');
    expect(log.replaceAll('\r', '')).toContain(`0027\n${bed.work}\nit's the-token <the-token>\n`);
    expect((await manager.history({ session: 'train' })).map(({ state, stoppedBy }) => [state, stoppedBy?.who])).toEqual([['running', undefined], ['stopped', 'test (restart)']]);
    expect(readFileSync(join(run.path, 'spec.json'), 'utf8')).not.toContain('the-token');
    await manager.stop('train', { how: 'force' });
    expect(await manager.restart('train')).toMatchObject({ state: 'running' });
  });

  it('of one whose environment is gone changes nothing, and says so', async () => {
    const bed = await tmuxBed();
    const manager = manage(bed);
    const { pid, runId } = await manager.start(request, { caller: caller(bed, 'x') });
    rmSync(join(bed.stateDir, 'sessions', 'train', `env.${runId ?? ''}`));
    await expect(manager.restart('train')).rejects.toMatchObject({ code: 'SESSION_CONFIG', message: expect.stringMatching(/cannot be started again as it was/) as string });
    expect(await manager.status('train')).toMatchObject({ state: 'running', pid });
  });

  it('ends a loop that is waiting, and begins a new one', async () => {
    const bed = await tmuxBed();
    const manager = manage(bed);
    await bed.start('train', sh('exit 3'), { restart: hour });
    const before = await once(bed, 'the pause', ({ restart }) => typeof restart?.next?.at === 'string');
    const after = await manager.restart('train');
    expect(after.runId).not.toBe(before.runId);
    expect(await once(bed, 'the second pause', ({ runId, restart }) => runId === after.runId && typeof restart?.next?.at === 'string')).toMatchObject({ attempt: 1, restart: { inRow: 0, firstRunId: after.runId, mode: 'always' } });
    expect(existsSync(join(bed.stateDir, 'runs', before.runId ?? '', 'loop-end.json'))).toBe(true);
  });

  it('of a session that was made by hand is refused', async () => {
    const bed = await tmuxBed();
    await bed.tmux.tmux('new-session', '-d', '-s', 'mine', 'sleep 60');
    await expect(manage(bed).restart('mine')).rejects.toMatchObject({ code: 'SESSION_CONFIG' });
  });
});

describe.runIf(available)('waiting', () => {
  it('for the end of a job is waiting for its last attempt', async () => {
    const bed = await tmuxBed();
    const manager = new SessionManager({ stateDir: bed.stateDir, backends: [bed.backend], runs: bed.runs });
    await bed.start('train', sh('echo x >> times; [ $(wc -l < times) -ge 3 ] || exit 1; exit 7'), { restart: { ...quick, maxRestarts: 2 } });
    expect(await manager.wait('train', { for: 'exit' })).toMatchObject({ outcome: 'exited', status: { exitCode: 7, attempt: 3, restart: { ended: 'gave-up' } } });
  });
});
