import { copyFileSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { expect, it } from 'vitest';

import { newRunId, writeLaunchFiles } from '../src/index.ts';
import { readCommand, readEnvironment, readOnExit } from '../src/launcher/read-launch-files.ts';
import { prepared, specOf, temporaryStore } from './support/temporary-store.ts';

const text = fc.string({ unit: fc.constantFrom("'", '"', '\\', '\n', '$', '`', ' ', '=', 'a', 'ü', '火', ';', '\r', '\t', 'export A=', 'set --', "' \"$1\"\n", 'exec '), maxLength: 12 });
const name = fc.constantFrom('A', 'B', 'PATH', '_x1', 'UID', 'SECONDS', 'TOKEN');

it('reads back every environment, command and hook that was written', async () => {
  const store = temporaryStore();
  const run = await prepared(store);
  await fc.assert(fc.asyncProperty(fc.uniqueArray(fc.record({ name, value: text }), { selector: (entry) => entry.name }), fc.array(text), fc.array(text), async (env, args, hook) => {
    const command = ['sh', ...args];
    await writeLaunchFiles(specOf({ env, command, onExit: ['hook', ...hook] }), run);
    expect(readEnvironment(run, run.runId)).toEqual(env);
    expect(readCommand(run)).toEqual(command);
    expect(readOnExit(run)).toEqual(['hook', ...hook]);
  }), { numRuns: 150 });
});

it('never takes the values of another start, and says what is gone', async () => {
  const store = temporaryStore();
  const run = await prepared(store);
  mkdirSync(join(run.stateDir, 'sessions', 'train'), { recursive: true });
  await writeLaunchFiles(specOf({ env: [{ name: 'TOKEN', value: 'the-secret' }] }), run);
  const other = newRunId();
  copyFileSync(run.envFile, run.envFile.replace(run.runId, other));
  expect(() => readEnvironment(run, other)).toThrow(expect.objectContaining({ code: 'SESSION_CONFIG', message: expect.not.stringContaining('the-secret') as string }));
  rmSync(run.envFile);
  expect(() => readEnvironment(run, run.runId)).toThrow(/cannot be started again as it was: .*env\.\w+ is gone/);
  writeFileSync(run.envFile, '');
  expect(() => readEnvironment(run, run.runId)).toThrow(/not the one of this start/);
});

it('finds the environment of a session that an earlier version started', async () => {
  const store = temporaryStore();
  const run = await prepared(store);
  await writeLaunchFiles(specOf({ env: [{ name: 'TOKEN', value: 'one' }] }), run);
  renameSync(run.envFile, join(store.stateDir, 'sessions/train/env'));
  expect(readEnvironment(run, run.runId)).toEqual([{ name: 'TOKEN', value: 'one' }]);
});
