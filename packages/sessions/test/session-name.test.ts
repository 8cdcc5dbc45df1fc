import fc from 'fast-check';
import { expect, test } from 'vitest';

import { parseSessionName } from '../src/index.ts';

test('a name is 1 to 64 letters, digits, _ and -, and begins with a letter or a digit', () => {
  for (const name of ['a', '0', 'train-2', 'A_b-C', 'x'.repeat(64)]) expect(parseSessionName(name)).toBe(name);
  for (const name of ['', '-a', '_a', 'a b', 'a.b', 'a:b', 'a/b', '../a', 'a\n', 'ä', 'x'.repeat(65), '.removed-1']) {
    expect(() => parseSessionName(name)).toThrow('cannot be a session name');
  }
});

test('no name can leave its folder', () => {
  fc.assert(
    fc.property(fc.string(), (raw) => {
      let name = 'fine';
      try {
        name = parseSessionName(raw);
      } catch {
        // Refused.
      }
      expect(name).toMatch(/^[A-Za-z0-9][\w-]{0,63}$/);
    }),
  );
});
