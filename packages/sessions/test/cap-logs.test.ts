import { existsSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { parseSessionName } from '../src/index.ts';
import { capLogs } from '../src/log/cap-logs.ts';
import type { HolePuncher } from '../src/log/punch-hole.ts';
import { HEADER, logOf, play } from './support/logs.ts';
import { prepared, specOf, temporaryStore, writeExit } from './support/temporary-store.ts';

const punch: HolePuncher = async () => Promise.resolve({ kind: 'punched' });
const large = `${HEADER}${'x'.repeat(99)}\n`.repeat(10_000);

test('only the logs of sessions with a limit are looked at', async () => {
  const store = temporaryStore();
  expect(await capLogs(store, punch)).toEqual([]);
  const free = await prepared(store, specOf({ name: 'free' }));
  writeFileSync(logOf(free), large);
  play(free);
  expect(existsSync(join(store.stateDir, 'limited'))).toBe(false);
  const small = await prepared(store, specOf({ name: 'small', log: { maxBytes: 10_000_000 } }));
  writeFileSync(logOf(small), large);
  const limited = await prepared(store, specOf({ name: 'limited', log: { maxBytes: 100_000 } }));
  writeFileSync(logOf(limited), large);
  expect(await capLogs(store, punch)).toMatchObject([
    { session: 'limited', runId: limited.runId, outcome: { kind: 'capped' } },
    { session: 'small', runId: small.runId, outcome: { kind: 'within' } },
  ]);
});

test('the run that the session is now is the one that counts, and a session that is gone is forgotten', async () => {
  const store = temporaryStore();
  const spec = specOf({ log: { maxBytes: 100_000 } });
  const first = await prepared(store, spec);
  writeExit(first);
  const second = await prepared(store, spec);
  writeFileSync(logOf(second), large);
  expect(await capLogs(store, punch)).toMatchObject([{ runId: second.runId, outcome: { kind: 'capped' } }]);
  writeExit(second);
  store.forget(await store.claimRemoval(parseSessionName('train')));
  expect(await capLogs(store, punch)).toEqual([]);
  const markers = join(store.stateDir, 'limited');
  // One that was made a moment ago may be of a start that is under way.
  expect(readdirSync(markers)).toEqual(['train']);
  utimesSync(join(markers, 'train'), new Date(0), new Date(0));
  await capLogs(store, punch);
  expect(readdirSync(markers)).toEqual([]);
});
