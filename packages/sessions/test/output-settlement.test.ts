import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { newRunId, parseSessionName, RunStore, systemWorld } from '../src/index.ts';
import { prepared, specOf, temporaryStore, writeExit, writeRecord } from './support/temporary-store.ts';
import { START } from './support/worlds.ts';

const withOutputs = specOf({ outputs: [{ path: 'out', to: ['nas'] }] });

test('markers of ended runs are listed oldest first until somebody has taken notice', async () => {
  const store = temporaryStore();
  await prepared(store);
  const [first, second] = [newRunId(), newRunId()];
  for (const name of [second, first, 'README', '.hidden']) writeFileSync(join(store.stateDir, 'ended', name), '');
  expect(await store.endedMarkers()).toEqual([first, second]);
  await store.clearEndedMarker(first);
  await store.clearEndedMarker(first);
  expect(await store.endedMarkers()).toEqual([second]);
});

test('a run with outputs is unsettled from its end until its outputs are in the queue', async () => {
  const store = temporaryStore();
  const run = await prepared(store, withOutputs);
  expect(await store.unsettledRuns()).toEqual([]);
  writeExit(run);
  expect(await store.unsettledRuns()).toEqual([run]);
  await store.markOutputsDone(run);
  expect(await store.unsettledRuns()).toEqual([]);
  expect(existsSync(join(run.path, 'outputs.done'))).toBe(true);
});

test('a run without outputs never is', async () => {
  const store = temporaryStore();
  writeExit(await prepared(store));
  expect(await store.unsettledRuns()).toEqual([]);
});

test('a reboot ends a run without a marker: it is unsettled', async () => {
  const store = temporaryStore();
  const run = await prepared(store, withOutputs);
  writeRecord(run, 'start.json', { ...START, bootId: systemWorld().bootId });
  const later = new RunStore({ stateDir: store.stateDir, world: () => ({ ...systemWorld(), bootId: 'boot-later' }) });
  expect(await later.unsettledRuns()).toEqual([run]);
  expect(await later.endedMarkers()).toEqual([]);
});

test('a run that was replaced by a newer one, and one whose session was removed, stay unsettled', async () => {
  const store = temporaryStore();
  const first = await prepared(store, withOutputs);
  writeExit(first);
  const second = await prepared(store, withOutputs);
  writeExit(second);
  store.forget(await store.claimRemoval(parseSessionName('train')));
  expect(await store.unsettledRuns()).toEqual([first, second]);
});

test('a crash between outputs.done and the end of the marker is mended by the next look', async () => {
  const store = temporaryStore();
  const run = await prepared(store, withOutputs);
  writeExit(run);
  writeFileSync(join(run.path, 'outputs.done'), '');
  expect(await store.unsettledRuns()).toEqual([]);
  expect(existsSync(join(store.stateDir, 'outputs', run.runId))).toBe(false);
});

test('a run that somebody deleted is forgotten', async () => {
  const store = temporaryStore();
  const run = await prepared(store, withOutputs);
  rmSync(run.path, { recursive: true });
  expect(await store.unsettledRuns()).toEqual([]);
  expect(existsSync(join(store.stateDir, 'outputs', run.runId))).toBe(false);
});
