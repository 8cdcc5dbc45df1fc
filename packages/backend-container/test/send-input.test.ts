import { isLonghaulError } from '@longhaul/errors';
import { describe, expect, it } from 'vitest';

import { keyBytes } from '../src/send-input.ts';

describe('keys', () => {
  it.each([['C-c', '\u0003'], ['^C', '\u0003'], ['Enter', '\r'], ['Up', '\u001b[A'], ['M-x', '\u001bx'], ['M-Enter', '\u001b\r'], ['a', 'a'], ['ü', 'ü'], ['C-[', '\u001b'], ['Space', ' ']])('%s is what a terminal sends for it', (key, text) => {
    expect(keyBytes(key).toString()).toBe(text);
  });

  it('that do not exist are refused by name', () => {
    const failure = ((): unknown => { try { return keyBytes('NoSuchKey'); } catch (error) { return error; } })();
    expect(isLonghaulError(failure, 'SESSION_CONFIG')).toBe(true);
    expect(String(failure)).toContain('NoSuchKey');
  });
});
