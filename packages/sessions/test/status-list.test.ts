import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { RunDirectory, SessionStatus } from '../src/index.ts';
import { newRunId, parseSessionName, RunStore } from '../src/index.ts';
import { mortalWorld, play } from './support/logs.ts';
import { prepared, specOf, temporaryStore, writeExit, writeRecord } from './support/temporary-store.ts';

type Situation = (store: RunStore, name: string) => Promise<void>;

const start = async (store: RunStore, name: string): Promise<RunDirectory> => prepared(store, specOf({ name, command: ['python', name] }));

/** Everything a session can be, each of which a list must tell as a look at it alone does. */
const SITUATIONS: Readonly<Record<string, Situation>> = {
  running: async (store, name) => {
    play(await start(store, name));
  },
  exited: async (store, name) => {
    const run = await start(store, name);
    play(run);
    writeExit(run, { exitCode: 3 });
  },
  stopped: async (store, name) => {
    writeExit(await start(store, name), { reason: 'stopped', stoppedBy: { who: 'lab@host', step: 'kill' } });
  },
  starting: async (store, name) => {
    await start(store, name);
  },
  claimed: async (store, name) => {
    await store.claim(parseSessionName(name), newRunId());
  },
  'claimed again': async (store, name) => {
    writeExit(await start(store, name));
    await store.claim(parseSessionName(name), newRunId());
  },
  'run twice': async (store, name) => {
    writeExit(await start(store, name), { exitCode: 1 });
    play(await start(store, name));
  },
  'start failed': async (store, name) => {
    writeExit(await start(store, name), { exitCode: null, reason: 'start-failed' });
  },
  'damaged end': async (store, name) => {
    writeRecord(await start(store, name), 'exit.json', '{');
  },
  'damaged start': async (store, name) => {
    writeRecord(await start(store, name), 'start.json', '{');
  },
  'damaged spec': async (store, name) => {
    const run = await start(store, name);
    writeExit(run);
    writeRecord(run, 'spec.json', 'x');
  },
  'newer claim': async (store, name) => {
    writeExit(await start(store, name));
    symlinkSync('9 later', join(store.stateDir, 'sessions', name, 'claims/2'));
  },
  'being removed': async (store, name) => {
    writeExit(await start(store, name));
    await store.claimRemoval(parseSessionName(name));
  },
  'without current': async (store, name) => {
    play(await start(store, name));
    rmSync(join(store.stateDir, 'sessions', name, 'current'));
  },
};

const notesOf = (store: RunStore): string => join(store.stateDir, 'list-notes.json');

async function oneByOne(store: RunStore): Promise<SessionStatus[]> {
  return (await store.names()).map((name) => store.currentStatus(name)).filter((status) => status !== null);
}

test('a list says of each session what a look at it alone says, with notes and without, while all changes', async () => {
  const mortal = mortalWorld();
  const store = temporaryStore({ world: mortal.world });
  for (const situation of Object.keys(SITUATIONS)) for (let copy = 0; copy < 5; copy += 1) await SITUATIONS[situation]!(store, `${situation.replaceAll(' ', '-')}-${String(copy)}`);
  const truth = await oneByOne(store);
  expect(truth).toHaveLength(5 * Object.keys(SITUATIONS).length);
  expect(store.currentStatuses()).toEqual(truth);
  expect(existsSync(notesOf(store))).toBe(true);
  expect(store.currentStatuses()).toEqual(truth);
  expect(store.currentStatuses({ backend: 'container' })).toEqual([]);
  expect(store.currentStatuses({ except: new Set(truth.slice(1).map(({ name }) => name)) })).toEqual(truth.slice(0, 1));

  // Each copy goes another way now; the notes still tell of before.
  writeExit((await store.current(parseSessionName('running-0')))!, { exitCode: 9 });
  writeExit(await start(store, 'exited-0'), { exitCode: 8 });
  play(await start(store, 'stopped-0'));
  store.forget(await store.claimRemoval(parseSessionName('exited-1')));
  play(await start(store, 'exited-2'));
  store.forget(await store.claimRemoval(parseSessionName('stopped-1')));
  await start(store, 'stopped-1');
  symlinkSync('9 later', join(store.stateDir, 'sessions/exited-3/claims/2'));
  const changed = await oneByOne(store);
  expect(changed).not.toEqual(truth);
  expect(store.currentStatuses()).toEqual(changed);

  mortal.died = true;
  const lost = await oneByOne(store);
  expect(lost.filter(({ state }) => state === 'running')).toEqual([]);
  expect(store.currentStatuses()).toEqual(lost);

  const later = new RunStore({ stateDir: store.stateDir, world: () => ({ ...mortal.world(), liveness: () => 'alive', bootId: 'boot-later' }) });
  expect(later.currentStatuses()).toEqual(await oneByOne(later));
  expect(later.currentStatus(parseSessionName('running-1'))).toMatchObject({ state: 'exited', reason: 'interrupted' });
});

test('notes that are torn, of another version or cannot be written change nothing', async () => {
  const store = temporaryStore();
  for (let index = 0; index < 50; index += 1) writeExit(await start(store, `s${String(index)}`));
  const truth = store.currentStatuses();
  const notes = readFileSync(notesOf(store), 'utf8');
  for (const text of ['', '{', '{"schemaVersion":2,"notes":{}}', notes.slice(0, 500), '{"schemaVersion":1,"notes":{"s1":null,"s2":{}}}']) {
    writeFileSync(notesOf(store), text);
    expect(store.currentStatuses()).toEqual(truth);
  }
  rmSync(notesOf(store));
  symlinkSync('/no/such/folder/notes', notesOf(store));
  expect(store.currentStatuses()).toEqual(truth);
});
