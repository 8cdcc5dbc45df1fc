import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { RunDirectory, RunId } from '../src/index.ts';
import { newRunId, parseSessionName, RunStore, systemWorld } from '../src/index.ts';
import { prepared, specOf, temporaryFolder, temporaryStore, writeExit, writeRecord } from './support/temporary-store.ts';
import { START } from './support/worlds.ts';

const train = parseSessionName('train');

/** The same state directory as seen after the process that wrote it has died. */
function afterCrash(store: RunStore, options: { readonly bootId?: string } = {}): RunStore {
  return new RunStore({ stateDir: store.stateDir, world: () => ({ ...systemWorld(), liveness: () => 'dead', ...options }), writeLaunchFiles: async () => Promise.resolve() });
}

describe('a claim', () => {
  test('of two at once is given to one; the other hears that the name exists', async () => {
    const store = temporaryStore();
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => store.claim(train, newRunId(), { backend: 'tmux' })));
    const won = results.filter(({ status }) => status === 'fulfilled');
    expect(won).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'SESSION_EXISTS', sessionName: 'train', backend: 'tmux' });
  });

  test('keeps the name while its run is being prepared, started, or runs', async () => {
    const store = temporaryStore();
    const run = await prepared(store);
    await expect(store.claim(train, newRunId())).rejects.toMatchObject({ code: 'SESSION_EXISTS', hint: 'It is being started at this moment' });
    const self = systemWorld();
    writeRecord(run, 'start.json', { ...START, pid: process.pid, processStartTime: (await store.recordedSpec(run)).starter.startTime, bootId: self.bootId });
    expect(store.status(run)).toMatchObject({ state: 'running', pid: process.pid, name: 'train', managed: true, terminal: 'unknown' });
    await expect(store.claim(train, newRunId())).rejects.toMatchObject({ code: 'SESSION_EXISTS', context: { state: 'running', runId: run.runId } });
  });

  test('of an ended session makes a new run, and the old one stays in the history', async () => {
    const store = temporaryStore();
    const first = await prepared(store);
    writeExit(first);
    const second = await prepared(store);
    expect((await store.current(train))?.runId).toBe(second.runId);
    expect((await store.runs({ session: 'train' })).map(({ runId }) => runId)).toEqual([second.runId, first.runId]);
    expect(readlinkSync(join(store.stateDir, 'sessions/train/current'))).toBe(`../../runs/${second.runId}`);
  });

  test('leaves no more than two claims behind, however often a session is started', async () => {
    const store = temporaryStore();
    for (let start = 0; start < 5; start += 1) writeExit(await prepared(store));
    expect(readdirSync(join(store.stateDir, 'sessions/train/claims')).sort()).toEqual(['4', '5']);
  });

  test('is void when its owner died before anything was prepared: the session before counts again', async () => {
    const store = temporaryStore();
    const first = await prepared(store);
    writeExit(first, { exitCode: 9 });
    await store.claim(train, newRunId());
    const later = afterCrash(store);
    expect((await later.current(train))?.runId).toBe(first.runId);
    expect(later.currentStatus(train)).toMatchObject({ state: 'exited', exitCode: 9 });
    const third = await prepared(later);
    expect((await later.current(train))?.runId).toBe(third.runId);
  });

  test('is void when its owner died at the first start of a session: there is none', async () => {
    const store = temporaryStore();
    await store.claim(train, newRunId());
    expect(await afterCrash(store).current(train)).toBeNull();
    expect(afterCrash(store).currentStatuses()).toEqual([]);
    await expect(prepared(afterCrash(store))).resolves.toMatchObject({ session: 'train' });
  });

  test('of a newer version is unknown: not absent, and nobody may claim over it', async () => {
    const store = temporaryStore();
    writeExit(await prepared(store));
    symlinkSync('2 something else', join(store.stateDir, 'sessions/train/claims/2'));
    expect(store.currentStatus(train)).toMatchObject({ state: 'unknown', unknownReason: 'claim 2 of session "train" cannot be read' });
    expect(store.currentStatuses().map(({ state }) => state)).toEqual(['unknown']);
    await expect(store.claim(train, newRunId())).rejects.toMatchObject({ code: 'SESSION_CONFIG', hint: 'It may be of a newer version of Longhaul: update this one' });
    await expect(store.claimRemoval(train)).rejects.toMatchObject({ code: 'SESSION_CONFIG' });
  });

  test('never takes one name for another that begins like it', async () => {
    const store = temporaryStore();
    const run = await prepared(store, specOf({ name: 'train' }));
    await prepared(store, specOf({ name: 'train-2' }));
    expect((await store.current(train))?.runId).toBe(run.runId);
    expect(await store.names()).toEqual(['train', 'train-2']);
    expect((await store.runs({ session: 'train' })).map(({ runId }) => runId)).toEqual([run.runId]);
  });
});

