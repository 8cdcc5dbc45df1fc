import fc from 'fast-check';
import { expect, test } from 'vitest';

import { asRunId, newRunId, parseRunId, runIdTime } from '../src/index.ts';

test('ids of one process sort in the order they were made, within a millisecond and when the clock is set back', () => {
  const times = [5000, 5000, 5000, 4000, 6000, 6000];
  const start = Date.now() + 3_600_000;
  const ids = times.map((time) => newRunId({ now: () => start + time }));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});

test('a carry of the random part goes into the time, so that the order holds', () => {
  const far = Date.now() + 7_200_000;
  const all = new Uint8Array(10).fill(255);
  const first = newRunId({ now: () => far, random: () => all });
  const second = newRunId({ now: () => far, random: () => all });
  expect(second > first).toBe(true);
  expect(runIdTime(second).getTime()).toBe(far + 1);
});

test('an id tells the millisecond it was made in', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1_000_000 }), fc.uint8Array({ minLength: 10, maxLength: 10 }), (step, random) => {
      const last = runIdTime(newRunId()).getTime();
      const id = newRunId({ now: () => last + step, random: () => random });
      expect(runIdTime(id).getTime()).toBe(last + step);
      expect(asRunId(id)).toBe(id);
    }),
  );
});

test('what is not an id is refused, and a lower-case one is the same run', () => {
  const id = newRunId();
  expect(parseRunId(id.toLowerCase())).toBe(id);
  for (const wrong of ['', 'train', `${id}0`, id.slice(1), `I${id.slice(1)}`, `../${id.slice(3)}`]) {
    expect(asRunId(wrong)).toBeNull();
    expect(() => parseRunId(wrong)).toThrow('is not the id of a run');
  }
});
