import { utimesSync } from 'node:fs';

import { describe, expect, test } from 'vitest';

import type { HistoryFilter, RunDirectory } from '../src/index.ts';
import { newRunId, RunStore, SessionManager } from '../src/index.ts';
import { prepared, specOf, temporaryStore, writeExit } from './support/temporary-store.ts';

interface Past {
  readonly manager: SessionManager;
  readonly runs: readonly RunDirectory[];
}

/** Ended runs of one session, oldest first, with these codes; null is one that was ended by a signal. */
async function past(codes: readonly (number | null)[]): Promise<Past> {
  const store = temporaryStore();
  const runs: RunDirectory[] = [];
  for (const exitCode of codes) {
    const run = await prepared(store, specOf({ name: 'train' }));
    writeExit(run, exitCode === null ? { exitCode, signal: 'SIGKILL', reason: 'signal' } : { exitCode });
    runs.push(run);
  }
  return { manager: new SessionManager({ stateDir: store.stateDir, backends: [], runs: store }), runs };
}

describe('the history', () => {
  const codes = async ({ manager }: Past, filter: HistoryFilter): Promise<readonly (number | null)[]> => (await manager.history(filter)).map(({ exitCode }) => exitCode);

  test('is newest first, and can be cut', async () => {
    const all = await past([0, 1, 2]);
    expect(await codes(all, {})).toEqual([2, 1, 0]);
    expect(await codes(all, { limit: 2 })).toEqual([2, 1]);
    expect(await codes(all, { limit: 0 })).toEqual([]);
    expect(await codes(all, { session: 'other' })).toEqual([]);
  });

  test('is filtered by code, with a limit that counts what matches', async () => {
    const all = await past([3, 0, 3, null, 0, 0]);
    expect(await codes(all, { exitCode: 3 })).toEqual([3, 3]);
    expect(await codes(all, { exitCode: 3, limit: 1 })).toEqual([3]);
    expect(await codes(all, { exitCode: 'nonzero' })).toEqual([null, 3, 3]);
    expect(await codes(all, { exitCode: 0, limit: 2 })).toEqual([0, 0]);
  });

  test('is filtered by state: what runs is not what has ended', async () => {
    const all = await past([0]);
    const run = await prepared(new RunStore({ stateDir: all.manager.runs.stateDir, writeLaunchFiles: async () => Promise.resolve() }), specOf({ name: 'other' }));
    writeExit(run, { reason: 'stopped', stoppedBy: { who: 'lab', step: 'signal' } });
    expect((await all.manager.history({ states: new Set(['stopped']) })).map(({ name }) => name)).toEqual(['other']);
    expect((await all.manager.history({ states: new Set(['exited']) })).map(({ name }) => name)).toEqual(['train']);
    expect(await all.manager.history({ states: new Set(['running']) })).toEqual([]);
  });

  test('since a moment has what went on then, also where it began long before', async () => {
    const store = temporaryStore();
    const manager = new SessionManager({ stateDir: store.stateDir, backends: [], runs: store });
    const endedAt = (minutes: number): string => new Date(Date.UTC(2030, 0, 1, 12, minutes)).toISOString();
    for (const minutes of [10, 20, 30]) {
      const run = await prepared(store, specOf({ name: `m${String(minutes)}` }));
      writeExit(run, { endedAt: endedAt(minutes) });
      utimesSync(run.path, new Date(endedAt(minutes)), new Date(endedAt(minutes)));
    }
    const names = async (minutes: number): Promise<readonly string[]> => (await manager.history({ since: new Date(endedAt(minutes)) })).map(({ name }) => name);
    expect(await names(0)).toEqual(['m30', 'm20', 'm10']);
    expect(await names(15)).toEqual(['m30', 'm20']);
    expect(await names(30)).toEqual(['m30']);
    expect(await names(31)).toEqual([]);
    // A folder that was touched later, by a backup for example, proves nothing.
    const [newest] = await store.runs({ limit: 1 });
    utimesSync(newest?.path ?? '', new Date(endedAt(50)), new Date(endedAt(50)));
    expect(await names(31)).toEqual([]);
  });

  test('goes on beyond its first step where few of many match', async () => {
    const all = await past([7, ...Array.from({ length: 120 }, () => 0)]);
    expect(await codes(all, { exitCode: 7 })).toEqual([7]);
    expect(await codes(all, { exitCode: 'nonzero', limit: 1, before: newRunId() })).toEqual([7]);
  });
});
