import { readdirSync } from 'node:fs';
import { rawPathFromText } from '@longhaul/sync-transports';
import type { RawPath, Seal } from '@longhaul/sync-transports';
import { ODD_NAMES, tempDir } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { checkLocalNames } from '../src/local/check-names.ts';
import { DestinationFolder } from '../src/local/destination-folder.ts';
import { WorkerPool } from '../src/worker/worker-pool.ts';
import { exampleFile, exampleSeal, exampleSymlink } from './examples.ts';

// Files and threads on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

/**
 * A destination that treats names as macOS and Windows do. No such file system can be mounted in a test (no vfat, no case folding in the kernels at
 * hand), so the four calls that meet names are changed.
 */
class OtherSystem extends DestinationFolder {
  readonly #rules: { readonly fold: (name: string) => string; readonly refuse?: RegExp; readonly code?: string };

  constructor(path: string, rules: OtherSystem['rulesType']) {
    super({ path });
    this.#rules = rules;
  }

  declare readonly rulesType: { readonly fold: (name: string) => string; readonly refuse?: RegExp; readonly code?: string };

  override async makeEmptyFile(path: RawPath): Promise<void> {
    const { refuse, code = 'EINVAL' } = this.#rules;
    if (refuse?.test(path.slice(path.lastIndexOf('/') + 1)) === true) throw Object.assign(new Error('refused'), { code });
    await super.makeEmptyFile(this.#folded(path));
  }

  override async entry(path: RawPath): ReturnType<DestinationFolder['entry']> {
    return super.entry(this.#folded(path));
  }

  #folded(path: RawPath): RawPath {
    const text = Buffer.from(path, 'latin1').toString();
    return path.startsWith('.longhaul-incoming/.names.') ? rawPathFromText(this.#rules.fold(text)) : path;
  }
}

const MAC = { fold: (name: string): string => name.replace(/[^/]*$/, (base) => base.normalize('NFD').toLowerCase()), refuse: /[^\x00-\x7f](?![\x80-\xbf])[\x00-\x7f]|[\xfe\xff]/, code: 'EILSEQ' };
const WINDOWS = { fold: (name: string): string => name.replace(/[^/]*$/, (base) => base.toLowerCase()), refuse: /[<>:"\\|?*\u0001-\u001f]|[ .]$/ };

async function check(seal: Seal, rules?: OtherSystem['rulesType']): Promise<void> {
  const dir = await tempDir();
  const pool = new WorkerPool();
  onTestFinished(async () => {
    await pool[Symbol.asyncDispose]();
    expect(readdirSync(dir.join('.longhaul-incoming'))).toEqual([]);
    await dir[Symbol.asyncDispose]();
  });
  const folder = rules === undefined ? new DestinationFolder({ path: dir.path }) : new OtherSystem(dir.path, rules);
  await checkLocalNames({ folder, pool }, seal);
}

const sealOf = (...names: readonly string[]): Seal => exampleSeal(names.map((name) => exampleFile(rawPathFromText(name))));

describe('a destination on Linux', () => {
  it('holds every odd name, and names that differ by case or form alone', async () => {
    await check(exampleSeal(ODD_NAMES.map((name) => exampleFile(name.toString('latin1')))));
    await check(sealOf('README', 'readme', 'caf\u00e9', 'cafe\u0301', 'Dir/x', 'dir/x'));
  });

  it('cannot hold a path longer than the system takes', async () => {
    const deep = Array.from({ length: 40 }, () => 'x'.repeat(100)).join('/');
    await expect(check(sealOf('short', deep))).rejects.toMatchObject({ code: 'SOURCE_NAME', problem: 'unsupported', paths: [deep] });
  });

  it('that is full is said to be full, not to hold no names', async () => {
    await expect(check(sealOf('odd:name'), { fold: (name) => name, refuse: /:/, code: 'ENOSPC' })).rejects.toMatchObject({ code: 'ENOSPC' });
  });
});

describe('a destination that does not tell capitals from small letters', () => {
  it('refuses what would become one, naming all of it', async () => {
    await expect(check(sealOf('README', 'readme', 'other', 'Dir/x', 'dir/x'), WINDOWS)).rejects.toMatchObject({ code: 'SOURCE_NAME', problem: 'collision', paths: ['README', 'readme', 'Dir/x', 'dir/x'] });
  });

  it('takes what stays apart', async () => {
    await check(sealOf('README', 'other', 'dir/readme'), WINDOWS);
  });

  it('refuses names that it cannot hold, wherever they stand', async () => {
    await expect(check(sealOf('good', 'a:b', 'deep/a:b', 'what?', 'end.'), WINDOWS)).rejects.toMatchObject({ problem: 'unsupported', paths: ['a:b', 'deep/a:b', 'what?', 'end.'] });
  });
});

describe('a destination that changes the form of names', () => {
  it('refuses names that would come back as others', async () => {
    const nfd = { fold: (name: string): string => name.normalize('NFD') };
    await expect(check(sealOf('caf\u00e9', 'plain'), nfd)).rejects.toMatchObject({ problem: 'unsupported', paths: ['caf\u00e9'] });
  });

  it('refuses bytes that are no text', async () => {
    await expect(check(exampleSeal([exampleFile('\xff'), exampleFile('fine')]), MAC)).rejects.toMatchObject({ problem: 'unsupported', paths: ['\\xff'] });
  });
});

it('a seal with symlinks is tried with one', async () => {
  await check(exampleSeal([exampleSymlink('l', 'nowhere')]));
});
