import { utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { TimedLog } from '../src/log/log-timing.ts';
import { outputBefore, parseTimingLine, timingOf } from '../src/log/log-timing.ts';
import { temporaryFolder } from './support/temporary-store.ts';

const startedAt = new Date('2026-11-22T10:00:00.000Z');
/** Bytes only: nothing was dropped. */
const bytesBefore = async (log: TimedLog, since: Date): Promise<number | null> => (await outputBefore(log, since))?.bytes ?? null;
const second = (n: number): Date => new Date(startedAt.getTime() + n * 1000);

function timing(lines: readonly string[], lastWrite: Date): string {
  const path = join(temporaryFolder(), 'timing');
  writeFileSync(path, lines.map((line) => `${line}\n`).join(''));
  utimesSync(path, lastWrite, lastWrite);
  return path;
}

describe('a line of the timing file', () => {
  test.each([
    ['0.193681 3', { seconds: 0.193681, bytes: 3 }],
    ['O 12.5 4096', { seconds: 12.5, bytes: 4096 }],
    ['H 0.000000 START_TIME 2026-11-22 00:57:55+00:00', { seconds: 0, bytes: 0 }],
    ['I 0.5 12', { seconds: 0.5, bytes: 0 }],
    ['S 0.25 SIGWINCH ROWS=24 COLS=80', { seconds: 0.25, bytes: 0 }],
    ['0.19', null],
    ['', null],
    ['x y z', null],
  ])('%j', (line, entry) => {
    expect(parseTimingLine(line)).toEqual(entry);
  });
});

test('bytes are counted up to the first piece at or after the moment', async () => {
  const path = timing(['1.0 10', '1.0 20', '5.0 30'], second(7));
  const before = async (since: Date): Promise<number | null> => bytesBefore({ path, startedAt }, since);
  expect(await before(second(-5))).toBe(0);
  expect(await before(second(1))).toBe(0);
  expect(await before(second(1.5))).toBe(10);
  expect(await before(second(2))).toBe(10);
  expect(await before(second(3))).toBe(30);
  expect(await before(second(9))).toBe(60);
});

test("script's clock stands still while the machine sleeps: what came after is dated from the end", async () => {
  // An hour of sleep between the second and the third piece.
  const path = timing(['1.0 10', '1.0 20', '5.0 30'], second(3607));
  expect(await bytesBefore({ path, startedAt }, second(3605))).toBe(30);
  expect(await bytesBefore({ path, startedAt }, second(3608))).toBe(60);
});

test('a copy that has lost its time hides nothing that was printed after the start', async () => {
  const path = timing(['1.0 10', '20.0 20'], new Date(0));
  expect(await bytesBefore({ path, startedAt }, second(0.5))).toBe(10);
  expect(await bytesBefore({ path, startedAt }, second(-0.5))).toBe(0);
});

test('the advanced form says the same', async () => {
  const path = timing(['H 0.000000 START_TIME 2026-11-22', 'O 1.0 10', 'I 1.0 5', 'O 1.0 20', 'H 0.0 EXIT_CODE 3'], second(3));
  expect(await bytesBefore({ path, startedAt }, second(2.5))).toBe(10);
});

test('a last line that was cut off does not count', async () => {
  const path = timing(['1.0 10', '1.0'], second(1));
  expect(await bytesBefore({ path, startedAt }, second(9))).toBe(10);
});

test('no timing file is said, and not taken for a beginning', async () => {
  expect(await bytesBefore({ path: join(temporaryFolder(), 'timing'), startedAt }, second(1))).toBeNull();
});

test('times go on behind a head that was dropped', async () => {
  const lines = ['1.0 10', '1.0 20', '5.0 30', '1.0 40'];
  const path = timing(lines, second(8));
  const dropped = await timingOf(path, 35, null);
  expect(dropped).toEqual({ to: '1.0 10\n1.0 20\n'.length, bytes: 30, ms: 2000 });
  const whole = { path, startedAt };
  // What is dropped reads as zeros.
  writeFileSync(path, lines.map((line, index) => (index < 2 ? '\0'.repeat(line.length + 1) : `${line}\n`)).join(''));
  utimesSync(path, second(8), second(8));
  expect(await outputBefore({ ...whole, dropped }, second(1))).toEqual({ bytes: 30, isDropped: true });
  expect(await outputBefore({ ...whole, dropped }, second(-9))).toEqual({ bytes: 0, isDropped: true });
  expect(await outputBefore({ ...whole, dropped }, second(6))).toEqual({ bytes: 30, isDropped: false });
  expect(await outputBefore({ ...whole, dropped }, second(7.5))).toEqual({ bytes: 60, isDropped: false });
  expect(await timingOf(path, 60, dropped)).toEqual({ to: '1.0 10\n1.0 20\n5.0 30\n'.length, bytes: 60, ms: 7000 });
  expect(await timingOf(path, 59, dropped)).toEqual(dropped);
});
