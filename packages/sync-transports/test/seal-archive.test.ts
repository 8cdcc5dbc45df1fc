import { chmodSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { SealArchive } from '@longhaul/sync-transports';
import type { RawPath, Seal, SealEntry } from '@longhaul/sync-transports';
import { tempDir } from '@longhaul/testbed';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { exampleFile, exampleFolder, exampleSeal, exampleSymlink } from './examples.ts';

// Files and threads on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const seal = exampleSeal([exampleFolder('d'), exampleFile('d/\n\t\xff', { mtimeNs: -5n, ino: 2n ** 64n - 1n, nlink: 3, size: 2 ** 40 }), exampleSymlink('l', '\r\n\\')], {
  findings: [{ path: 'pipe\n' as RawPath, kind: 'fifo' }],
  source: { kind: 'directory', root: '/odd\nroot\xff' as RawPath, name: 'root\xff' as RawPath, dev: 2n ** 63n },
});

describe('an archive of seals', () => {
  it('gives back what was put, and null for what was not', async () => {
    await using dir = await tempDir();
    const archive = new SealArchive({ directory: dir.join('seals') });
    expect(await archive.get('SEAL1')).toBeNull();
    expect(await archive.list()).toEqual([]);
    await archive.put(seal);
    await archive.put(seal);
    expect(await archive.get('SEAL1')).toEqual(seal);
    expect(await archive.list()).toEqual(['SEAL1']);
    await archive.delete('SEAL1');
    await archive.delete('SEAL1');
    expect(await archive.get('SEAL1')).toBeNull();
  });

  it('keeps any seal as it is', async () => {
    await using dir = await tempDir();
    const archive = new SealArchive({ directory: dir.path });
    const path = fc.uint8Array({ minLength: 1, maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1') as RawPath);
    const big = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
    const entry: fc.Arbitrary<SealEntry> = fc.oneof(
      fc.record({ path, mtimeNs: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }), ino: big, size: fc.maxSafeNat() }).map((changes) => exampleFile('', changes)),
      fc.record({ path, mode: fc.nat({ max: 0o7777 }) }).map((changes) => exampleFolder('', changes)),
      fc.tuple(path, path).map(([name, target]) => exampleSymlink(name, target)),
    );
    await fc.assert(fc.asyncProperty(fc.array(entry), async (entries) => {
      const whole = exampleSeal(entries);
      await archive.put(whole);
      expect(await archive.get(whole.id)).toEqual(whole);
    }), { numRuns: 50 });
  });

  it('holds 25,000 entries', async () => {
    await using dir = await tempDir();
    const archive = new SealArchive({ directory: dir.path });
    const large = exampleSeal(Array.from({ length: 25_000 }, (_, index) => exampleFile(`d${String(index % 100)}/f${String(index)}`, { size: index })));
    await archive.put(large);
    expect(await archive.get(large.id)).toEqual(large);
  });

  it.each<[string, (text: string) => string]>([
    ['cut off in the middle', (text) => text.slice(0, text.length / 2)],
    ['without its end', (text) => text.slice(0, text.lastIndexOf('end '))],
    ['without one entry', (text) => text.split('\n').filter((line) => !line.startsWith('d\t')).join('\n')],
    ['with one digit changed', (text) => text.replace('aaaa', 'aaab')],
    ['with something behind it', (text) => `${text}more\n`],
    ['empty', () => ''],
    ['of a later version', (text) => text.replace('longhaul-seal 1', 'longhaul-seal 2')],
    ['something else', () => 'hello\n'],
  ])('says that a seal is damaged when its file is %s', async (_, damage) => {
    await using dir = await tempDir();
    const archive = new SealArchive({ directory: dir.path });
    await archive.put(seal);
    const file = dir.join('SEAL1.seal');
    writeFileSync(file, damage(readFileSync(file, 'utf8')));
    await expect(archive.get('SEAL1')).rejects.toMatchObject({ code: 'QUEUE_STORE', context: { sealId: 'SEAL1' } });
  });

  it('is for this user alone', async () => {
    await using dir = await tempDir();
    chmodSync(dir.path, 0o755);
    await new SealArchive({ directory: dir.join('seals') }).put(seal);
    expect([statSync(dir.join('seals')).mode & 0o777, statSync(dir.join('seals/SEAL1.seal')).mode & 0o777]).toEqual([0o700, 0o600]);
  });

  it('shows nothing of a seal whose writing failed', async () => {
    await using dir = await tempDir();
    const archive = new SealArchive({ directory: dir.path });
    const broken = { ...seal, entries: [...seal.entries, null] } as unknown as Seal;
    await expect(archive.put(broken)).rejects.toThrow();
    expect(readdirSync(dir.path)).toEqual([]);
  });

  it('takes no id that is a path', async () => {
    await using dir = await tempDir();
    await expect(new SealArchive({ directory: dir.path }).get('../up')).rejects.toMatchObject({ code: 'INTERNAL' });
  });
});
