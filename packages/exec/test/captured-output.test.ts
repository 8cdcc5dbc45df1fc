import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { BoundedBytes } from '../src/bounded-bytes.ts';
import { capturedOutput } from '../src/captured-output.ts';

describe('BoundedBytes', () => {
  it('keeps exactly the first or last bytes, and counts the rest', () => {
    const input = fc.array(fc.uint8Array({ maxLength: 20 }));
    fc.assert(
      fc.property(input, fc.nat({ max: 40 }), fc.constantFrom('head' as const, 'tail' as const), (chunks, maxBytes, keep) => {
        const kept = new BoundedBytes({ maxBytes, keep });
        for (const chunk of chunks) kept.add(chunk);
        const all = Buffer.concat(chunks);
        const start = keep === 'head' ? 0 : Math.max(0, all.length - maxBytes);
        expect(Buffer.from(kept.bytes())).toEqual(all.subarray(start, start + maxBytes));
        expect(kept.droppedBytes).toBe(Math.max(0, all.length - maxBytes));
      }),
    );
  });
});

describe('the text of a captured output', () => {
  it('leaves out a character that the bound has cut, and nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 20 }), fc.nat({ max: 30 }), fc.constantFrom('head' as const, 'tail' as const), (whole, maxBytes, keep) => {
        const bytes = Buffer.from(whole);
        const kept = keep === 'head' ? bytes.subarray(0, maxBytes) : bytes.subarray(Math.max(0, bytes.length - maxBytes));
        const { text } = capturedOutput({ bytes: kept, droppedBytes: bytes.length - kept.length, keep, complete: true });
        expect(keep === 'head' ? whole.startsWith(text) : whole.endsWith(text)).toBe(true);
        expect(kept.length - Buffer.byteLength(text)).toBeLessThan(4);
      }),
    );
  });

  it('shows bytes that are no UTF-8 as such', () => {
    const { text } = capturedOutput({ bytes: Buffer.from([0x61, 0xff, 0x62]), droppedBytes: 0, keep: 'tail', complete: true });
    expect(text).toBe('a\u{fffd}b');
  });
});
