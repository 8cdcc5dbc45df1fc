import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { BackendUnavailableError, ContainerRuntimeNotFoundError, SessionExistsError, SessionStartError, TmuxNotFoundError } from '@longhaul/errors';
import { describe, expect, test } from 'vitest';

import type { DefinedSession, SessionManagerOptions, SpecWarning, StartRequest } from '../src/index.ts';
import { parseSessionName, RunStore, SessionManager } from '../src/index.ts';
import { FakeBackend, foreignStatus } from './support/fake-backend.ts';
import { collect, mortalWorld, play, writeLog } from './support/logs.ts';
import { prepared, specOf, temporaryFolder, writeExit, writeRecord } from './support/temporary-store.ts';

const request: StartRequest = { name: 'train', command: ['true'], workingDir: '/' };

interface Setup {
  readonly manager: SessionManager;
  readonly tmux: FakeBackend;
  readonly container: FakeBackend;
  readonly mortal: ReturnType<typeof mortalWorld>;
  readonly stateDir: string;
}

function setUp(options: Partial<SessionManagerOptions> = {}): Setup {
  const stateDir = join(temporaryFolder(), 'state');
  const mortal = mortalWorld();
  const [tmux, container] = [new FakeBackend('tmux'), new FakeBackend('container')];
  const runs = new RunStore({ stateDir, world: mortal.world, writeLaunchFiles: async () => Promise.resolve() });
  return { manager: new SessionManager({ stateDir, backends: [tmux, container], runs, world: mortal.world, ...options }), tmux, container, mortal, stateDir };
}

