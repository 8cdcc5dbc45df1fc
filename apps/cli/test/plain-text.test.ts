import { StringDecoder } from 'node:string_decoder';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { EscapeStripper, plainLine } from '../src/output/strip-escapes.ts';

const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/;

/** What jobs print: text, sequences whole and torn, progress bars. */
const piece = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: 'grapheme', maxLength: 6 }) },
  { weight: 3, arbitrary: fc.constantFrom('\n', '\r\n', '\r', '\b', '\t', '10%\r20%', '日本', 'é', '🚀', '\0') },
  { weight: 3, arbitrary: fc.constantFrom('\u001b[31m', '\u001b[0m', '\u001b[K', '\u001b[2K', '\u001b[1;5H', '\u001b[3D', '\u001b[4C', '\u001b[7G', '\u001b]0;title\u0007', '\u001b]8;;http://x\u001b\\', '\u001bP1;2q\u001b\\', '\u001b(B', '\u009b1m') },
  { weight: 1, arbitrary: fc.constantFrom('\u001b', '\u001b[', '\u001b[3', '\u001b]0;never ended', '\u001b]', '\u009d2;x') },
);
const output = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));

function strip(pieces: readonly string[]): string {
  const stripper = new EscapeStripper();
  return pieces.map((text) => stripper.push(text)).join('') + stripper.end();
}

describe('what a job printed for a terminal, as text', () => {
  it.each([
    ['colours', '\u001b[1;31mred\u001b[0m plain', 'red plain'],
    ['a title', '\u001b]0;title\u0007text', 'text'],
    ['a link, ended by ST', '\u001b]8;;http://x\u001b\\link\u001b]8;;\u001b\\', 'link'],
    ['a title that never ends', '\u001b]0;half', ''],
    ['character sets and keypad modes', '\u001b(B\u001b=\u001b>x', 'x'],
    ['eight-bit sequences', 'a\u009b31mb\u009d0;t\u009cc', 'abc'],
    ['a progress bar', '10%\r20%\r100%', '100%'],
    ['a shorter state over a longer one', 'downloading\rdone', 'doneloading'],
    ['a bar that erases itself', 'downloading 10%\r\u001b[Kdone', 'done'],
    ['a bar that erases the whole line', '\u001b[2K\r50%\u001b[2K\r100%', '100%'],
    ['a spinner', '|\b/\b-\b\\', '\\'],
    ['a jump to a column', 'name\u001b[10G42', 'name     42'],
    ['a correction', 'helo\u001b[2D\u001b[Pll', 'hell'],
    ['tabs', 'a\tb', 'a\tb'],
    ['ends of lines of a terminal', 'text\r\r', 'text'],
    ['NUL and BEL', 'a\0b\u0007c', 'abc'],
    ['a column beyond every terminal', '\u001b[999999999Gx', `${' '.repeat(9999)}x`],
  ])('%s', (_what, raw, text) => {
    expect(plainLine(raw)).toBe(text);
  });

  it('has no controls but ends of lines and tabs, whatever the job printed', () => {
    fc.assert(fc.property(output, (raw) => {
      expect(strip([raw])).not.toMatch(CONTROL);
    }));
  });

  it('has as many lines as were printed: a torn sequence takes none along', () => {
    fc.assert(fc.property(output, (raw) => {
      expect(strip([raw]).split('\n')).toHaveLength(raw.split('\n').length);
    }));
  });

  it('is what was printed, where that was plain text', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }).filter((text) => !CONTROL.test(text)), (text) => {
      expect(strip([text])).toBe(text);
    }));
  });

  it('is the same whatever way the stream is cut, in the middle of characters and sequences too', () => {
    fc.assert(fc.property(output, fc.array(fc.nat(), { maxLength: 8 }), (raw, cuts) => {
      const bytes = Buffer.from(raw);
      const points = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length];
      const decoder = new StringDecoder('utf8');
      const pieces = points.slice(1).map((end, index) => decoder.write(bytes.subarray(points[index], end)));
      expect(strip([...pieces, decoder.end()])).toBe(strip([bytes.toString()]));
    }));
  });

  it('comes line by line, and a line without an end does not fill the memory', () => {
    const stripper = new EscapeStripper();
    expect(stripper.push('one\r\ntw')).toBe('one\n');
    expect(stripper.push('o\n')).toBe('two\n');
    expect(stripper.push('x'.repeat(300_000))).toBe('x'.repeat(300_000));
    expect(stripper.push('y\n')).toBe('y\n');
  });
});
