import { mkdirSync } from 'node:fs';
import { parseChecksums, percentDecode, percentEncode, printChecksums } from '@longhaul/sync-transports';
import type { Checksum, RawPath } from '@longhaul/sync-transports';
import { createHash } from 'node:crypto';
import { ODD_NAMES, runToEnd, tempDir, writeTree } from '@longhaul/testbed';
import fc from 'fast-check';
import { expect, it, vi } from 'vitest';

// Files and threads on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const name = fc.uint8Array({ minLength: 1, maxLength: 40 })
  .map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('\0', 'n').replaceAll('/', 's') as RawPath);
const sha256 = fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex'));

it('reads back what it prints, whatever the name', () => {
  fc.assert(fc.property(fc.array(fc.record({ path: name, sha256 })), (checksums: Checksum[]) => {
    const plain = checksums.filter(({ path }) => !path.startsWith('./'));
    expect(parseChecksums(printChecksums(plain))).toEqual({ checksums: plain, faults: [] });
  }), { examples: [[[{ path: '\\' as RawPath, sha256: 'a'.repeat(64) }, { path: '-' as RawPath, sha256: 'b'.repeat(64) }]]] });
});

it('prints what sha256sum prints', async () => {
  await using dir = await tempDir();
  const names = ['plain', 'with space', 'new\nline', 'back\\slash', 'carriage\rreturn', 'é', '\\n'];
  writeTree(dir.path, names.map((path) => ({ path, file: path })));
  const { stdout, code } = await runToEnd('sha256sum', ['--', ...names], { cwd: dir.path });
  expect(code).toBe(0);
  const checksums = names.map((path) => ({ path: Buffer.from(path).toString('latin1') as RawPath, sha256: digest(path) }));
  expect(printChecksums(checksums).toString('latin1')).toBe(stdout.toString('latin1'));
});

it('is accepted by sha256sum -c for every odd name', async () => {
  await using dir = await tempDir();
  mkdirSync(dir.join('.longhaul'));
  const checksums = ODD_NAMES.map((bytes, index) => ({ path: bytes.toString('latin1') as RawPath, sha256: digest(`content ${String(index)}`) }));
  writeTree(dir.path, [...ODD_NAMES.map((path, index) => ({ path, file: `content ${String(index)}` })), { path: '.longhaul/checksums.sha256', file: printChecksums(checksums) }]);
  const good = await runToEnd('sha256sum', ['-c', '--strict', '.longhaul/checksums.sha256'], { cwd: dir.path });
  expect(good.stderr.toString()).toBe('');
  expect(good.code).toBe(0);
  writeTree(dir.path, [{ path: ODD_NAMES[0]!, file: 'damaged' }]);
  expect((await runToEnd('sha256sum', ['-c', '.longhaul/checksums.sha256'], { cwd: dir.path })).code).toBe(1);
  await runToEnd('find', [dir.path, '-mindepth', '1', '-delete']);
});

it('tells each line that is none', () => {
  const good = `${'a'.repeat(64)}  name`;
  const { checksums, faults } = parseChecksums(Buffer.from(`${good}\n\nnonsense\n\\${'b'.repeat(64)}  bad\\escape\n${'C'.repeat(64)} *./binary\n`));
  expect(checksums).toEqual([{ path: 'name', sha256: 'a'.repeat(64) }, { path: 'binary', sha256: 'c'.repeat(64) }]);
  expect(faults.map(({ line }) => line)).toEqual([2, 3, 4]);
});

it('percent-encodes any bytes into plain text and back', () => {
  fc.assert(fc.property(name, (path) => {
    const text = percentEncode(path);
    expect(text).toMatch(/^[A-Za-z0-9\-._~/%]*$/);
    expect(percentDecode(text)).toBe(path);
  }));
  expect(percentDecode('a b')).toBeNull();
  expect(percentDecode('%4')).toBeNull();
});

function digest(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