describe('start', () => {
  test('claims, prepares and hands over to the backend', async () => {
    const { manager, tmux, container } = setUp();
    const status = await manager.start(request);
    expect(status).toMatchObject({ name: 'train', managed: true });
    expect(tmux.calls).toEqual(['start train']);
    expect(container.calls).toEqual([]);
    expect(await manager.status('train')).toMatchObject({ state: 'running', pid: process.pid, runId: status.runId });
  });

  test('of a name that runs is refused before any backend is called', async () => {
    const { manager, tmux } = setUp();
    await manager.start(request);
    await expect(manager.start(request)).rejects.toBeInstanceOf(SessionExistsError);
    expect(tmux.calls).toEqual(['start train']);
  });

  test('twice at the same time starts it once', async () => {
    const { manager, tmux } = setUp();
    const results = await Promise.allSettled([manager.start(request), manager.start(request), manager.start(request)]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(tmux.calls).toEqual(['start train']);
  });

  test('that its backend refuses leaves nothing behind', async () => {
    const { manager, tmux, stateDir } = setUp();
    tmux.failure = new TmuxNotFoundError();
    await expect(manager.start({ ...request, outputs: [{ path: 'out', to: ['nas'] }] })).rejects.toBeInstanceOf(TmuxNotFoundError);
    for (const folder of ['runs', 'sessions', 'outputs']) expect(readdirSync(join(stateDir, folder))).toEqual([]);
  });

  test('of which the launcher said why it failed stays as a run', async () => {
    const { manager, tmux } = setUp();
    tmux.onStart = (run) => {
      writeExit(run, { exitCode: null, reason: 'start-failed' });
      throw new SessionStartError('train', 'tmux', 'no such file: ./nothing');
    };
    await expect(manager.start(request)).rejects.toMatchObject({ reason: 'no such file: ./nothing' });
    expect(await manager.history({ session: 'train' })).toMatchObject([{ state: 'exited', reason: 'start-failed' }]);
    tmux.onStart = play;
    await expect(manager.start(request)).resolves.toMatchObject({ name: 'train' });
  });

  test('that came up although its backend gave an error keeps its name', async () => {
    const { manager, tmux } = setUp();
    tmux.onStart = (run) => {
      play(run);
      throw new BackendUnavailableError('tmux', 'it did not answer in time');
    };
    await expect(manager.start(request)).rejects.toBeInstanceOf(BackendUnavailableError);
    tmux.onStart = play;
    expect(await manager.status('train')).toMatchObject({ state: 'running' });
    await expect(manager.start(request)).rejects.toBeInstanceOf(SessionExistsError);
  });

  test('takes what the caller is like, and reads the env file from there', async () => {
    const { manager, tmux } = setUp();
    const cwd = join(temporaryFolder(), "odd\n'name #(x)");
    mkdirSync(cwd);
    writeFileSync(join(cwd, 'job.env'), 'TOKEN=from-file\n');
    const warnings: SpecWarning[] = [];
    let spec: unknown;
    tmux.onStart = (run, given) => {
      spec = given;
      play(run);
    };
    await manager.start({ name: 'train', command: ['true'], envFile: 'job.env' }, { caller: { env: { A: '1', 'x%%': '' }, cwd, umask: 0o077 }, onWarning: (warning) => warnings.push(warning) });
    expect(spec).toMatchObject({ workingDir: cwd, umask: 0o077, secretEnv: ['TOKEN'], env: [{ name: 'A', value: '1' }, { name: 'PWD', value: cwd }, { name: 'TOKEN', value: 'from-file' }] });
    expect(warnings).toMatchObject([{ kind: 'name-left-out' }]);
  });

  test.each<[Partial<StartRequest>, string]>([
    [{ workingDir: '/no/such/place' }, 'the working directory "/no/such/place" cannot be used: it does not exist'],
    [{ workingDir: '/etc/passwd' }, 'it is not a directory'],
    [{ envFile: '/no/such.env' }, 'the env file "/no/such.env" cannot be read (ENOENT)'],
  ])('with %j is refused before anything is written', async (change, message) => {
    const { manager, stateDir } = setUp();
    await expect(manager.start({ ...request, ...change })).rejects.toThrow(message);
    expect(existsSync(stateDir)).toBe(false);
  });

  test('in a backend that is not there says so', async () => {
    const { manager } = setUp({ backends: [] });
    await expect(manager.start({ ...request, backend: 'container', container: { image: 'x' } })).rejects.toMatchObject({ code: 'BACKEND_NOT_FOUND' });
  });
});

describe('which session is meant', () => {
  test('is ambiguous in two backends, and says both', async () => {
    const { manager, tmux, container } = setUp();
    tmux.sessions = [foreignStatus('bot')];
    container.sessions = [foreignStatus('bot', { backend: 'container', socketName: 'podman' })];
    for (const ask of [manager.status('bot'), manager.stop('bot'), manager.attach('bot', { mode: 'read-only' }), manager.remove('bot'), collect(manager.logs('bot'))]) {
      await expect(ask).rejects.toMatchObject({
        code: 'SESSION_AMBIGUOUS',
        backends: ['tmux', 'container'],
        hint: 'Say which one: --backend tmux (made by hand, tmux socket default) or --backend container (made by hand, podman)',
      });
    }
    expect(await manager.status('bot', { backend: 'container' })).toMatchObject({ backend: 'container' });
    expect(await manager.stop('bot', { how: 'graceful' }, { backend: 'tmux' })).toMatchObject({ step: 'signal' });
  });

  test('is ambiguous between ours and one that was made by hand elsewhere', async () => {
    const { manager, container } = setUp();
    await manager.start(request);
    container.sessions = [foreignStatus('train', { backend: 'container' })];
    await expect(manager.stop('train')).rejects.toMatchObject({ code: 'SESSION_AMBIGUOUS', backends: ['tmux', 'container'] });
    expect(await manager.status('train', { backend: 'tmux' })).toMatchObject({ managed: true });
  });

  test('is found in a foreign session whose name could not be ours', async () => {
    const { manager, tmux } = setUp();
    tmux.sessions = [foreignStatus('my session.1')];
    expect(await manager.status('my session.1')).toMatchObject({ managed: false });
    expect(Buffer.concat((await collect(manager.logs('my session.1'))).map(({ bytes }) => bytes)).toString()).toBe('foreign\n');
    await expect(manager.wait('my session.1', { for: 'exit' })).rejects.toMatchObject({ code: 'SESSION_CONFIG' });
    await manager.send('my session.1', { text: 'x' });
    await manager.exec('my session.1', ['ls']);
    await manager.remove('my session.1');
    expect(tmux.calls.filter((call) => !call.startsWith('status'))).toEqual(['logs my session.1', 'send my session.1', 'exec my session.1', 'remove my session.1']);
  });

  test('is not found when every backend that is installed says no', async () => {
    const { manager, container } = setUp();
    container.failure = new ContainerRuntimeNotFoundError();
    await expect(manager.status('nobody')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND', backend: 'tmux or container', hint: expect.stringContaining('longhaul history nobody') as string });
  });

  test('is unknown, not absent, when a backend does not answer', async () => {
    const { manager, container } = setUp();
    container.failure = new BackendUnavailableError('podman', 'it did not answer in time');
    await expect(manager.status('nobody')).rejects.toBe(container.failure);
    await expect(manager.remove('nobody')).rejects.toBe(container.failure);
  });

  test('cannot be said where no backend is installed', async () => {
    const { manager, tmux, container } = setUp();
    tmux.failure = new TmuxNotFoundError();
    container.failure = new ContainerRuntimeNotFoundError();
    await expect(manager.status('nobody')).rejects.toBe(tmux.failure);
    await expect(manager.list()).rejects.toBe(tmux.failure);
  });

  test('is told by its record while its backend does not answer', async () => {
    const { manager, tmux } = setUp();
    await manager.start(request);
    for (const failure of [new BackendUnavailableError('tmux', 'it did not answer in time'), new TmuxNotFoundError()]) {
      tmux.failure = failure;
      expect(await manager.status('train')).toMatchObject({ state: 'running', pid: process.pid, terminal: 'unknown' });
    }
  });

  test('lets a defect of a backend through', async () => {
    const { manager, tmux } = setUp();
    tmux.failure = new TypeError('a defect');
    await expect(manager.status('nobody')).rejects.toBe(tmux.failure);
    await expect(manager.list()).rejects.toBe(tmux.failure);
  });
});

describe('list', () => {
  test('merges what the backends tell with what the records tell, each session once', async () => {
    const { manager, tmux, container } = setUp();
    await manager.start(request);
    await manager.start({ ...request, name: 'alone' });
    tmux.sessions = [foreignStatus('zeta'), foreignStatus('train', { managed: true, terminal: 'attached' })];
    container.sessions = [foreignStatus('train', { backend: 'container' })];
    const { sessions, unavailable } = await manager.list();
    expect(sessions.map(({ name, backend, managed, terminal }) => [name, backend, managed, terminal])).toEqual([
      ['alone', 'tmux', true, 'unknown'],
      ['train', 'container', false, 'detached'],
      ['train', 'tmux', true, 'attached'],
      ['zeta', 'tmux', false, 'detached'],
    ]);
    expect(unavailable).toEqual([]);
    expect(tmux.calls.filter((call) => call === 'list')).toHaveLength(1);
  });

  test('says which backend did not answer, and lists its sessions from their records', async () => {
    const { manager, tmux } = setUp();
    await manager.start(request);
    tmux.failure = new BackendUnavailableError('tmux', 'it did not answer in time');
    expect(await manager.list()).toMatchObject({ sessions: [{ name: 'train', state: 'running', terminal: 'unknown' }], unavailable: [tmux.failure] });
  });

  test('is never simply empty where a backend did not answer', async () => {
    const { manager, container } = setUp();
    container.failure = new BackendUnavailableError('podman', 'locked');
    expect(await manager.list()).toEqual({ sessions: [], unavailable: [container.failure] });
  });

  test('does not complain of a backend that is not installed and has no sessions', async () => {
    const { manager, tmux, container } = setUp();
    container.failure = new ContainerRuntimeNotFoundError();
    expect(await manager.list()).toEqual({ sessions: [], unavailable: [] });
    await manager.start(request);
    tmux.failure = new TmuxNotFoundError();
    expect(await manager.list()).toMatchObject({ sessions: [{ name: 'train' }], unavailable: [tmux.failure] });
  });
});

describe('a session that is only defined', () => {
  const bot: DefinedSession = { name: 'bot', backend: 'container', command: ['serve'], workingDir: null, image: 'bot:1.4' };
  const trained: DefinedSession = { name: 'train', backend: 'tmux', command: ['python', 'train.py'], workingDir: '/data', image: null };

  test('is listed beside what runs, until it has a run or something else has its name', async () => {
    const { manager, tmux, container } = setUp({ defined: () => [trained, bot] });
    expect((await manager.list()).sessions).toMatchObject([
      { name: 'bot', backend: 'container', state: 'defined', image: 'bot:1.4', managed: true, runId: null, pid: null },
      { name: 'train', backend: 'tmux', state: 'defined', command: ['python', 'train.py'], workingDir: '/data', unknownReason: null },
    ]);
    await manager.start(request);
    expect((await manager.list()).sessions.map(({ name, state }) => [name, state])).toEqual([['bot', 'defined'], ['train', 'running']]);
    tmux.sessions = [foreignStatus('bot')];
    expect((await manager.list()).sessions.filter(({ name }) => name === 'bot')).toHaveLength(2);
    container.sessions = [foreignStatus('bot', { backend: 'container' })];
    expect((await manager.list()).sessions.filter(({ name, state }) => name === 'bot' && state === 'defined')).toEqual([]);
  });

  test('has a status, and nothing to stop, follow or wait for: the hint says how to start it', async () => {
    const { manager, container } = setUp({ defined: () => [trained, bot] });
    expect(await manager.status('train')).toMatchObject({ state: 'defined', command: ['python', 'train.py'] });
    await expect(manager.status('train', { backend: 'container' })).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    for (const ask of [manager.stop('train'), collect(manager.logs('train')), manager.wait('train', { for: 'exit' }), manager.attach('train', { mode: 'read-only' }), manager.remove('train')]) {
      await expect(ask).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND', hint: expect.stringContaining('longhaul start train') as string });
    }
    container.failure = new BackendUnavailableError('podman', 'it did not answer in time');
    // It may be running there under this name.
    await expect(manager.status('train')).rejects.toBe(container.failure);
  });

  test('is told where no backend is installed', async () => {
    const { manager, tmux, container } = setUp({ defined: () => [trained] });
    tmux.failure = new TmuxNotFoundError();
    container.failure = new ContainerRuntimeNotFoundError();
    expect(await manager.status('train')).toMatchObject({ state: 'defined' });
    expect(await manager.list()).toMatchObject({ sessions: [{ name: 'train', state: 'defined' }], unavailable: [] });
  });
});

describe('logs', () => {
  test('of ours come from the record, without the backend', async () => {
    const { manager, tmux } = setUp();
    const status = await manager.start(request);
    tmux.failure = new TmuxNotFoundError();
    const run = await manager.runs.find(status.runId!);
    writeLog(run!, 'hello\n');
    writeExit(run!);
    expect(Buffer.concat((await collect(manager.logs('train', { follow: true }))).map(({ bytes }) => bytes)).toString()).toBe('hello\n');
  });

  test('of a removed session are there by the id of its run', async () => {
    const { manager, tmux } = setUp();
    tmux.onStart = (run) => {
      writeLog(run, 'old\n');
      writeExit(run);
    };
    const { runId } = await manager.start(request);
    await manager.remove('train');
    await expect(collect(manager.logs('train'))).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    expect(Buffer.concat((await collect(manager.logs('train', { runId: runId! }))).map(({ bytes }) => bytes)).toString()).toBe('old\n');
    await expect(collect(manager.logs('other', { runId: runId! }))).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    await expect(collect(manager.logs('train', { runId: 'x' }))).rejects.toMatchObject({ code: 'SESSION_CONFIG' });
  });
});

describe('remove', () => {
  test('forgets an ended session in the backend and in the records; its runs stay', async () => {
    const { manager, tmux } = setUp();
    tmux.onStart = (run) => {
      writeExit(run, { exitCode: 4 });
    };
    await manager.start(request);
    await manager.remove('train');
    expect(tmux.calls).toContain('remove train');
    await expect(manager.status('train')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    expect(await manager.history({ session: 'train' })).toMatchObject([{ exitCode: 4, state: 'exited' }]);
  });

  test('refuses a session that runs, and does not call the backend', async () => {
    const { manager, tmux } = setUp();
    await manager.start(request);
    await expect(manager.remove('train')).rejects.toMatchObject({ code: 'SESSION_STOP', backend: 'tmux' });
    expect(tmux.calls).not.toContain('remove train');
    expect(await manager.status('train')).toMatchObject({ state: 'running' });
  });

  test('leaves the session as it was when the backend does not answer', async () => {
    const { manager, tmux, mortal } = setUp();
    await manager.start(request);
    mortal.died = true;
    tmux.failure = new BackendUnavailableError('tmux', 'it did not answer in time');
    await expect(manager.remove('train')).rejects.toBe(tmux.failure);
    mortal.died = false;
    expect(await manager.status('train')).toMatchObject({ state: 'running' });
  });

  test('works where the program of the backend was uninstalled since', async () => {
    const { manager, tmux, mortal } = setUp();
    await manager.start(request);
    mortal.died = true;
    tmux.failure = new TmuxNotFoundError();
    await manager.remove('train');
    expect(await manager.runs.current(parseSessionName('train'))).toBeNull();
  });
});

describe('wait', () => {
  test('ends with the exit of the job', async () => {
    const { manager } = setUp();
    const { runId } = await manager.start(request);
    const waiting = manager.wait('train', { for: 'exit' });
    await new Promise(setImmediate);
    writeExit((await manager.runs.find(runId!))!, { exitCode: 42 });
    expect(await waiting).toMatchObject({ outcome: 'exited', status: { exitCode: 42, state: 'exited', runId } });
    expect(await manager.wait('train', { for: 'exit', timeoutMs: 0 })).toMatchObject({ outcome: 'exited' });
  });

  test('notices a job that died without a record', async () => {
    const { manager, mortal } = setUp();
    await manager.start(request);
    const waiting = manager.wait('train', { for: 'exit' });
    mortal.died = true;
    expect(await waiting).toMatchObject({ outcome: 'exited', status: { reason: 'lost', exitCode: null } });
  });

  test('takes the last words of the inner shell when launcher and job are gone', async () => {
    const { manager, mortal } = setUp();
    const { runId } = await manager.start(request);
    const waiting = manager.wait('train', { for: 'exit' });
    mortal.died = true;
    await new Promise(setImmediate);
    writeRecord((await manager.runs.find(runId!))!, 'job.json', { exitCode: 6, signal: null, oomKilled: null, endedAt: '2026-11-22T10:01:00.000Z', reason: 'exit', stoppedBy: null });
    expect(await waiting).toMatchObject({ outcome: 'exited', status: { exitCode: 6 } });
  });

  test('gives up after its time', async () => {
    const { manager } = setUp();
    await manager.start(request);
    expect(await manager.wait('train', { for: 'exit', timeoutMs: 30 })).toEqual({ outcome: 'timedOut' });
  });

  test('ends with the reason of its signal', async () => {
    const { manager } = setUp();
    await manager.start(request);
    const controller = new AbortController();
    const waiting = manager.wait('train', { for: 'exit', signal: controller.signal });
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  test('does not wait for ever for a record that cannot be read', async () => {
    const { manager } = setUp();
    const { runId } = await manager.start(request);
    writeRecord((await manager.runs.find(runId!))!, 'exit.json', '{"exitCode"');
    await expect(manager.wait('train', { for: 'exit' })).rejects.toThrow('cannot be read: exit.json is damaged: it is not JSON');
    expect(await manager.status('train')).toMatchObject({ state: 'unknown', unknownReason: 'exit.json is damaged: it is not JSON' });
  });
});

test('history has every run of every session, newest first, with its exit code', async () => {
  const { manager, tmux } = setUp();
  let code = 0;
  tmux.onStart = (run) => {
    writeExit(run, { exitCode: (code += 1) });
  };
  for (const name of ['a', 'b', 'a']) await manager.start({ ...request, name });
  expect((await manager.history()).map(({ name, exitCode }) => [name, exitCode])).toEqual([['a', 3], ['b', 2], ['a', 1]]);
  expect((await manager.history({ session: 'a', limit: 1 })).map(({ exitCode }) => exitCode)).toEqual([3]);
  expect((await manager.prune({ maxRuns: 1 })).removed).toHaveLength(1);
  expect((await manager.history()).map(({ name, exitCode }) => [name, exitCode])).toEqual([['a', 3], ['b', 2]]);
});

test('a session of a backend that this manager lacks is listed, told of and removed by its record', async () => {
  const { manager, tmux } = setUp();
  const other = new SessionManager({ stateDir: manager.runs.stateDir, backends: [tmux] });
  const run = await prepared(manager.runs, specOf({ name: 'box', backend: 'container' }));
  writeExit(run, { exitCode: 1 });
  expect(await other.status('box')).toMatchObject({ backend: 'container', exitCode: 1 });
  expect((await other.list()).sessions).toMatchObject([{ name: 'box', backend: 'container' }]);
  await expect(other.attach('box', { mode: 'read-write' })).rejects.toMatchObject({ code: 'BACKEND_NOT_FOUND', message: 'this Longhaul has no backend container, and the session needs it' });
  await other.remove('box');
  await expect(other.status('box')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
});

test('disposing it disposes its backends', async () => {
  const { manager, tmux, container } = setUp();
  await manager[Symbol.asyncDispose]();
  expect([...tmux.calls, ...container.calls]).toEqual(['dispose', 'dispose']);
});
