import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { RunDirectory, RunStore } from '../src/index.ts';
import { parseSessionName } from '../src/index.ts';
import { prepared, specOf, temporaryStore, writeExit, writeRecord } from './support/temporary-store.ts';

const DAY = 86_400_000;

/** Ended runs of one session, a day apart, oldest first; the last is current. */
async function ended(store: RunStore, count: number, { name = 'train', logBytes = 0 } = {}): Promise<RunDirectory[]> {
  const runs: RunDirectory[] = [];
  for (let run = 0; run < count; run += 1) {
    const next = await prepared(store, specOf({ name }));
    writeFileSync(join(next.path, 'output.log'), 'x'.repeat(logBytes));
    writeExit(next, { endedAt: new Date(Date.now() + run * DAY).toISOString() });
    runs.push(next);
  }
  return runs;
}

const ids = (runs: readonly (RunDirectory | undefined)[]): unknown[] => runs.map((run) => run?.runId);

test('keeps as many runs of each session as asked for', async () => {
  const store = temporaryStore();
  const train = await ended(store, 4);
  const other = await ended(store, 1, { name: 'other' });
  const report = await store.prune({ maxRuns: 2 });
  expect(report.removed).toEqual(ids(train.slice(0, 2)));
  expect(ids(await store.runs())).toEqual(ids([...other, train[3], train[2]]));
  expect(existsSync(train[0]!.path)).toBe(false);
});

test('takes the environment of a run along, but not the one that the current attempt was started with', async () => {
  const store = temporaryStore();
  const [first, second, third] = await ended(store, 3);
  for (const run of [first!, second!, third!]) writeFileSync(run.envFile, 'TOKEN=1');
  const spec = JSON.parse(readFileSync(join(third!.path, 'spec.json'), 'utf8')) as object;
  writeRecord(third!, 'spec.json', { ...spec, firstRunId: second!.runId, attempt: 2 });
  expect((await store.prune({ maxRuns: 1 })).removed).toEqual(ids([first, second]));
  expect([first, second].map((run) => existsSync(run!.envFile))).toEqual([false, true]);
});

test('removes what ended long ago', async () => {
  const store = temporaryStore();
  const runs = await ended(store, 4);
  const now = Date.now() + 4 * DAY;
  expect((await store.prune({ maxAgeMs: 4.5 * DAY, now })).removed).toEqual([]);
  expect((await store.prune({ maxAgeMs: 2.5 * DAY, now })).removed).toEqual(ids(runs.slice(0, 2)));
});

test('removes the oldest until the rest fits', async () => {
  const store = temporaryStore();
  const runs = await ended(store, 4, { logBytes: 1_000_000 });
  const report = await store.prune({ maxBytes: 2_500_000 });
  expect(report.removed).toEqual(ids(runs.slice(0, 2)));
  expect(report.freedBytes).toBeGreaterThanOrEqual(2_000_000);
});

test('never removes the run that a session is, however old and large', async () => {
  const store = temporaryStore();
  const [only] = await ended(store, 1, { logBytes: 1_000_000 });
  expect(await store.prune({ maxRuns: 0, maxAgeMs: 0, maxBytes: 0 })).toEqual({ removed: [], freedBytes: 0 });
  store.forget(await store.claimRemoval(parseSessionName('train')));
  expect((await store.prune({ maxRuns: 0 })).removed).toEqual(ids([only]));
});

test('never removes a run that lives, that is being started, or whose outputs are not in the queue', async () => {
  const store = temporaryStore();
  const unsent = await prepared(store, specOf({ outputs: [{ path: 'out', to: ['nas'] }] }));
  writeExit(unsent);
  await prepared(store);
  expect((await store.prune({ maxRuns: 0, maxAgeMs: -DAY, maxBytes: 0 })).removed).toEqual([]);
  await store.markOutputsDone(unsent);
  expect((await store.prune({ maxRuns: 0 })).removed).toEqual([unsent.runId]);
});

test('never removes what is to be kept, whatever the limits say', async () => {
  const store = temporaryStore();
  const runs = await ended(store, 4);
  expect((await store.prune({ maxRuns: 1, keep: new Set([runs[1]!.runId]) })).removed).toEqual(ids([runs[0], runs[2]]));
});

test('removes attempts of a restart loop, and never the one that goes on', async () => {
  const store = temporaryStore();
  const restart = { mode: 'always' as const, maxRestarts: null, delayMs: 1, maxDelayMs: 1, resetMs: 1 };
  const first = await prepared(store, specOf({ restart }));
  writeExit(first, { exitCode: 1 });
  writeRecord(first, 'loop-end.json', { why: 'gave-up', at: new Date().toISOString(), stoppedBy: null });
  const second = await prepared(store, specOf({ restart }));
  expect((await store.prune({ maxRuns: 0 })).removed).toEqual([first.runId]);
  expect((await store.runs()).map(({ runId }) => runId)).toEqual([second.runId]);
});

test('a plan says the same and removes nothing', async () => {
  const store = temporaryStore();
  const runs = await ended(store, 3);
  const plan = await store.prune({ maxRuns: 1, mode: 'plan' });
  expect(plan.removed).toEqual(ids(runs.slice(0, 2)));
  expect(await store.runs()).toHaveLength(3);
  expect(await store.prune({ maxRuns: 1 })).toEqual(plan);
});

test('without limits nothing goes but what a crash has left half deleted', async () => {
  const store = temporaryStore();
  await ended(store, 2);
  const graves = [join(store.stateDir, 'runs/.removed-1-1'), join(store.stateDir, 'sessions/.removed-1-2')];
  for (const grave of graves) mkdirSync(join(grave, 'claims'), { recursive: true });
  expect((await store.prune({})).removed).toEqual([]);
  expect(graves.filter((grave) => existsSync(grave))).toEqual([]);
  expect(await store.runs()).toHaveLength(2);
});
