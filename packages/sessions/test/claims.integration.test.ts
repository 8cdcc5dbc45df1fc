import { chownSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { readOnlyMount, requireService, smallDisk } from '@longhaul/testbed';
import { describe, expect, test } from 'vitest';

import { newRunId, parseSessionName, RunStore } from '../src/index.ts';
import { claimersOf, crash } from './support/claimers.ts';
import { prepared, specOf, temporaryFolder, temporaryStore, writeExit } from './support/temporary-store.ts';

const train = parseSessionName('train');

describe('processes that start one name at the same time', () => {
  test('one wins, the others hear that it exists', async () => {
    const store = temporaryStore();
    const claimers = await claimersOf({ stateDir: store.stateDir, name: 'train', how: 'prepare', count: 6 });
    const outcomes = await Promise.all(claimers.map(async ({ outcome }) => outcome));
    const winners = outcomes.filter((outcome) => outcome.startsWith('won '));
    expect(winners).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'lost SESSION_EXISTS')).toHaveLength(5);
    expect(`won ${(await store.current(train))?.runId ?? ''}`).toBe(winners[0]);
    expect(await store.runs()).toHaveLength(1);
  });

  test('one wins over a session that has ended, too', async () => {
    const store = temporaryStore();
    writeExit(await prepared(store));
    const claimers = await claimersOf({ stateDir: store.stateDir, name: 'train', how: 'claim', count: 6 });
    const outcomes = await Promise.all(claimers.map(async ({ outcome }) => outcome));
    expect(outcomes.filter((outcome) => outcome.startsWith('won '))).toHaveLength(1);
  });
});

describe('a starter that is killed', () => {
  test('between the claim and anything else gives the name back', async () => {
    const store = temporaryStore();
    const [claimer] = await claimersOf({ stateDir: store.stateDir, name: 'train', how: 'claim', count: 1 });
    await claimer!.outcome;
    expect(store.currentStatus(train)).toMatchObject({ state: 'unknown', unknownReason: 'it is being started' });
    await expect(store.claim(train, newRunId())).rejects.toMatchObject({ code: 'SESSION_EXISTS' });
    await crash(claimer!);
    expect(store.currentStatus(train)).toBeNull();
    await expect(prepared(store)).resolves.toMatchObject({ session: 'train' });
  });

  test('before its backend was called leaves a run that failed to start, and gives the name back', async () => {
    const store = temporaryStore();
    const [claimer] = await claimersOf({ stateDir: store.stateDir, name: 'train', how: 'prepare', count: 1 });
    await claimer!.outcome;
    await crash(claimer!);
    expect(store.currentStatus(train)).toMatchObject({ state: 'exited', reason: 'start-failed', exitCode: null });
    const run = await prepared(store);
    expect((await store.current(train))?.runId).toBe(run.runId);
    expect(await store.runs()).toHaveLength(2);
  });
});

describe.runIf(requireService('root'))('a state directory', () => {
  test('on a full disk: the start fails with what to do, and the name is free when there is space again', async () => {
    await using disk = await smallDisk({ bytes: 256 * 1024 });
    const stateDir = join(disk.path, 'state');
    const store = new RunStore({ stateDir });
    writeExit(await prepared(store, specOf({ name: 'before' })));
    fill(disk.path);
    const full = { code: 'SESSION_START', sessionName: 'train', reason: 'no space is left on the disk of the state directory', hint: expect.stringContaining('LONGHAUL_STATE_DIR') as string };
    await expect(prepared(store)).rejects.toMatchObject(full);
    expect(readdirSync(join(stateDir, 'sessions'))).toEqual(['before']);
    expect(await store.runs()).toHaveLength(1);
    expect(store.currentStatuses()).toMatchObject([{ name: 'before', state: 'exited' }]);
    rmSync(join(disk.path, 'filler'));
    await expect(prepared(store)).resolves.toMatchObject({ session: 'train' });
  });

  test('on a full disk: a start that its backend failed is given back, though nothing can be written', async () => {
    await using disk = await smallDisk({ bytes: 512 * 1024 });
    const store = new RunStore({ stateDir: join(disk.path, 'state') });
    const claim = await store.claim(train, newRunId());
    await store.prepare(specOf(), claim);
    fill(disk.path);
    expect(await store.release(claim)).toBe('released');
    expect(await store.current(train)).toBeNull();
  });

  test('that is read-only can be listed, and a start says so', async () => {
    const stateDir = join(temporaryFolder(), 'state');
    const writable = new RunStore({ stateDir });
    for (let index = 0; index < 60; index += 1) writeExit(await prepared(writable, specOf({ name: `s${String(index)}` })));
    await using mount = await readOnlyMount(stateDir);
    const store = new RunStore({ stateDir: mount.path });
    expect(store.currentStatuses()).toHaveLength(60);
    await expect(prepared(store)).rejects.toMatchObject({ code: 'SESSION_START', reason: 'the state directory is on a read-only file system' });
  });

  test('of another user is refused, for reading too', async () => {
    const stateDir = join(temporaryFolder(), 'state');
    mkdirSync(stateDir);
    chownSync(stateDir, 65534, 65534);
    const store = new RunStore({ stateDir });
    const refused = { code: 'SESSION_CONFIG', message: expect.stringContaining('belongs to another user (uid 65534)') as string };
    await expect(store.names()).rejects.toMatchObject(refused);
    await expect(store.claim(train, newRunId())).rejects.toMatchObject(refused);
    expect(existsSync(join(stateDir, 'sessions'))).toBe(false);
  });
});

function fill(folder: string): void {
  const block = Buffer.alloc(4096);
  try {
    for (;;) writeFileSync(join(folder, 'filler'), block, { flag: 'a' });
  } catch {
    // Full.
  }
}
