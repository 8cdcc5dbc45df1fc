import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import { parseRecord } from '../src/record-json.ts';
import { readRun } from '../src/run-reader.ts';
import { prepared, specOf, temporaryStore, writeExit, writeRecord } from './support/temporary-store.ts';
import { EXIT, START } from './support/worlds.ts';

test('reads every record of a run', async () => {
  const run = await prepared(temporaryStore(), specOf({ command: ['python', 'train.py'], outputs: [{ path: 'out\n"1"', to: ['nas'], as: '{run}' }], stop: { signal: 'TERM' } }));
  writeRecord(run, 'start.json', START);
  writeExit(run, EXIT);
  const { spec, records } = readRun(run);
  expect(records).toMatchObject({ start: START, exit: EXIT, stop: null, job: null, damaged: [] });
  expect(spec).toMatchObject({ schemaVersion: 1, session: 'train', runId: run.runId, command: ['python', 'train.py'], outputs: [{ path: 'out\n"1"', to: ['nas'], as: '{run}' }], stop: { signal: 'TERM' } });
});

test('takes a record that was written over preallocated zeroes or blanks', () => {
  const text = JSON.stringify({ exitCode: 1 });
  expect(parseRecord(`${text}\n${'\0'.repeat(4000)}`)).toEqual({ exitCode: 1 });
  expect(parseRecord(`${text}\n${' '.repeat(4000)}\n`)).toEqual({ exitCode: 1 });
});

test('says which file is damaged and how, and keeps the rest', async () => {
  const run = await prepared(temporaryStore());
  writeRecord(run, 'start.json', '{"pid": 12, "processSta');
  writeRecord(run, 'stop.json', '');
  writeRecord(run, 'exit.json', { ...EXIT, exitCode: 'zero' });
  const { records } = readRun(run);
  expect(records).toMatchObject({ start: null, stop: null, exit: null });
  expect(records.damaged).toEqual([
    { file: 'start.json', problem: 'it is not JSON' },
    { file: 'stop.json', problem: 'it is empty' },
    { file: 'exit.json', problem: 'exitCode is not a whole number' },
  ]);
});

test('a record of a newer version is damaged for this one, and says why', async () => {
  const run = await prepared(temporaryStore());
  writeExit(run, { schemaVersion: 2 });
  expect(readRun(run).records.damaged).toEqual([{ file: 'exit.json', problem: 'it was written by a newer version of Longhaul (schema 2, this one reads up to 1)' }]);
});

test('a record without a version is of the first one, and fields that are not known are left alone', async () => {
  const run = await prepared(temporaryStore());
  writeExit(run, { later: { invented: true } });
  expect(readRun(run).records).toMatchObject({ exit: { exitCode: 0 }, damaged: [] });
});

test('no text makes the reader throw anything but its own error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      try {
        expect(typeof parseRecord(text)).toBe('object');
      } catch (error) {
        expect(error).toMatchObject({ code: 'SESSION_CONFIG' });
      }
    }),
  );
});

test('a folder in place of a record is damage, not an exception', async () => {
  const run = await prepared(temporaryStore());
  mkdirSync(join(run.path, 'start.json'));
  expect(readRun(run).records.damaged).toEqual([{ file: 'start.json', problem: 'it cannot be read (EISDIR)' }]);
});

test('a run whose folder cannot be listed is damaged, not absent', async () => {
  const run = await prepared(temporaryStore());
  rmSync(run.path, { recursive: true });
  writeFileSync(run.path, 'not a folder');
  expect(readRun(run)).toMatchObject({ exists: true, records: { damaged: [{ file: 'spec.json', problem: 'its folder cannot be read (ENOTDIR)' }] } });
});