describe('a start that was interrupted', () => {
  test('after the claim was prepared is claimed over, and its launcher is told not to come up', async () => {
    const store = temporaryStore();
    const first = await prepared(store);
    const later = afterCrash(store);
    expect(later.status(first)).toMatchObject({ state: 'exited', reason: 'start-failed', exitCode: null });
    const second = await prepared(later);
    expect((await store.records(first)).stop).toMatchObject({ requestedBy: 'longhaul start, after a start that was interrupted' });
    expect((await later.current(train))?.runId).toBe(second.runId);
  });

  test('is not claimed over when its launcher comes up at that moment', async () => {
    const store = temporaryStore();
    const first = await prepared(store);
    const self = (await store.recordedSpec(first)).starter;
    const launcher = { pid: self.pid, processStartTime: self.startTime, bootId: self.bootId };
    let looks = 0;
    // Nobody is there at the first looks; then the launcher is, with its job: this process plays both.
    const late = new RunStore({
      stateDir: store.stateDir,
      world: () => {
        looks += 1;
        if (looks === 3) {
          writeRecord(first, 'launcher.json', launcher);
          writeRecord(first, 'start.json', { ...launcher, startedAt: new Date().toISOString(), launcherPid: self.pid, launcherStartTime: self.startTime });
        }
        return looks < 3 ? { ...systemWorld(), liveness: () => 'dead' } : systemWorld();
      },
    });
    await expect(late.claim(train, newRunId())).rejects.toMatchObject({ code: 'SESSION_EXISTS' });
    expect(looks).toBeGreaterThanOrEqual(3);
    expect((await store.records(first)).stop).toBeNull();
    expect(store.status(first)).toMatchObject({ state: 'running' });
  });

  test('is given back by the starter itself, with all it made, when the backend failed', async () => {
    const store = temporaryStore();
    const claim = await store.claim(train, newRunId());
    const run = await store.prepare(specOf({ outputs: [{ path: 'out', to: ['nas'] }] }), claim);
    writeFileSync(run.envFile, 'TOKEN=1');
    expect(await store.release(claim)).toBe('released');
    expect(await store.current(train)).toBeNull();
    expect(existsSync(run.path)).toBe(false);
    expect(existsSync(join(store.stateDir, 'sessions/train'))).toBe(false);
    expect(await store.unsettledRuns()).toEqual([]);
    await expect(prepared(store)).resolves.toMatchObject({ session: 'train' });
  });

  test('gives the name back to the run before', async () => {
    const store = temporaryStore();
    const first = await prepared(store);
    writeExit(first);
    const claim = await store.claim(train, newRunId());
    await store.prepare(specOf(), claim);
    expect(await store.release(claim)).toBe('released');
    expect((await store.current(train))?.runId).toBe(first.runId);
    expect(readlinkSync(join(store.stateDir, 'sessions/train/current'))).toBe(`../../runs/${first.runId}`);
  });

  test('leaves the environment of the start before, and only a start that is prepared drops older ones', async () => {
    const store = temporaryStore();
    const envFiles = (): string[] => readdirSync(join(store.stateDir, 'sessions/train')).filter((name) => name.startsWith('env'));
    const start = async (): Promise<RunDirectory> => {
      const claim = await store.claim(train, newRunId());
      const run = await store.prepare(specOf(), claim);
      writeFileSync(run.envFile, `TOKEN=${run.runId}`);
      return run;
    };
    writeExit(await start());
    const second = await start();
    writeExit(second);
    const claim = await store.claim(train, newRunId());
    const failed = await store.prepare(specOf(), claim);
    writeFileSync(failed.envFile, 'TOKEN=3');
    expect(envFiles()).toEqual([second.envFile, failed.envFile].map((path) => basename(path)));
    expect(await store.release(claim)).toBe('released');
    expect(envFiles()).toEqual([basename(second.envFile)]);
    expect(readFileSync(second.envFile, 'utf8')).toBe(`TOKEN=${second.runId}`);
  });

  test('is kept as a run when its launcher has said how it ended', async () => {
    const store = temporaryStore();
    const claim = await store.claim(train, newRunId());
    const run = await store.prepare(specOf(), claim);
    writeExit(run, { exitCode: null, reason: 'start-failed' });
    expect(await store.release(claim)).toBe('kept');
    expect(store.currentStatus(train)).toMatchObject({ state: 'exited', reason: 'start-failed', runId: run.runId });
  });

  test('leaves nothing when the launch files cannot be written', async () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
    const store = temporaryStore({ writeLaunchFiles: async () => Promise.reject(full) });
    const claim = await store.claim(train, newRunId());
    await expect(store.prepare(specOf({ outputs: [{ path: 'out', to: ['nas'] }] }), claim)).rejects.toMatchObject({
      code: 'SESSION_START',
      sessionName: 'train',
      reason: 'no space is left on the disk of the state directory',
    });
    expect(readdirSync(join(store.stateDir, 'runs'))).toEqual([]);
    expect(readdirSync(join(store.stateDir, 'sessions'))).toEqual([]);
    expect(readdirSync(join(store.stateDir, 'outputs'))).toEqual([]);
  });
});

