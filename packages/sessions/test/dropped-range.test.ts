import { readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import fc from 'fast-check';
import { expect, test } from 'vitest';

import type { DroppedRange } from '../src/log/dropped-range.ts';
import { formatDropped, parseDropped, readDropped, recordDropped } from '../src/log/dropped-range.ts';
import { temporaryFolder } from './support/temporary-store.ts';

const rangeTo = (to: number): DroppedRange => ({ from: 150, to, timing: { to: 20, bytes: 30, ms: 1500.25 }, entries: null });

test('a range is read as it was written', () => {
  const offset = fc.nat({ max: 2 ** 31 - 1 }).map((value) => value * 1000);
  const timing = fc.record({ to: offset, bytes: offset, ms: fc.nat().map((value) => value / 8) });
  const entries = fc.record({ stdout: offset, stderr: offset });
  const nothing = fc.constant(null);
  const sums = fc.oneof(fc.record({ timing, entries: nothing }), fc.record({ timing: nothing, entries }), fc.record({ timing: nothing, entries: nothing }));
  fc.assert(fc.property(offset, offset, sums, (from, to, more) => {
    expect(parseDropped(formatDropped({ from, to, ...more }))).toEqual({ from, to, ...more });
  }));
});

test('the last record counts, and those before it are tidied away', () => {
  const folder = temporaryFolder();
  expect(readDropped(folder)).toBeNull();
  expect(recordDropped(folder, rangeTo(1000), null)).toBe('recorded');
  const first = readDropped(folder);
  expect(first).toEqual({ number: 1, ...rangeTo(1000) });
  expect(recordDropped(folder, rangeTo(2000), first)).toBe('recorded');
  expect(readDropped(folder)).toEqual({ number: 2, ...rangeTo(2000) });
  expect(readdirSync(folder)).toEqual(['dropped.2']);
});

test('of two at once one has it, and who comes late never brings back a shorter one', () => {
  const folder = temporaryFolder();
  expect(recordDropped(folder, rangeTo(1000), null)).toBe('recorded');
  expect(recordDropped(folder, rangeTo(3000), null)).toBe('taken');
  recordDropped(folder, rangeTo(2000), readDropped(folder));
  // It has seen nothing yet, and the number 1 is free again.
  expect(recordDropped(folder, rangeTo(500), null)).toBe('taken');
  expect(readDropped(folder)?.to).toBe(2000);
  expect(readdirSync(folder)).toEqual(['dropped.2']);
});

test('one of a newer version is no reason to guess', () => {
  const folder = temporaryFolder();
  symlinkSync('2 100 200 tomorrow', join(folder, 'dropped.1'));
  expect(() => readDropped(folder)).toThrow(/newer|cannot be read/);
});

test('a run that retention has dropped has none', () => {
  expect(readDropped(join(temporaryFolder(), 'gone'))).toBeNull();
});
