import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Command, Outcome, ProcessRunner } from '@longhaul/exec';
import { systemRunner } from '@longhaul/exec';
import { requireService, runToEnd, waitFor } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';

import type { TmuxBed } from './tmux-bed.ts';
import { ended, exitRecord, logHas, sh, tmuxBed } from './tmux-bed.ts';

/** Counts what is started through it. */
class CountingRunner implements ProcessRunner {
  readonly started: string[] = [];
  readonly #real = systemRunner();
  run(command: Command): Promise<Outcome> {
    this.started.push([command.program, ...(command.args ?? [])].join(' '));
    return this.#real.run(command);
  }
  spawn(...args: Parameters<ProcessRunner['spawn']>): ReturnType<ProcessRunner['spawn']> {
    this.started.push(args[0].program);
    return this.#real.spawn(...args);
  }
  detach(...args: Parameters<ProcessRunner['detach']>): ReturnType<ProcessRunner['detach']> {
    this.started.push(args[0].program);
    return this.#real.detach(...args);
  }
}

/** A tmux of somebody's on another socket of this user. */
async function foreignTmux(bed: TmuxBed, socket: string, ...args: readonly string[]): Promise<string> {
  const result = await runToEnd('tmux', ['-L', socket, '-f', '/dev/null', ...args], { env: { PATH: process.env['PATH'], TMUX_TMPDIR: bed.tmux.tmpdir } });
  if (result.code !== 0) throw new Error(result.stderr.toString());
  return result.stdout.toString();
}

function killLater(bed: TmuxBed, socket: string): void {
  onTestFinished(async () => {
    await foreignTmux(bed, socket, 'kill-server').catch(() => undefined);
  });
}

describe.runIf(requireService('tmux', 'script'))('where tmux is missing', () => {
  it('says so with the line that installs it, and never that there is nothing', async () => {
    const bed = await tmuxBed();
    const empty = join(bed.work, 'no-programs');
    mkdirSync(empty);
    const backend = bed.another({ env: { ...bed.env, PATH: empty } });
    const spec = bed.spec('train', sh('true'));
    const run = await bed.prepare(spec);
    for (const call of [backend.list(), backend.start(spec, run), backend.probe(), backend.status('nobody')]) {
      await expect(call).rejects.toMatchObject({ code: 'TMUX_NOT_FOUND', errnoCode: 'ENOENT', hint: expect.stringMatching(/tmux/) as unknown });
    }
  });

  it('still tells what a job is doing, and ends it', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('train', sh('echo up; sleep 1000'));
    await logHas(run, 'up');
    const backend = bed.another({ env: { ...bed.env, PATH: '/nowhere' } });
    expect(await backend.status('train')).toMatchObject({ kind: 'present', status: { state: 'running', terminal: 'unknown' } });
    await expect(backend.attach('train', { mode: 'read-write' })).rejects.toMatchObject({ code: 'TMUX_NOT_FOUND' });
    expect(await backend.stop('train', { how: 'force' })).toMatchObject({ step: 'kill', status: { state: 'stopped' } });
  });
});

describe.runIf(requireService('tmux', 'script'))('a tmux that does not answer', () => {
  it('makes things unknown, not absent: what the record knows stays', async () => {
    const bed = await tmuxBed();
    const { run } = await bed.start('train', sh('echo up; sleep 1000'));
    await logHas(run, 'up');
    const server = Number((await bed.tmux.tmux('display-message', '-p', '#{pid}')).trim());
    process.kill(server, 'SIGSTOP');
    onTestFinished(() => {
      process.kill(server, 'SIGCONT');
    });
    const backend = bed.another({ answerMs: 400 });
    expect(await backend.status('nobody')).toMatchObject({ kind: 'unknown', cause: { code: 'BACKEND_UNAVAILABLE', backend: 'tmux' } });
    expect(await backend.status('train')).toMatchObject({ kind: 'present', status: { state: 'running', terminal: 'unknown' } });
    const listing = await backend.list();
    expect(listing.unavailable).toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    expect(listing.sessions).toMatchObject([{ name: 'train', state: 'running', terminal: 'unknown' }]);
    await expect(backend.attach('train', { mode: 'read-write' })).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    await expect(backend.send('train', { text: 'x' })).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    await expect(backend.stop('nobody', { how: 'force' })).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    await expect(backend.remove('nobody')).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    const spec = bed.spec('other', sh('true'));
    await expect(backend.start(spec, await bed.prepare(spec))).rejects.toMatchObject({ code: 'BACKEND_UNAVAILABLE' });
    // The job itself needs no tmux to be ended.
    expect(await backend.stop('train', { how: 'force' })).toMatchObject({ status: { state: 'stopped' } });
  });
});

