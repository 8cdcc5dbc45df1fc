import { displayPath, joinRaw, rawBase, rawParent, rawPathBytes, rawPathFromBytes, rawPathFromText } from '@longhaul/sync-transports';
import type { RawPath } from '@longhaul/sync-transports';
import fc from 'fast-check';
import { expect, it } from 'vitest';

it('carries every byte there and back', () => {
  fc.assert(fc.property(fc.uint8Array(), (bytes) => {
    expect(rawPathBytes(rawPathFromBytes(bytes))).toEqual(Buffer.from(bytes));
  }));
});

it('takes text as UTF-8 and shows it so', () => {
  expect(rawPathBytes(rawPathFromText('é😀'))).toEqual(Buffer.from('é😀', 'utf8'));
  expect(displayPath(rawPathFromText('é😀'))).toBe('é😀');
});

it('shows controls, backslashes and bytes that are no UTF-8 as escapes, so that a name is one line', () => {
  expect(displayPath(rawPathFromText('a\nb\\c\u001b'))).toBe('a\\nb\\\\c\\x1b');
  expect(displayPath(rawPathFromBytes(Buffer.from([0x61, 0xff])))).toBe('a\\xff');
});

it('takes paths apart and puts them together', () => {
  const path = 'a/b/c' as RawPath;
  expect([rawParent(path), rawBase(path), rawParent('a' as RawPath), rawBase('a' as RawPath)]).toEqual(['a/b', 'c', '', 'a']);
  expect([joinRaw('' as RawPath, 'a' as RawPath), joinRaw('a' as RawPath, 'b' as RawPath, 'c' as RawPath)]).toEqual(['a', 'a/b/c']);
});