describe('a removal', () => {
  test('forgets the session and keeps its runs', async () => {
    const store = temporaryStore();
    const run = await prepared(store);
    writeFileSync(run.envFile, 'TOKEN=1');
    writeExit(run, { exitCode: 3 });
    store.forget(await store.claimRemoval(train));
    expect(await store.current(train)).toBeNull();
    expect(existsSync(run.envFile)).toBe(false);
    expect(await store.find(run.runId)).toEqual(run);
    expect(store.status(run)).toMatchObject({ state: 'exited', exitCode: 3 });
    expect(readdirSync(join(store.stateDir, 'sessions'))).toEqual([]);
  });

  test('is refused while the run may live, and where there is none', async () => {
    const store = temporaryStore();
    await expect(store.claimRemoval(train)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    await prepared(store);
    await expect(store.claimRemoval(train)).rejects.toMatchObject({ code: 'SESSION_STOP', hint: 'End it first: longhaul stop train' });
  });

  test('is waited for by a start at the same time, which then has the name to itself', async () => {
    const store = temporaryStore();
    writeExit(await prepared(store));
    const removal = await store.claimRemoval(train);
    const start = prepared(store);
    expect(store.currentStatus(train)).toMatchObject({ state: 'exited' });
    store.forget(removal);
    const run = await start;
    expect((await store.current(train))?.runId).toBe(run.runId);
  });

  test('of two at once is done by one', async () => {
    const store = temporaryStore();
    writeExit(await prepared(store));
    const remove = async (): Promise<void> => {
      store.forget(await store.claimRemoval(train));
    };
    const results = await Promise.allSettled([remove(), remove(), remove()]);
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'SESSION_NOT_FOUND' });
  });

  test('that was cancelled, or whose process died, has changed nothing', async () => {
    const store = temporaryStore();
    const run = await prepared(store);
    writeExit(run);
    store.cancelRemoval(await store.claimRemoval(train));
    expect((await store.current(train))?.runId).toBe(run.runId);
    await store.claimRemoval(train);
    const later = afterCrash(store);
    expect((await later.current(train))?.runId).toBe(run.runId);
    later.forget(await later.claimRemoval(train));
    expect(await later.current(train)).toBeNull();
  });

  test('that raced with starts and removals leaves one session or none, and a claim of the run that has it', async () => {
    const store = temporaryStore();
    writeExit(await prepared(store));
    const act = async (index: number): Promise<string> => {
      if (index % 2 === 0) store.forget(await store.claimRemoval(train));
      else writeExit(await prepared(store));
      return 'done';
    };
    const results = await Promise.allSettled(Array.from({ length: 12 }, (_, index) => act(index)));
    const failures = results.filter((result) => result.status === 'rejected').map(({ reason }: PromiseRejectedResult) => (reason as { code: string }).code);
    for (const code of failures) expect(['SESSION_EXISTS', 'SESSION_NOT_FOUND', 'SESSION_STOP']).toContain(code);
    const current = await store.current(train);
    if (current !== null) expect(store.status(current)).toMatchObject({ state: 'exited' });
    await expect(prepared(store)).resolves.toMatchObject({ session: 'train' });
  });
});