describe.runIf(requireService('tmux', 'script'))('sessions that were made by hand', () => {
  it('are listed from every socket of the user, labelled foreign, with the job\'s pid and the socket', async () => {
    const bed = await tmuxBed();
    killLater(bed, 'desk');
    await foreignTmux(bed, 'desk', 'new-session', '-d', '-s', 'notes', 'sleep 1000', ';', 'split-window', '-d', 'sleep 2000', ';', 'new-window', '-d', 'sleep 3000');
    const { run } = await bed.start('train', sh('sleep 1000'));
    await bed.tmux.tmux('new-session', '-d', '-s', 'by-hand', 'sleep 1000');
    const { sessions, unavailable } = await bed.backend.list();
    expect(unavailable).toBeNull();
    expect(sessions.map(({ name, managed, socketName, windowCount, state, runId }) => ({ name, managed, socketName, windowCount, state, runId })).sort((a, b) => a.name.localeCompare(b.name))).toEqual([
      { name: 'by-hand', managed: false, socketName: 'longhaul', windowCount: 1, state: 'running', runId: null },
      { name: 'notes', managed: false, socketName: 'desk', windowCount: 2, state: 'running', runId: null },
      { name: 'train', managed: true, socketName: 'longhaul', windowCount: 1, state: 'running', runId: run.runId },
    ]);
    const notes = sessions.find(({ name }) => name === 'notes');
    expect(notes?.command).toEqual(['sleep', '1000']);
    expect(await bed.backend.status('notes')).toEqual({ kind: 'present', status: notes });
    expect(await bed.backend.status('note')).toEqual({ kind: 'absent' });
  });

  it('can be read, written to, attached and stopped', async () => {
    const bed = await tmuxBed();
    killLater(bed, 'desk');
    await foreignTmux(bed, 'desk', 'new-session', '-d', '-s', 'my notes.x', 'cat');
    const { sessions } = await bed.backend.list();
    const name = sessions[0]?.name ?? '';
    await bed.backend.send(name, { text: 'hello\n' });
    const read = async (): Promise<string> => {
      const chunks: Uint8Array[] = [];
      for await (const { bytes } of bed.backend.logs(name, { lines: 1 })) chunks.push(bytes);
      return Buffer.concat(chunks).toString();
    };
    await waitFor(async () => (await read()) === 'hello\n', { what: 'the text on its screen' });
    expect((await bed.backend.attach(name, { mode: 'read-write' })).args).toContain('attach-session');
    await expect(bed.backend.logs(name, { follow: true })[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: 'SESSION_CONFIG' });
    await expect(bed.backend.remove(name)).rejects.toMatchObject({ code: 'SESSION_STOP' });
    expect(await bed.backend.stop(name, { how: 'graceful', timeoutMs: 5000 })).toMatchObject({ step: 'signal', status: { state: 'stopped', managed: false } });
    expect(await bed.backend.status(name)).toEqual({ kind: 'absent' });
  });

  it('of one name on two sockets are ambiguous, both are named, and the socket tells which is meant', async () => {
    const bed = await tmuxBed();
    for (const socket of ['desk', 'lab']) {
      killLater(bed, socket);
      await foreignTmux(bed, socket, 'new-session', '-d', '-s', 'notes', 'sleep 1000');
    }
    await expect(bed.backend.stop('notes', { how: 'force' })).rejects.toMatchObject({ code: 'SESSION_AMBIGUOUS', backends: ['tmux socket desk', 'tmux socket lab'], hint: expect.stringContaining('--tmux-socket desk or --tmux-socket lab') as string });
    expect((await bed.backend.list()).sessions).toHaveLength(2);
    const chosen = bed.another({ socket: { name: 'lab' } });
    expect(await chosen.status('notes')).toMatchObject({ kind: 'present', status: { socketName: 'lab' } });
    await chosen.stop('notes', { how: 'force' });
    expect((await bed.backend.list()).sessions).toMatchObject([{ name: 'notes', socketName: 'desk' }]);
  });

  it('keep their name: a start says that it is taken', async () => {
    const bed = await tmuxBed();
    await bed.tmux.tmux('new-session', '-d', '-s', 'train', 'sleep 1000');
    await expect(bed.start('train', sh('true'))).rejects.toMatchObject({ code: 'SESSION_EXISTS', sessionName: 'train' });
    expect(await bed.tmux.tmux('list-sessions', '-F', '#{session_name}')).toBe('train\n');
  });
});

