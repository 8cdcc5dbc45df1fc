import { compareManifest } from '@longhaul/sync-transports';
import type { RawPath, RemoteEntry } from '@longhaul/sync-transports';
import { expect, it } from 'vitest';
import { exampleFile, exampleFolder, exampleSeal, exampleSymlink } from './examples.ts';

const seal = exampleSeal([exampleFolder('d'), exampleFile('d/f', { size: 3 }), exampleSymlink('l', 'to')]);
const whole: readonly [string, RemoteEntry][] = [['d', { type: 'dir' }], ['d/f', { type: 'file', size: 3, sha256: 'a'.repeat(64) }], ['l', { type: 'symlink', target: 'to' as RawPath }]];

function compared(entries: readonly (readonly [string, RemoteEntry])[]): ReturnType<typeof compareManifest> {
  return compareManifest(seal, { strength: 'sha256', entries: new Map(entries as readonly [RawPath, RemoteEntry][]) });
}

it('finds nothing where exactly the sealed set lies', () => {
  expect(compared(whole)).toEqual({ missing: [], extra: [], mismatched: [], strength: 'sha256' });
});

it('tells missing and extra apart', () => {
  expect(compared([...whole.slice(1), ['more', { type: 'other' }]])).toMatchObject({ missing: ['d'], extra: ['more'], mismatched: [] });
});

it.each<[string, string, RemoteEntry]>([
  ['another content', 'd/f', { type: 'file', size: 3, sha256: 'b'.repeat(64) }],
  ['another size', 'd/f', { type: 'file', size: 4, sha256: 'a'.repeat(64) }],
  ['another size without a hash', 'd/f', { type: 'file', size: 4, sha256: null }],
  ['a folder in place of a file', 'd/f', { type: 'dir' }],
  ['a file in place of a folder', 'd', { type: 'file', size: 0, sha256: 'a'.repeat(64) }],
  ['another target', 'l', { type: 'symlink', target: 'elsewhere' as RawPath }],
  ['something else', 'l', { type: 'other' }],
])('calls %s a mismatch', (_, path, entry) => {
  expect(compared([...whole.filter(([name]) => name !== path), [path, entry]])).toMatchObject({ missing: [], extra: [], mismatched: [path] });
});

it('proves no more than sizes as soon as one hash is not known', () => {
  expect(compared([whole[0]!, ['d/f', { type: 'file', size: 3, sha256: null }], whole[2]!])).toEqual({ missing: [], extra: [], mismatched: [], strength: 'size' });
});
