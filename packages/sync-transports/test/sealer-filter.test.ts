import { rmSync, writeFileSync } from 'node:fs';
import { createSealer, displayPath, parseReceipt, printReceipt, SealArchive, sourceFilter } from '@longhaul/sync-transports';
import type { Seal, Sealer, SourceFilter } from '@longhaul/sync-transports';
import { tempDir, writeTree } from '@longhaul/testbed';
import type { TempDir, TreeEntry } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { exampleReceipt } from './examples.ts';

// Files and threads on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const TREE: readonly TreeEntry[] = [
  { path: 'a/result.csv', file: '1' }, { path: 'a/scratch.tmp', file: '22' }, { path: 'cache/deep/x', file: '333' }, { path: 'empty', dir: true }, { path: 'a-b', file: '4' }, { path: 'link.tmp', symlink: 'a' }, { path: 'top.csv', file: '5' },
];

interface Bench {
  readonly dir: TempDir;
  readonly sealer: Sealer;
  readonly seal: (filter?: Partial<SourceFilter>) => Promise<Seal>;
}

async function bench(entries: readonly TreeEntry[] = TREE): Promise<Bench> {
  const dir = await tempDir();
  const sealer = createSealer({ stateDir: dir.join('state'), now: () => Date.now() + 60_000 });
  onTestFinished(async () => {
    await sealer[Symbol.asyncDispose]();
    await dir[Symbol.asyncDispose]();
  });
  writeTree(dir.join('source'), entries);
  const seal = async (asked: Partial<SourceFilter> = {}): Promise<Seal> => {
    const filter = sourceFilter(asked);
    return sealer.seal({ source: { ...(await sealer.resolve(dir.join('source'))), ...(filter === undefined ? {} : { filter }) }, hashing: 'cached' });
  };
  return { dir, sealer, seal };
}

const paths = (seal: Seal): readonly string[] => seal.entries.map(({ path }) => displayPath(path));

describe('a seal with a filter', () => {
  it('holds what is not excluded, and says what was left out and by which rules', async () => {
    const { seal, sealer } = await bench();
    const taken = await seal({ exclude: ['*.tmp', 'cache/'] });
    expect(paths(taken)).toEqual(['a', 'a-b', 'a/result.csv', 'empty', 'top.csv']);
    expect(taken.leftOut).toEqual({ include: [], exclude: ['*.tmp', 'cache/'], ignoreFiles: [], files: 2, folders: 1 });
    expect(taken.totals).toEqual({ files: 3, directories: 2, symlinks: 0, bytes: 3 });
    expect(await sealer.check(taken)).toEqual({ kind: 'unchanged' });
  });

  it('holds only what is included, with the folders on the way, in the order of every seal', async () => {
    const { seal } = await bench([...TREE, { path: 'a/z/deep.csv', file: '6' }, { path: 'b/no', file: '7' }]);
    const taken = await seal({ include: ['*.csv'] });
    expect(paths(taken)).toEqual(['a', 'a/result.csv', 'a/z', 'a/z/deep.csv', 'top.csv']);
    expect(taken.leftOut).toMatchObject({ include: ['*.csv'], files: 5, folders: 4 });
    expect(paths(await seal({ include: ['/a', 'a-b'], exclude: ['*.tmp'] }))).toEqual(['a', 'a-b', 'a/result.csv', 'a/z', 'a/z/deep.csv']);
  });

  it('obeys the ignore files in the source, sends them too, and notices when they change', async () => {
    const { dir, sealer, seal } = await bench([...TREE, { path: '.longhaulignore', file: '# scratch\n*.tmp\n' }, { path: 'cache/.longhaulignore', file: 'deep\n' }]);
    const taken = await seal();
    expect(paths(taken)).toEqual(['.longhaulignore', 'a', 'a-b', 'a/result.csv', 'cache', 'cache/.longhaulignore', 'empty', 'top.csv']);
    expect(taken.leftOut).toEqual({ include: [], exclude: [], ignoreFiles: ['.longhaulignore', 'cache/.longhaulignore'], files: 2, folders: 1 });
    writeFileSync(dir.join('source/.longhaulignore'), '');
    expect(await sealer.check(taken)).toMatchObject({ kind: 'changed', paths: ['.longhaulignore', 'a/scratch.tmp', 'link.tmp'] });
    expect(paths(await seal())).toContain('link.tmp');
  });

  it('is not disturbed by what comes, changes and goes among what is left out', async () => {
    const { dir, sealer, seal } = await bench();
    const taken = await seal({ exclude: ['*.tmp'] });
    writeFileSync(dir.join('source/a/more.tmp'), 'x');
    rmSync(dir.join('source/link.tmp'));
    expect(await sealer.check(taken)).toEqual({ kind: 'unchanged' });
    writeFileSync(dir.join('source/a/more.csv'), 'x');
    expect(await sealer.check(taken)).toEqual({ kind: 'changed', paths: ['a/more.csv'] });
  });

  it('is the whole where there are no rules, and an ignore file that is no regular file is none', async () => {
    const { seal } = await bench([{ path: 'x', file: 'x' }, { path: '.longhaulignore', symlink: 'x' }]);
    const taken = await seal();
    expect(paths(taken)).toEqual(['.longhaulignore', 'x']);
    expect(taken).not.toHaveProperty('leftOut');
  });

  it('comes back from the archive with its filter, and stands in the receipt', async () => {
    const { dir, seal } = await bench();
    const archive = new SealArchive({ directory: dir.join('seals') });
    const taken = await seal({ include: ['*.csv'], exclude: ['a'] });
    await archive.put(taken);
    // Whom files belong to is known of what was just listed only.
    const { groups: _groups, ...kept } = taken;
    expect(await archive.get(taken.id)).toEqual(kept);
    const receipt = exampleReceipt({ leftOut: taken.leftOut ?? null });
    expect(parseReceipt(printReceipt(receipt))).toEqual({ kind: 'receipt', receipt });
    expect(parseReceipt(printReceipt(exampleReceipt()))).toEqual({ kind: 'receipt', receipt: exampleReceipt() });
  });

  it('refuses patterns that mean nothing', () => {
    expect(() => sourceFilter({ exclude: [''] })).toThrow(/no pattern/);
    expect(() => sourceFilter({ exclude: ['a\nb'] })).toThrow(/no pattern/);
    expect(() => sourceFilter({ include: ['!a'] })).toThrow(/cannot be included/);
    expect(sourceFilter({})).toBeUndefined();
  });
});
