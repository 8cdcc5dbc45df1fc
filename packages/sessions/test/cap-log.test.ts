import { closeSync, fstatSync, openSync, readFileSync, statSync, utimesSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { RunDirectory, RunLogNotice } from '../src/index.ts';
import { readRunLog } from '../src/index.ts';
import { capLog } from '../src/log/cap-log.ts';
import { readDropped } from '../src/log/dropped-range.ts';
import type { Hole, HolePuncher } from '../src/log/punch-hole.ts';
import { append, collect, FOOTER, HEADER, logOf, mortalWorld, next, play, playSince, readAll } from './support/logs.ts';
import { prepared, temporaryStore, writeExit } from './support/temporary-store.ts';

/** Zeros instead of a hole: the same for every reader, on every file system. */
const zero: HolePuncher = async ({ path, from, to }: Hole) => {
  const file = openSync(path, 'r+');
  try {
    const size = fstatSync(file).size;
    if (from < size) writeSync(file, Buffer.alloc(Math.min(to, size) - from), 0, Math.min(to, size) - from, from);
  } finally {
    closeSync(file);
  }
  return Promise.resolve({ kind: 'punched' });
};

const line = (number: number): string => `line ${String(number).padStart(6, '0')}\n`;
const lines = (from: number, to: number): string => Array.from({ length: to - from }, (_, index) => line(from + index)).join('');

/** A run that lives and has printed these. */
async function living(output: string): Promise<RunDirectory> {
  const run = await prepared(temporaryStore());
  writeFileSync(logOf(run), HEADER + output);
  play(run);
  return run;
}

async function readWithNotices(run: RunDirectory, options: Parameters<typeof readRunLog>[1] = {}): Promise<{ readonly text: string; readonly notices: readonly RunLogNotice[] }> {
  const notices: RunLogNotice[] = [];
  const chunks = await collect(readRunLog(run, options, { world: mortalWorld().world, onNotice: (notice) => notices.push(notice) }));
  return { text: Buffer.concat(chunks.map(({ bytes }) => bytes)).toString(), notices };
}

test('a log within its limit is left alone', async () => {
  const run = await living(lines(0, 100));
  expect(await capLog(run, { maxBytes: 1_000_000, punch: zero })).toEqual({ kind: 'within' });
  expect(readDropped(run.path)).toBeNull();
});

test('the head of a larger one goes, and readers are told which range; what stays begins with a whole line', async () => {
  const run = await living(lines(0, 50_000));
  const size = statSync(logOf(run)).size;
  const outcome = await capLog(run, { maxBytes: 200_000, punch: zero });
  expect(outcome).toMatchObject({ kind: 'capped', from: HEADER.length });
  expect(statSync(logOf(run)).size).toBe(size);
  const { text, notices } = await readWithNotices(run);
  const first = Number(text.slice(5, 11));
  expect(text).toBe(lines(first, 50_000));
  expect(text.length).toBeGreaterThan(140_000);
  expect(text.length).toBeLessThanOrEqual(150_000);
  expect(notices).toEqual([{ kind: 'dropped', from: HEADER.length, to: size - text.length }]);
});

test('the last lines are the same as before, and who asks for more than is left is told', async () => {
  const run = await living(lines(0, 50_000));
  await capLog(run, { maxBytes: 200_000, punch: zero });
  expect(await readWithNotices(run, { lines: 10 })).toEqual({ text: lines(49_990, 50_000), notices: [] });
  const kept = (await readWithNotices(run)).text.length / line(0).length;
  expect((await readWithNotices(run, { lines: kept })).notices).toEqual([]);
  expect(await readWithNotices(run, { lines: kept + 1 })).toMatchObject({ text: lines(50_000 - kept, 50_000), notices: [{ kind: 'dropped' }] });
});

test('an offset of before is good after: only what this reader missed is told', async () => {
  const run = await living(lines(0, 1000));
  const before = (await collect(readRunLog(run, {}, mortalWorld()))).at(-1)!.endOffset;
  append(run, lines(1000, 50_000));
  await capLog(run, { maxBytes: 200_000, punch: zero });
  const { text, notices } = await readWithNotices(run, { after: before });
  expect(notices).toEqual([{ kind: 'dropped', from: before, to: before + (50_000 - 1000) * line(0).length - text.length }]);
  const late = statSync(logOf(run)).size - line(0).length;
  expect(await readWithNotices(run, { after: late })).toEqual({ text: line(49_999), notices: [] });
});

test('a follower that is overtaken by the cap says so once, and shows no zeros', async () => {
  const run = await living(lines(0, 10_000));
  const notices: RunLogNotice[] = [];
  const chunks = readRunLog(run, { follow: true }, { world: mortalWorld().world, onNotice: (notice) => notices.push(notice) });
  // It has read one block; the rest goes meanwhile.
  const first = await next(chunks);
  append(run, lines(10_000, 50_000));
  await capLog(run, { maxBytes: 200_000, punch: zero });
  append(run, FOOTER);
  writeExit(run);
  const rest = Buffer.concat((await collect(chunks)).map(({ bytes }) => bytes)).toString();
  expect(notices).toEqual([{ kind: 'dropped', from: HEADER.length + first.length, to: HEADER.length + 50_000 * line(0).length - rest.length }]);
  expect(lines(0, 50_000).startsWith(first)).toBe(true);
  expect(lines(0, 50_000).endsWith(rest)).toBe(true);
});

test('NULs that the job prints are output', async () => {
  const run = await living(`\0\0\0${lines(0, 50_000)}`);
  await capLog(run, { maxBytes: 200_000, punch: zero });
  append(run, `\0\0\0\n${FOOTER}`);
  writeExit(run);
  const text = (await readAll(run)).toString();
  expect(text.endsWith(`${line(49_999)}\0\0\0\n`)).toBe(true);
  expect(text.indexOf('\0')).toBe(text.length - 4);
});

test('capped again and again it stays within its limit, and nothing that is kept is lost', async () => {
  const run = await living('');
  const kept: number[] = [];
  for (let at = 0; at < 60_000; at += 5000) {
    append(run, lines(at, at + 5000));
    await capLog(run, { maxBytes: 200_000, punch: zero });
    const { text } = await readWithNotices(run);
    expect(lines(0, at + 5000).endsWith(text)).toBe(true);
    kept.push(text.length);
  }
  expect(Math.max(...kept)).toBeLessThanOrEqual(200_000);
  expect(Math.min(...kept.slice(5))).toBeGreaterThan(140_000);
});

test('times go with the output they belong to, and `since` is right behind them', async () => {
  const run = await prepared(temporaryStore());
  const count = 20_000;
  const startedAt = new Date(Date.now() - count * 1000);
  writeFileSync(logOf(run), HEADER + lines(0, count));
  writeFileSync(join(run.path, 'timing'), Array.from({ length: count }, () => `1.000000 ${String(line(0).length)}\n`).join(''));
  const end = new Date(startedAt.getTime() + count * 1000);
  utimesSync(join(run.path, 'timing'), end, end);
  playSince(run, startedAt);
  const at = (second: number): Date => new Date(startedAt.getTime() + second * 1000 + 500);
  const before = await readWithNotices(run, { since: at(19_000) });
  await capLog(run, { maxBytes: 200_000, punch: keepingTime(zero) });
  expect(await readWithNotices(run, { since: at(19_000) })).toEqual(before);
  expect(before).toEqual({ text: lines(19_000, count), notices: [] });
  expect((await readWithNotices(run, { since: at(5) })).notices).toMatchObject([{ kind: 'dropped' }]);
  // Its part of the limit, too.
  expect(readFileSync(join(run.path, 'timing')).filter((byte) => byte !== 0).length).toBeLessThan(120_000);
});

test('where the file system cannot, the log stays whole, and that is said once', async () => {
  const run = await living(lines(0, 50_000));
  const punch: HolePuncher = async () => Promise.resolve({ kind: 'impossible', reason: 'fallocate: Operation not supported' });
  expect(await capLog(run, { maxBytes: 200_000, punch })).toMatchObject({ kind: 'impossible', told: 'now', reason: 'fallocate: Operation not supported' });
  expect(await capLog(run, { maxBytes: 200_000, punch })).toMatchObject({ kind: 'impossible', told: 'before' });
  expect(await readWithNotices(run)).toEqual({ text: lines(0, 50_000), notices: [] });
});

test('a crash between the record and the hole is made good by the next look', async () => {
  const run = await living(lines(0, 50_000));
  const crash: HolePuncher = async ({ from }) => (from < 2 ** 40 ? Promise.reject(new Error('killed')) : Promise.resolve({ kind: 'punched' }));
  await expect(capLog(run, { maxBytes: 200_000, punch: crash })).rejects.toThrow('killed');
  const recorded = readDropped(run.path);
  expect(recorded).not.toBeNull();
  expect(await capLog(run, { maxBytes: 200_000, punch: zero })).toMatchObject({ kind: 'capped', to: recorded?.to });
  expect(readFileSync(logOf(run)).subarray(HEADER.length, recorded?.to).every((byte) => byte === 0)).toBe(true);
});

/** As the real one does. */
function keepingTime(punch: HolePuncher): HolePuncher {
  return async (hole) => {
    const { atime, mtime } = statSync(hole.path);
    const outcome = await punch(hole);
    utimesSync(hole.path, atime, mtime);
    return outcome;
  };
}
