import type { RawPath, SealEntry } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import { planPush } from '../src/local/push-plan.ts';
import type { EntryDraft } from '../src/sealing/entry-draft.ts';
import { exampleFile, exampleFolder, exampleSeal, exampleSymlink } from './examples.ts';

function plan(sealed: readonly SealEntry[], there: { readonly staged?: readonly EntryDraft[]; readonly inPlace?: readonly EntryDraft[]; readonly repeat?: readonly string[] } = {}): Record<string, unknown> {
  const byPath = (entries: readonly EntryDraft[] = []): Map<RawPath, EntryDraft> => new Map(entries.map((entry) => [entry.path, entry]));
  const made = planPush({ seal: exampleSeal(sealed), staged: byPath(there.staged), inPlace: byPath(there.inPlace), repeat: new Set(there.repeat as RawPath[] | undefined) });
  const paths = (entries: readonly { readonly path: RawPath }[]): readonly string[] => entries.map(({ path }) => path);
  const { removals, folders, copies, links, reuses, symlinks, attributes, complete } = made;
  const all = { removals, folders, copies: paths(copies), links: links.map(({ file, to }) => `${file.path} -> ${to}`), reuses: paths(reuses), symlinks: paths(symlinks), attributes: paths(attributes), complete: paths(complete) };
  return Object.fromEntries(Object.entries(all).filter(([, found]) => found.length > 0));
}

const MTIME = exampleFile('x').mtimeNs;

describe('a push', () => {
  it('makes everything where nothing is, folders dated last and deepest first', () => {
    expect(plan([exampleFolder('a'), exampleFolder('a/b'), exampleFile('a/b/f'), exampleSymlink('l', 't')])).toEqual({ folders: ['a', 'a/b'], copies: ['a/b/f'], symlinks: ['l'], attributes: ['a/b', 'a'] });
  });

  it('does nothing again for what is whole', () => {
    const sealed = [exampleFile('f'), exampleSymlink('l', 't')];
    expect(plan(sealed, { staged: sealed })).toEqual({ complete: ['f'] });
  });

  it.each([
    ['size', { size: 2 }, 'copies'],
    ['time', { mtimeNs: MTIME + 1_000_000n }, 'copies'],
    ['time by less than a microsecond, as utimes leaves it', { mtimeNs: MTIME - 238n }, 'complete'],
    ['time, cut to 10 ms', { mtimeNs: MTIME - (MTIME % 10_000_000n) }, 'complete'],
    ['time, cut to 2 s', { mtimeNs: MTIME - (MTIME % 2_000_000_000n) }, 'complete'],
  ])('looks at size and time: another %s', (_, change, where) => {
    expect(plan([exampleFile('f')], { staged: [exampleFile('f', change)] })).toEqual({ [where]: ['f'] });
  });

  it('sets a mode that differs without sending the content', () => {
    expect(plan([exampleFile('f', { mode: 0o755 })], { staged: [exampleFile('f')] })).toEqual({ complete: ['f'], attributes: ['f'] });
  });

  it('sends what is to be repeated, whatever its size and time say', () => {
    expect(plan([exampleFile('f'), exampleFile('g')], { staged: [exampleFile('f'), exampleFile('g')], repeat: ['f'] })).toEqual({ copies: ['f'], complete: ['g'] });
  });

  it('removes what is of another type', () => {
    expect(plan([exampleFile('a'), exampleFolder('b')], { staged: [exampleFolder('a'), exampleFile('b')] })).toMatchObject({ removals: ['a', 'b'], copies: ['a'], folders: ['b'] });
  });

  it('takes from the result in place what is unchanged there and shared with nothing', () => {
    const inPlace = [exampleFile('same'), exampleFile('shared', { nlink: 2 }), exampleFile('mode', { mode: 0o600 }), exampleFile('size', { size: 9 })];
    expect(plan([exampleFile('mode'), exampleFile('same'), exampleFile('shared'), exampleFile('size')], { inPlace })).toEqual({ copies: ['mode', 'shared', 'size'], reuses: ['same'] });
  });

  it('never takes from the result in place what is to be repeated', () => {
    expect(plan([exampleFile('same')], { inPlace: [exampleFile('same')], repeat: ['same'] })).toEqual({ copies: ['same'] });
  });
});

describe('hard links', () => {
  const pair = [exampleFile('one', { nlink: 2, ino: 7n }), exampleFile('two', { nlink: 2, ino: 7n })];

  it('are sent once and linked', () => {
    expect(plan(pair)).toEqual({ copies: ['one'], links: ['two -> one'] });
  });

  it('are left where they are linked already', () => {
    expect(plan(pair, { staged: [exampleFile('one', { ino: 90n }), exampleFile('two', { ino: 90n })] })).toEqual({ complete: ['one', 'two'] });
  });

  it('are linked again where they came apart', () => {
    expect(plan(pair, { staged: [exampleFile('one', { ino: 90n }), exampleFile('two', { ino: 91n })] })).toEqual({ complete: ['one'], links: ['two -> one'] });
  });

  it('are repeated under all names when one is', () => {
    expect(plan(pair, { staged: [exampleFile('one', { ino: 90n }), exampleFile('two', { ino: 90n })], repeat: ['two'] })).toEqual({ copies: ['one'], links: ['two -> one'] });
  });
});
