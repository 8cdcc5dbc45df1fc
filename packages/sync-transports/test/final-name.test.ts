import { parseFinalName, rawPathFromText, renderFinalName } from '@longhaul/sync-transports';
import type { RawPath } from '@longhaul/sync-transports';
import fc from 'fast-check';
import { expect, it } from 'vitest';

const values = { name: rawPathFromText('résultats'), session: 'train', run: '01JRUN', host: 'lab', date: '2026-11-22' };

it('fills in every placeholder', () => {
  expect(renderFinalName('{session}/{run}/{name}', values)).toBe(rawPathFromText('train/01JRUN/résultats'));
  expect(renderFinalName('{host}-{date}/ö', values)).toBe(rawPathFromText('lab-2026-11-22/ö'));
});

it('keeps the bytes of the name', () => {
  expect(renderFinalName('{name}', { name: '\xff\n' as RawPath })).toBe('\xff\n');
});

it.each([
  ['', values], ['/absolute', values], ['a//b', values], ['a/', values], ['../up', values], ['a/../../b', values], ['./a', values], ['.', values],
  ['.longhaul', values], ['a/.longhaul-incoming', values], ['.LongHaul/x', values], ['{nonsense}', values], ['{}', values], ['x'.repeat(256), values],
  ['{name}', { name: '..' as RawPath }], ['{name}', { name: '' as RawPath }], ['{session}', { name: 'a' as RawPath }], ['{session}', { ...values, session: 'a/b' }], ['{session}', { ...values, session: '../..' }],
])('refuses %j', (template, given) => {
  expect(() => renderFinalName(template, given)).toThrow(expect.objectContaining({ code: 'CONFIG' }) as Error);
});

it('never leaves the destination, whatever the values are', () => {
  const part = fc.string({ unit: fc.constantFrom('.', '/', 'a', '{', '}', '\0', 'é'), maxLength: 6 });
  fc.assert(fc.property(part, part, part, (name, session, text) => {
    let rendered: RawPath;
    try {
      rendered = renderFinalName(`${text}{session}/{name}`, { name: rawPathFromText(name), session });
    } catch (error) {
      expect(error).toMatchObject({ code: 'CONFIG' });
      return;
    }
    expect(rendered.split('/').every((piece) => piece !== '' && piece !== '.' && piece !== '..' && !piece.includes('\0'))).toBe(true);
    expect(parseFinalName(rendered)).toBe(rendered);
  }));
});