describe('the state directory', () => {
  test('is made for its owner only', async () => {
    const store = temporaryStore();
    const run = await prepared(store);
    for (const path of ['', 'sessions', 'runs', 'ended', 'outputs', 'sessions/train']) expect(statSync(join(store.stateDir, path)).mode & 0o777).toBe(0o700);
    expect(statSync(run.path).mode & 0o777).toBe(0o700);
    expect(statSync(join(run.path, 'spec.json')).mode & 0o777).toBe(0o600);
  });

  test('is narrowed where it is ours and open to others', async () => {
    const stateDir = temporaryFolder();
    chmodSync(stateDir, 0o755);
    await new RunStore({ stateDir }).names();
    expect(statSync(stateDir).mode & 0o777).toBe(0o700);
  });

  test('is not made by reading', async () => {
    const store = temporaryStore();
    expect(await store.names()).toEqual([]);
    expect(await store.current(train)).toBeNull();
    expect(await store.endedMarkers()).toEqual([]);
    expect(existsSync(store.stateDir)).toBe(false);
  });

  test('that is a file is refused with its name', async () => {
    const stateDir = join(temporaryFolder(), 'file');
    writeFileSync(stateDir, '');
    await expect(new RunStore({ stateDir }).names()).rejects.toMatchObject({ code: 'SESSION_CONFIG', message: expect.stringContaining(JSON.stringify(stateDir)) as string });
  });

  test('may hold folders that are no sessions and no runs', async () => {
    const store = temporaryStore();
    await prepared(store);
    mkdirSync(join(store.stateDir, 'sessions/.removed-1-2'));
    mkdirSync(join(store.stateDir, 'sessions/lost+found'));
    mkdirSync(join(store.stateDir, 'runs/lost+found'));
    expect(await store.names()).toEqual(['train']);
    expect(await store.runs()).toHaveLength(1);
  });
});

