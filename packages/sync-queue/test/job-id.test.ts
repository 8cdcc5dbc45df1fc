import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { newJobId } from '../src/job-id.ts';

describe('the id of a job', () => {
  it('sorts by time and is fit for a folder’s name', () => {
    const time = fc.integer({ min: 0, max: 2 ** 48 - 1 });
    fc.assert(
      fc.property(time, time, (a, b) => {
        const [first, second] = [newJobId(a), newJobId(b)];
        expect(first).toMatch(/^[0-9A-HJKMNP-TV-Z]{26}$/);
        if (a !== b) expect(first < second).toBe(a < b);
      }),
    );
  });

  it('is another one each time', () => {
    expect(new Set(Array.from({ length: 10_000 }, () => newJobId(1))).size).toBe(10_000);
  });
});