describe.runIf(requireService('tmux', 'script'))('names', () => {
  it('are never prefixes: train and train-2 are told apart by every operation', async () => {
    const bed = await tmuxBed();
    const { run: second } = await bed.start('train-2', sh('trap "" INT; echo the second; sleep 1000'));
    await logHas(second, 'second');
    await expect(bed.backend.send('train', { text: 'x' })).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    await expect(bed.backend.attach('train', { mode: 'read-write' })).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    await expect(bed.backend.stop('train', { how: 'force' })).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    await expect(bed.backend.exec('train', ['true'])).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    expect(await bed.backend.status('train')).toEqual({ kind: 'absent' });
    await bed.backend.remove('train');
    expect(await bed.backend.status('train-2')).toMatchObject({ kind: 'present', status: { state: 'running', terminal: 'detached' } });
    // And the other way round, with the longer one's terminal gone from tmux.
    await bed.tmux.tmux('kill-session', '-t', '=train-2');
    const { run: first } = await bed.start('train', sh('echo the first; sleep 1000'));
    await logHas(first, 'first');
    expect(await bed.backend.status('train-2')).toMatchObject({ kind: 'present', status: { terminal: 'lost' } });
    await expect(bed.backend.send('train-2', { text: 'x' })).rejects.toMatchObject({ code: 'SESSION_ATTACH' });
  });

  it('can be used again at once after the end of a run', async () => {
    const bed = await tmuxBed();
    for (let round = 0; round < 10; round += 1) {
      const { run } = await bed.start('again', sh('exit "$1"', String(round)));
      expect(await ended(bed, run)).toMatchObject({ exitCode: round });
    }
  });

  it('have one run at a time: of ten starts at the same time one wins', async () => {
    const bed = await tmuxBed();
    const results = await Promise.allSettled(Array.from({ length: 10 }, async () => bed.start('train', sh('sleep 1000'))));
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'SESSION_EXISTS' });
    expect((await bed.tmux.tmux('list-sessions', '-F', '#{session_name}')).trim()).toBe('train');
  });

  it('of different sessions may be started at the same time on a server that is not there yet', async () => {
    const bed = await tmuxBed();
    const runs = await Promise.all(Array.from({ length: 20 }, async (_, n) => bed.start(`cold-${String(n)}`, sh('exit "$1"', String(n)))));
    const codes = await Promise.all(runs.map(async ({ run }) => (await exitRecord(bed, run)).exitCode));
    expect(codes).toEqual(Array.from({ length: 20 }, (_, n) => n));
  });
});

describe.runIf(requireService('tmux', 'script'))('a list', () => {
  it('of 500 sessions starts as many programs as one of two', { timeout: 180_000 }, async () => {
    const bed = await tmuxBed();
    const count = async (): Promise<{ readonly names: number; readonly started: readonly string[] }> => {
      const runner = new CountingRunner();
      const { sessions } = await bed.another({ runner }).list();
      return { names: sessions.length, started: runner.started };
    };
    await bed.start('live-1', sh('sleep 1000'));
    const { run } = await bed.start('short-1', sh('true'));
    await exitRecord(bed, run);
    const few = await count();
    for (let n = 2; n <= 12; n += 1) await bed.start(`live-${String(n)}`, sh('sleep 1000'));
    // The rest have ended: a record each, as a run leaves it.
    for (let n = 2; n <= 488; n += 1) {
      const spec = bed.spec(`short-${String(n)}`, sh('true'));
      const prepared = await bed.prepare(spec);
      writeFileSync(join(prepared.path, 'exit.json'), JSON.stringify({ exitCode: 0, signal: null, oomKilled: null, endedAt: new Date().toISOString(), reason: 'exit', stoppedBy: null }));
    }
    const many = await count();
    expect(few).toMatchObject({ names: 2, started: [expect.stringContaining('list-panes')] });
    expect(many.names).toBe(500);
    expect(many.started).toHaveLength(few.started.length);
  });

  it('is empty, and not unknown, where no server was ever started', async () => {
    const bed = await tmuxBed();
    const runner = new CountingRunner();
    expect(await bed.another({ runner }).list()).toEqual({ sessions: [], unavailable: null });
    expect(runner.started).toEqual([]);
  });
});
