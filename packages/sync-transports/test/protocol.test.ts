import { assertPlacement, judgeInPlace, lockPath, nameCollisions, nameSamples, parseLockHolder, printLockHolder, rawPathFromText, sourceIdOf } from '@longhaul/sync-transports';
import type { InPlace, RawPath } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import { exampleFile, exampleReceipt, exampleSeal } from './examples.ts';

const raw = (path: string): RawPath => path as RawPath;
const placement = { jobId: 'job-1', hostId: 'host-1', epoch: 3, finalName: raw('a') };

describe('ids', () => {
  it.each([{ jobId: '../up' }, { jobId: '' }, { jobId: '.locks' }, { hostId: 'two\nlines' }, { hostId: '' }, { epoch: -1 }, { epoch: 1.5 }])('that could not be names are refused: %j', (change) => {
    expect(() => {
      assertPlacement({ ...placement, ...change });
    }).toThrow(expect.objectContaining({ code: 'TRANSPORT', errorKind: 'config' }) as Error);
  });

  it('of sources differ by host, kind and path', () => {
    const source = { kind: 'directory', root: raw('/a'), name: raw('a') } as const;
    const ids = [sourceIdOf('h', source), sourceIdOf('i', source), sourceIdOf('h', { ...source, root: raw('/b') }), sourceIdOf('h', { ...source, kind: 'file' })];
    expect(new Set(ids).size).toBe(4);
    expect(sourceIdOf('h', { ...source, name: raw('other') })).toBe(ids[0]);
  });
});

describe('the holder of a lock', () => {
  const holder = { host: 'host-1', job: 'job-1', epoch: 12, nonce: 'ab', name: 'lab machine' };

  it('is read as it was written', () => {
    expect(parseLockHolder(printLockHolder(holder))).toEqual(holder);
  });

  it('is one line a field, whatever the machine is called', () => {
    expect(parseLockHolder(printLockHolder({ ...holder, name: 'x\nepoch 0' }))).toMatchObject({ epoch: 12, name: 'x?epoch 0' });
  });

  it.each(['', 'longhaul-lock 2\n', printLockHolder(holder).replace('epoch 12', 'epoch twelve'), printLockHolder(holder).slice(0, 30)])('that cannot be read is nobody: %j', (text) => {
    expect(parseLockHolder(text)).toBeNull();
  });

  it('locks each name by itself', () => {
    expect(lockPath(raw('a'))).not.toBe(lockPath(raw('a/b')));
    expect(lockPath(raw('x\n'.repeat(1000)))).toMatch(/^\.longhaul-incoming\/\.locks\/[0-9a-f]{64}$/);
  });
});

describe('what lies at a final name', () => {
  const newcomer = { sourceId: 'source-1', jobId: 'job-1', sealId: 'seal-1', generation: 2, staging: 'tree' } as const;
  const receipt = (changes: Parameters<typeof exampleReceipt>[0]): InPlace => ({ kind: 'receipt', receipt: exampleReceipt(changes) });

  it.each<[string, InPlace, Partial<Parameters<typeof judgeInPlace>[1]>, string]>([
    ['nothing', { kind: 'none' }, {}, 'proceed'],
    ['a stranger', { kind: 'foreign' }, {}, 'conflict'],
    ['a damaged receipt', { kind: 'damaged', evidence: 'half' }, {}, 'conflict'],
    ['another source', receipt({ sourceId: 'source-2' }), {}, 'conflict'],
    ['another source with our job id', receipt({ sourceId: 'source-2', jobId: 'job-1' }), { staging: 'none' }, 'conflict'],
    ['our earlier generation', receipt({ generation: 1, jobId: 'job-0', sealId: 'seal-0' }), {}, 'proceed'],
    ['our later generation', receipt({ generation: 3, jobId: 'job-9', sealId: 'seal-9' }), {}, 'fenced'],
    ['our own result', receipt({ generation: 2 }), { staging: 'none' }, 'published'],
    ['our own result, staged once more', receipt({ generation: 2 }), {}, 'proceed'],
    ['the same seal by another job', receipt({ generation: 2, jobId: 'job-0' }), { staging: 'none' }, 'proceed'],
  ])('%s: %#', (_, inPlace, change, kind) => {
    expect(judgeInPlace(inPlace, { ...newcomer, ...change }).kind).toBe(kind);
  });
});

describe('names that become one', () => {
  const seal = exampleSeal(['Readme', 'README', 'dir/a', 'DIR/b', 'caf\u00e9', 'cafe\u0301', 'STRASSE', 'straße', 'alone'].map((name) => exampleFile(rawPathFromText(name))));

  it('are none where the file system keeps case and form', () => {
    expect(nameCollisions(seal, { letterCase: 'kept', unicodeForm: 'kept' })).toEqual([]);
  });

  it('are found by case, by Unicode form, and by both', () => {
    expect(nameCollisions(seal, { letterCase: 'ignored', unicodeForm: 'kept' })).toEqual(['Readme', 'README', 'STRASSE', rawPathFromText('straße')]);
    expect(nameCollisions(seal, { letterCase: 'kept', unicodeForm: 'ignored' })).toEqual([rawPathFromText('caf\u00e9'), rawPathFromText('cafe\u0301')]);
    expect(nameCollisions(seal, { letterCase: 'ignored', unicodeForm: 'ignored' })).toHaveLength(6);
  });
});

describe('names to try out', () => {
  it('are the odd ones, a few of each kind', () => {
    const names = [...Array.from({ length: 1000 }, (_, index) => `plain-${index}.dat`), ...Array.from({ length: 1000 }, (_, index) => `odd:${index}`), 'con', 'end.', rawPathFromText('é')];
    const samples = nameSamples(exampleSeal(names.map((name) => exampleFile(`folder/${name}`))));
    expect(samples.filter((name) => name.startsWith('odd:'))).toHaveLength(8);
    expect(samples).toEqual(expect.arrayContaining(['con', 'end.', rawPathFromText('é')]));
    expect(samples.length).toBeLessThan(20);
  });
});
