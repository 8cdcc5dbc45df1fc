import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { decodeEnvFile, parseEnvFile } from '../src/index.ts';

const parse = (text: string): [string, string | null][] => parseEnvFile(text, { file: 'job.env' }).map(({ name, value }) => [name, value]);

describe('an env file', () => {
  test.each([
    ['A=1\nB=two words', [['A', '1'], ['B', 'two words']]],
    ['\n  # comment\nexport A=1\n\tB=2 # why\n', [['A', '1'], ['B', '2']]],
    ['A=a#b', [['A', 'a#b']]],
    ['A= # nothing', [['A', '']]],
    ['A=\nB=', [['A', ''], ['B', '']]],
    ['KEY\nexport OTHER # from here', [['KEY', null], ['OTHER', null]]],
    [`A='as $it \\n "stands" # here'`, [['A', 'as $it \\n "stands" # here']]],
    ['A="line\\none \\"two\\" \\\\ \\$x \\d" # end', [['A', 'line\none "two" \\ $x \\d']]],
    [`A="one\ntwo"\nB='three\nfour'\nC=5`, [['A', 'one\ntwo'], ['B', 'three\nfour'], ['C', '5']]],
    ['A=$HOME $(touch x) `y`', [['A', '$HOME $(touch x) `y`']]],
    [`A=it's "fine"`, [['A', `it's "fine"`]]],
    ['A=1\r\nB="2"\r\nC\r\n', [['A', '1'], ['B', '2'], ['C', null]]],
    ['\uFEFFA=1', [['A', '1']]],
    ['A=x=y==', [['A', 'x=y==']]],
    ['A=  padded\t ', [['A', 'padded']]],
    ['', []],
  ])('%j', (text, entries) => {
    expect(parse(text)).toEqual(entries);
  });

  test.each([
    ['A=1\n=2', 'line 2 does not begin with a name'],
    ['\n\n1A=2', 'line 3 does not begin with a name'],
    ['A B', 'line 1 has something other than "=" after the name'],
    ['A =1', 'line 1 has something other than "=" after the name'],
    ['A-B=1', 'line 1 has something other than "=" after the name'],
    ['X="1"\nA="never\nclosed', 'line 2 opens a quote that is never closed'],
    [`A='1'2`, 'line 1 has something after the closing quote'],
    ['A=1\nB=\0', 'line 2 holds a NUL'],
  ])('%j is refused with its line', (text, message) => {
    expect(() => parse(text)).toThrow(`"job.env", ${message}`);
  });

  test('is refused without a word of what it says', () => {
    const secret = 'hunter2hunter2';
    for (const text of [`A="${secret}`, `${secret}!`, `A='x'${secret}`, `A ${secret}`]) {
      let said = '';
      try {
        parse(text);
      } catch (error) {
        said = JSON.stringify(error);
      }
      expect(said).toContain('SESSION_CONFIG');
      expect(said).not.toContain(secret);
    }
  });

  test('that is not UTF-8 is refused: the value would arrive changed', () => {
    expect(() => decodeEnvFile(Buffer.from([0x41, 0x3d, 0xff]), { file: 'job.env' })).toThrow('"job.env" is not UTF-8');
    expect(decodeEnvFile(Buffer.from('A=ä'), { file: 'job.env' })).toBe('A=ä');
  });

  const name = fc.stringMatching(/^[A-Za-z_][A-Za-z0-9_]{0,9}$/);
  const value = fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0'));

  test('carries any value without a NUL in double quotes, and any without a single quote in single ones', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(name, value)), (entries) => {
        const doubled = entries.map(([key, text]) => `${key}="${text.replace(/[\\"]/g, '\\$&')}"`).join('\n');
        expect(parse(doubled)).toEqual(entries);
        const plain = entries.map(([key, text]): [string, string] => [key, text.replaceAll("'", '')]);
        expect(parse(plain.map(([key, text]) => `export ${key}='${text}' # x`).join('\r\n'))).toEqual(plain);
      }),
    );
  });

  test('of any text gives entries or its own error, and ends', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('A', '=', '"', "'", '\\', '#', ' ', '\n', '\r', 'export ', '\0') }), (text) => {
        try {
          for (const entry of parseEnvFile(text, { file: 'x' })) expect(entry.name).toMatch(/^[A-Za-z_]\w*$/);
        } catch (error) {
          expect(error).toMatchObject({ code: 'SESSION_CONFIG' });
        }
      }),
    );
  });
});
