import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { LineSplitter } from '../src/index.ts';

/** Cuts bytes at the given positions. */
function cutAt(bytes: Buffer, positions: readonly number[]): Buffer[] {
  const cuts = [0, ...positions.map((position) => position % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
  return cuts.slice(1).map((end, index) => bytes.subarray(cuts[index], end));
}

function split(splitter: LineSplitter, chunks: readonly Uint8Array[]): string[] {
  return [...chunks.flatMap((chunk) => splitter.push(chunk)), ...splitter.end()];
}

const text = fc.array(fc.oneof(fc.constantFrom('\n', '\r', '\r\n', 'é', '日本', '🚚', ''), fc.string({ unit: 'grapheme', maxLength: 6 }))).map((parts) => parts.join(''));

describe('LineSplitter', () => {
  it('gives the same lines however the bytes are cut', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat()), (whole, positions) => {
        const expected = whole.replace(/\n$/, '').split('\n').map((line) => line.replace(/\r$/, ''));
        expect(split(new LineSplitter(), cutAt(Buffer.from(whole), positions))).toEqual(whole === '' ? [] : expected);
      }),
    );
  });

  it('takes \\n, \\r\\n and a lone \\r for one end each where progress is read, however the bytes are cut', () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat()), (whole, positions) => {
        const lines = whole.split(/\r\n|\r|\n/);
        const expected = lines.at(-1) === '' ? lines.slice(0, -1) : lines;
        expect(split(new LineSplitter({ lineEnd: 'newline-or-return' }), cutAt(Buffer.from(whole), positions))).toEqual(expected);
      }),
    );
  });

  it('delivers a line that is too long in pieces that hold whole characters, and loses nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }).filter((line) => !/[\r\n]/.test(line)), fc.array(fc.nat()), (line, positions) => {
        const pieces = split(new LineSplitter({ maxLineBytes: 8 }), cutAt(Buffer.from(`${line}\n`), positions));
        expect(pieces.join('')).toBe(line);
        expect(Math.max(...pieces.map((piece) => Buffer.byteLength(piece)))).toBeLessThanOrEqual(8);
      }),
    );
  });

  it('does not stall on bytes that are no characters', () => {
    const pieces = split(new LineSplitter({ maxLineBytes: 4 }), [Buffer.alloc(10, 0x80)]);
    expect(pieces.join('')).toBe('\u{fffd}'.repeat(10));
  });
});
