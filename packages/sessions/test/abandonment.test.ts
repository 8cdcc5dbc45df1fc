import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { RunDirectory } from '../src/index.ts';
import { newRunId, NO_RESTART, parseSessionName, RunStore, SessionManager, systemWorld } from '../src/index.ts';
import { FakeBackend } from './support/fake-backend.ts';
import { play } from './support/logs.ts';
import { prepared, specOf, temporaryStore, writeExit, writeRecord } from './support/temporary-store.ts';

const train = parseSessionName('train');
const nobodyRuns = { by: 'lab@host', mode: 'give up', tagged: async () => Promise.resolve([]) } as const;

/** The same state directory as another machine sees it, which shares it. */
function elsewhere(store: RunStore): RunStore {
  return new RunStore({ stateDir: store.stateDir, world: () => ({ ...systemWorld(), bootId: 'boot-there', host: 'another-host', liveness: () => 'dead' }), writeLaunchFiles: async () => Promise.resolve() });
}

async function running(store: RunStore, spec = specOf()): Promise<RunDirectory> {
  const run = await prepared(store, spec);
  writeFileSync(run.envFile, 'TOKEN=1');
  play(run);
  return run;
}

describe('a session of another machine', () => {
  test('keeps its name until somebody gives it up, and is in the history as abandoned then', async () => {
    const store = temporaryStore();
    const run = await running(store);
    const there = elsewhere(store);
    expect(there.currentStatus(train)).toMatchObject({ state: 'unknown' });
    await expect(there.claim(train, newRunId())).rejects.toMatchObject({ code: 'SESSION_EXISTS', hint: expect.stringContaining('longhaul remove --abandon train') as string });
    await expect(there.claimRemoval(train)).rejects.toMatchObject({ code: 'SESSION_STOP', hint: expect.stringContaining('longhaul remove --abandon train') as string });

    const plan = await there.abandon(train, { ...nobodyRuns, mode: 'plan' });
    expect(plan).toMatchObject({ runId: run.runId, reason: expect.stringContaining('another machine') as string });
    expect(there.currentStatus(train)).toMatchObject({ state: 'unknown' });

    expect(await there.abandon(train, nobodyRuns)).toEqual(plan);
    expect(there.currentStatus(train)).toBeNull();
    expect(there.currentStatuses()).toEqual([]);
    expect(there.status(run)).toMatchObject({ state: 'unknown', reason: 'abandoned', unknownReason: expect.stringContaining('lab@host') as string });
    expect(readdirSync(join(store.stateDir, 'sessions'))).toEqual([]);
    const second = await prepared(there);
    expect((await there.current(train))?.runId).toBe(second.runId);
    expect(await there.runs()).toHaveLength(2);
  });

  test('that was given up is still judged by its processes where it runs, and its end is its end', async () => {
    const store = temporaryStore();
    const run = await running(store);
    await elsewhere(store).abandon(train, nobodyRuns);
    const home = new RunStore({ stateDir: store.stateDir, world: () => ({ ...systemWorld(), liveness: () => 'alive' }) });
    expect(home.status(run)).toMatchObject({ state: 'running', reason: null });
    writeExit(run, { exitCode: 4 });
    expect(elsewhere(store).status(run)).toMatchObject({ state: 'exited', exitCode: 4, reason: 'exit' });
  });

  test('in a restart loop leaves the number above its claim taken: its launcher starts no attempt beside whoever has the name next', async () => {
    const store = temporaryStore();
    await running(store, specOf({ restart: { ...NO_RESTART, mode: 'always' } }));
    const there = elsewhere(store);
    await there.abandon(train, nobodyRuns);
    expect(readdirSync(join(store.stateDir, 'sessions/train'))).toEqual(['claims']);
    expect(there.currentStatuses()).toEqual([]);
    const claims = join(store.stateDir, 'sessions/train/claims');
    expect(() => symlinkSync('1 run', join(claims, '2'))).toThrow('EEXIST');
    await prepared(there);
    expect(readdirSync(claims).sort()).toEqual(['2', '3']);
  });

  test('can be given up also where a removal was begun elsewhere and never came to an end', async () => {
    const store = temporaryStore();
    writeExit(await prepared(store));
    await store.claimRemoval(train);
    expect(await elsewhere(store).abandon(train, nobodyRuns)).toMatchObject({ reason: null });
    await expect(prepared(elsewhere(store))).resolves.toMatchObject({ session: 'train' });
    await expect(prepared(store, specOf({ name: 'other' }))).resolves.toMatchObject({ session: 'other' });
  });
});

describe('nothing is abandoned', () => {
  test('that runs here', async () => {
    const store = new RunStore({ stateDir: temporaryStore().stateDir, world: () => ({ ...systemWorld(), liveness: () => 'alive' }), writeLaunchFiles: async () => Promise.resolve() });
    await running(store);
    await expect(store.abandon(train, nobodyRuns)).rejects.toMatchObject({ code: 'SESSION_STOP', hint: 'It is here, and can be ended: longhaul stop train' });
    expect(store.currentStatus(train)).toMatchObject({ state: 'running' });
  });

  test('of which a process runs here, although its records are damaged', async () => {
    const store = temporaryStore();
    const run = await running(store);
    writeRecord(run, 'start.json', '{');
    await expect(store.abandon(train, { ...nobodyRuns, tagged: async () => Promise.resolve([4711]) })).rejects.toMatchObject({ code: 'SESSION_STOP', reason: expect.stringContaining('4711') as string });
    expect(store.currentStatus(train)).toMatchObject({ state: 'unknown' });
    expect(await store.abandon(train, nobodyRuns)).toMatchObject({ reason: 'start.json is damaged: it is not JSON' });
    expect(JSON.parse(readFileSync(join(run.path, 'abandoned.json'), 'utf8'))).toMatchObject({ schemaVersion: 1, by: 'lab@host' });
  });

  test('of which only an engine of this machine knows what became of it', async () => {
    const store = new RunStore({ stateDir: temporaryStore().stateDir, world: () => ({ ...systemWorld(), liveness: () => 'dead' }), writeLaunchFiles: async () => Promise.resolve() });
    const run = await prepared(store, specOf({ backend: 'container' }));
    const { pid, startTime: processStartTime, bootId } = (await store.recordedSpec(run)).starter;
    writeRecord(run, 'launcher.json', { pid, processStartTime, bootId });
    writeRecord(run, 'cid', 'c0ffee');
    const refused = { code: 'SESSION_STOP', hint: expect.stringContaining('when its engine answers') as string };
    await expect(store.abandon(train, nobodyRuns)).rejects.toMatchObject(refused);
    await expect(store.claimRemoval(train)).rejects.toMatchObject(refused);
  });

  test('that is not there, or of another backend\'s', async () => {
    const store = temporaryStore();
    await expect(store.abandon(train, nobodyRuns)).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
    const manager = new SessionManager({ stateDir: store.stateDir, backends: [new FakeBackend('tmux', ['by-hand'])], runs: store });
    await expect(manager.abandon('by-hand')).rejects.toMatchObject({ code: 'SESSION_STOP' });
    await expect(manager.abandon('nobody')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  });
});