describe('what was asked for', () => {
  test('is recorded without any value of the environment, and without secrets in the argv', async () => {
    const store = temporaryStore();
    const secret = 'correct horse battery';
    const spec = specOf({ command: ['curl', '--token', secret, `${secret}/x`], env: [{ name: 'API', value: secret }, { name: 'PLAIN', value: 'visible-value' }], secretEnv: ['API'] });
    const run = await prepared(store, spec);
    const text = readFileSync(join(run.path, 'spec.json'), 'utf8');
    expect(text).not.toContain(secret);
    expect(text).not.toContain('visible-value');
    expect(await store.recordedSpec(run)).toMatchObject({ envNames: ['API', 'PLAIN'], secretEnv: ['API'], commandComplete: false, command: ['curl', '--token', expect.any(String), expect.any(String)] });
    expect(await store.recordedSpec(await prepared(store, specOf({ name: 'b' })))).toMatchObject({ command: ['true'], commandComplete: true, attempt: 1 });
  });

  test('cannot be read when spec.json is damaged; the run is found and judged all the same', async () => {
    const store = temporaryStore();
    const run = await prepared(store);
    writeExit(run, { exitCode: 5 });
    writeRecord(run, 'spec.json', '{');
    await expect(store.recordedSpec(run)).rejects.toThrow(`what was asked for run ${run.runId} of session "train" cannot be read: it is not JSON`);
    expect(await store.find(run.runId)).toEqual(run);
    expect(store.currentStatus(train)).toMatchObject({ state: 'exited', exitCode: 5, command: [], backend: 'tmux' });
  });
});

describe('reboot', () => {
  test('ends what has no exit record: interrupted, and its name can be had', async () => {
    const store = temporaryStore();
    const run = await prepared(store);
    const { bootId } = systemWorld();
    writeRecord(run, 'start.json', { ...START, bootId, pid: process.pid });
    const later = afterCrash(store, { bootId: 'boot-later' });
    expect(later.currentStatus(train)).toMatchObject({ state: 'exited', reason: 'interrupted', exitCode: null, endedAt: null, startedAt: START.startedAt });
    await expect(prepared(later)).resolves.toMatchObject({ session: 'train' });
  });
});

describe('runs', () => {
  test('are listed newest first, by session, before another, and not more than asked for', async () => {
    const store = temporaryStore();
    const runs = [];
    for (const name of ['a', 'b', 'a', 'b', 'a']) {
      const run = await prepared(store, specOf({ name }));
      writeExit(run);
      runs.unshift(run);
    }
    expect(await store.runs()).toEqual(runs);
    expect(await store.runs({ session: 'a' })).toEqual(runs.filter(({ session }) => session === 'a'));
    expect(await store.runs({ limit: 2 })).toEqual(runs.slice(0, 2));
    expect(await store.runs({ before: runs[2]!.runId })).toEqual(runs.slice(3));
    expect(await store.find(newRunId())).toBeNull();
  });
});

describe('a start that was killed as its folder was made', () => {
  test('is being started while its owner lives, and never was when the owner is dead', async () => {
    const store = temporaryStore();
    const claim = await store.claim(train, newRunId(), { backend: 'tmux' });
    const run = bareFolder(store, claim.runId);
    expect(store.observe(run).verdict).toMatchObject({ kind: 'starting' });
    expect(afterCrash(store).status(run)).toMatchObject({ state: 'exited', reason: 'start-failed', exitCode: null });
  });

  test('never was, when others have had the name since', async () => {
    const store = temporaryStore();
    writeExit(await prepared(store));
    const abandoned = bareFolder(store, newRunId());
    expect(store.status(abandoned)).toMatchObject({ state: 'exited', reason: 'start-failed' });
  });

  test('is unknown while a claim of a newer version may be its own', async () => {
    const store = temporaryStore();
    await prepared(store);
    symlinkSync('2 run something new', join(store.stateDir, 'sessions/train/claims/9'));
    expect(store.status(bareFolder(store, newRunId()))).toMatchObject({ state: 'unknown' });
  });
});

/** What is there between the first two steps of a start. */
function bareFolder(store: RunStore, runId: RunId): RunDirectory {
  const path = join(store.stateDir, 'runs', runId);
  mkdirSync(path, { mode: 0o700 });
  symlinkSync('train', join(path, 'session'));
  return { runId, session: train, path, stateDir: store.stateDir, envFile: join(store.stateDir, 'sessions/train/env') };
}
