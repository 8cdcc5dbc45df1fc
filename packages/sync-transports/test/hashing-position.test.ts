import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { HashsumProgress, RawPath } from '../src/index.ts';
import { HashsumTally } from '../src/manifest/hashsum-tally.ts';
import { positionReader } from '../src/rsync-ssh/position-reader.ts';

describe('positions between the lines of hashes', () => {
  it('are found wherever they stand, and the lines are as they were, however the output is cut', () => {
    const line = `${'0123456789abcdef'.repeat(4)}  ./a\n`;
    const numbers = fc.array(fc.nat({ max: 1e12 }), { maxLength: 5 });
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat({ max: line.length * 3 }), numbers), { maxLength: 4 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (inserts, cuts) => {
      let output = line.repeat(3);
      const expected: number[] = [];
      // From the back, so that what is put in first is not moved.
      for (const [at, positions] of inserts.toSorted(([left], [right]) => right - left)) {
        output = output.slice(0, at) + positions.map((position) => `\0${String(position)}\0`).join('') + output.slice(at);
        expected.unshift(...positions);
      }
      let rest = '';
      const told: number[] = [];
      const read = positionReader((bytes) => told.push(bytes), (chunk) => { rest += Buffer.from(chunk).toString('latin1'); });
      for (let at = 0, turn = 0; at < output.length; turn += 1) {
        const length = cuts[turn % cuts.length] ?? 1;
        read(Buffer.from(output.slice(at, at + length), 'latin1'));
        at += length;
      }
      expect(rest).toBe(line.repeat(3));
      expect(told).toEqual(expected);
    }));
  });

  it('count as bytes of the file in hand, no more than it has, and never run backwards', () => {
    const told: HashsumProgress[] = [];
    const [a, b] = ['a' as RawPath, 'b' as RawPath];
    const size = 1 << 30;
    const tally = new HashsumTally([{ path: a, size }, { path: b, size }], (progress) => told.push(progress));
    const channel = {};
    tally.reading(channel, { path: a, bytes: size / 2 });
    // The line of the first is still on its way.
    tally.reading(channel, { path: a, bytes: 5 });
    tally.reading(channel, { path: a, bytes: size * 3 });
    tally.done(a, channel);
    tally.reading(channel, { path: b, bytes: size / 4 });
    tally.reading(channel, { path: undefined, bytes: 7 });
    tally.done(b, channel);
    expect(told.map(({ bytesDone, filesDone }) => [bytesDone / size, filesDone])).toEqual([[0.5, 0], [1, 0], [1.25, 1], [2, 2]]);
  });
});
