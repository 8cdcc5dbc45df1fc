import fc from 'fast-check';
import { expect, test } from 'vitest';

import { contentStart, FOOTER_WINDOW, footerLength, heldBack } from '../src/log/log-frame.ts';
import { FOOTER, HEADER } from './support/logs.ts';

const tailOf = (log: Buffer): Buffer => log.subarray(Math.max(0, log.length - FOOTER_WINDOW));
/** Output that likes to look like script's own lines. */
const output = fc.array(fc.constantFrom('\n', '\r\n', 'Script done on', '\nScript', ' ', 'x', '\nScript done on Monday\n', 'Script started on', '\u001b[0m', 'ä'), { maxLength: 12 }).map((parts) => parts.join(''));

test('the first line of script is no part of the log, and output that looks like it is', () => {
  expect(contentStart(Buffer.from(HEADER))).toBe(HEADER.length);
  expect(contentStart(Buffer.from(`${HEADER}Script started on my own\n`))).toBe(HEADER.length);
  expect(contentStart(Buffer.from('hello\n'))).toBe(0);
});

test('a first line that is still being written is waited for', () => {
  for (let length = 0; length < HEADER.length; length += 1) expect(contentStart(Buffer.from(HEADER.slice(0, length)))).toBeNull();
});

test('the last line of script is no part of the log, whatever the output before it looks like', () => {
  fc.assert(
    fc.property(output, (text) => {
      const log = Buffer.from(text + FOOTER);
      expect(footerLength(tailOf(log))).toBe(FOOTER.length);
    }),
  );
});

test('a reader of a growing log sees all output but a possible beginning of the last line, and nothing of that line', () => {
  fc.assert(
    fc.property(output, fc.nat({ max: FOOTER.length }), fc.constantFrom(0, 4096 - 1, 4096), (text, cut, shift) => {
      // The last line is written at once: it is seen whole, not at all, or cut at the edge of a page.
      const content = Buffer.from('y'.repeat(shift) + text);
      const log = Buffer.concat([content, Buffer.from(FOOTER)]);
      const edge = content.length + cut;
      const size = edge % 4096 === 0 ? edge : cut === 0 ? content.length : log.length;
      const shown = size - heldBack(tailOf(log.subarray(0, size)), size);
      expect(shown).toBeLessThanOrEqual(content.length);
      if (!text.includes('\nScript')) expect(content.length - Math.min(shown, content.length)).toBeLessThanOrEqual(1);
    }),
  );
});

test('the end of an ordinary line is shown at once', () => {
  expect(heldBack(Buffer.from('epoch 1\r\n'), 9)).toBe(0);
  expect(heldBack(Buffer.from('Script done on\n'), 15)).toBe(0);
  expect(heldBack(Buffer.from('a\nSc'), 4)).toBe(3);
  expect(heldBack(Buffer.from('a\nScript done on Monday\nand on\n'), 31)).toBe(0);
});
