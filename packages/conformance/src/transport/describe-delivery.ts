import { createHash } from 'node:crypto';
import type { RawPath } from '@longhaul/sync-transports';
import { joinRaw, parseChecksums, parseReceipt, rawPathFromBytes } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import { ODD_NAMES } from './source-tree.ts';
import type { TransportSubject, TransportTraits } from './subject.ts';
import { traitsOf } from './subject.ts';
import { TransportBench } from './transport-bench.ts';

/** From a source to a result, whole. */
export function describeDelivery(subject: TransportSubject): void {
  describe('a delivery', () => {
    it('puts exactly the sealed files under the final name, and leaves no staging', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'a.txt', content: 'alpha' }, { path: 'deep/er/b.txt', content: 'beta' }, { path: 'empty', content: '' }]);
      await bench.deliver(seal);
      expect(await bench.destination.list('results' as RawPath)).toEqual(
        ['', '/.longhaul', '/.longhaul/checksums.sha256', '/.longhaul/inventory.jsonl', '/.longhaul/longhaul.json', '/a.txt', '/deep', '/deep/er', '/deep/er/b.txt', '/empty'].map((path) => `results${path}`),
      );
      expect([await bench.text('a.txt'), await bench.text('deep/er/b.txt'), await bench.text('empty')]).toEqual(['alpha', 'beta', '']);
      expect(await bench.leftovers()).toEqual([]);
      expect(await bench.compared(seal, {}, 'final')).toEqual(bench.exact);
    });

    it('leaves the receipt and checksums that fit what lies there', async () => {
      const bench = await TransportBench.open(subject);
      const odd = bench.traits.names === 'lines' ? 'odd name\\' : 'odd\nname\\';
      const seal = await bench.sealed([{ path: 'a', content: 'alpha' }, { path: odd, content: 'beta' }]);
      await bench.deliver(seal);
      const receipt = await bench.transport.readReceipt({ finalName: 'results' as RawPath });
      expect(receipt).toEqual({ kind: 'receipt', receipt: { ...bench.receipt(seal), ...(subject.receipts === 'chained' ? { chain: { sequence: 1, previous: null, finalName: 'results' } } : {}) } });
      expect(parseReceipt((await bench.text('.longhaul/longhaul.json')) ?? '')).toEqual(receipt);
      const { checksums, faults } = parseChecksums((await bench.destination.read('results/.longhaul/checksums.sha256' as RawPath)) ?? Buffer.alloc(0));
      expect(faults).toEqual([]);
      expect(checksums.map(({ path }) => path)).toEqual(['a', odd]);
      for (const { path, sha256 } of checksums) {
        const content = await bench.destination.read(joinRaw('results' as RawPath, path));
        expect(createHash('sha256').update(content ?? '').digest('hex')).toBe(sha256);
      }
    });

    it('keeps odd names byte for byte', async () => {
      const bench = await TransportBench.open(subject);
      const names = ODD_NAMES.filter((name) => isHeld(name, bench.traits));
      const folders = ['odd\nfolder', ' \n', 'odd; folder'].filter((name) => isHeld(Buffer.from(name), bench.traits));
      const seal = await bench.sealed([...names.map((bytes, index) => ({ bytes, content: `content ${String(index)}` })), ...folders.flatMap((path) => [{ path: `${path}/#inside;`, content: 'x' }, { path: `${path}/empty`, folder: true } as const])]);
      await bench.transport.checkNames(seal);
      await bench.deliver(seal);
      for (const [index, name] of names.entries()) expect((await bench.destination.read(joinRaw('results' as RawPath, rawPathFromBytes(name))))?.toString()).toBe(`content ${String(index)}`);
    });

    if (traitsOf(subject).names !== 'bytes') {
      it('refuses names that it cannot hold, before the first byte', async () => {
        const bench = await TransportBench.open(subject);
        const seal = await bench.sealed([...ODD_NAMES.filter((name) => !isHeld(name, bench.traits)).map((bytes) => ({ bytes, content: 'x' })), { path: 'plain', content: 'x' }]);
        await expect(bench.transport.checkNames(seal)).rejects.toMatchObject({ code: 'SOURCE_NAME' });
        expect(await bench.leftovers()).toEqual([]);
      });
    }

    if (traitsOf(subject).keeps === 'all') it('keeps empty folders, symlinks (dangling ones too), hard links, holes, modes and times', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([
        { path: 'empty folder', folder: true, mode: 0o750 },
        { path: 'dangling', symlink: 'no/such\ntarget' },
        { path: 'to folder', symlink: 'empty folder' },
        { path: 'script', content: '#!/bin/sh\n', mode: 0o755, mtime: 981_173_106 },
        { path: 'one', content: 'shared' },
        { path: 'other', hardLinkTo: 'one' },
        { path: 'sparse', holes: 8 << 20 },
      ]);
      await bench.deliver(seal);
      const stat = async (path: string): ReturnType<typeof bench.destination.stat> => bench.destination.stat(`results/${path}` as RawPath);
      expect(await stat('empty folder')).toMatchObject({ type: 'dir', mode: 0o750 });
      expect(await stat('dangling')).toMatchObject({ type: 'symlink', target: 'no/such\ntarget' });
      expect(await stat('to folder')).toMatchObject({ type: 'symlink', target: 'empty folder' });
      expect(await stat('script')).toMatchObject({ mode: 0o755, mtimeMs: 981_173_106_000 });
      expect((await stat('one'))?.ino).toBe((await stat('other'))?.ino);
      const sparse = await stat('sparse');
      expect(sparse?.size).toBe(8 << 20);
      expect(sparse?.allocated).toBeLessThan(1 << 20);
    });

    it('publishes a single file as a folder that holds it and its receipt', async () => {
      const bench = await TransportBench.open(subject);
      await bench.sealed([{ path: 'model.bin', content: 'weights' }, { path: 'other', content: 'not sent' }], 'single');
      const seal = await bench.sealAgain('single/model.bin');
      await bench.deliver(seal, { finalName: 'model.bin' });
      expect(await bench.destination.list('model.bin' as RawPath)).toEqual(expect.arrayContaining(['model.bin', 'model.bin/.longhaul/longhaul.json', 'model.bin/model.bin']));
      expect(await bench.text('model.bin', 'model.bin')).toBe('weights');
    });

    it('makes the parents of a final name', async () => {
      const bench = await TransportBench.open(subject);
      await bench.deliver(await bench.sealed([{ path: 'a', content: 'alpha' }]), { finalName: 'train/01JRUN/results' });
      expect(await bench.text('a', 'train/01JRUN/results')).toBe('alpha');
    });

    it('tells its position within the seal, up to the total', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed(Array.from({ length: 20 }, (_, index) => ({ path: `f${String(index)}`, content: Buffer.alloc(10_000, index) })));
      const told: { readonly bytesDone: number; readonly filesDone: number; readonly bytesTotal: number }[] = [];
      const result = await bench.push(seal, { onProgress: (progress) => told.push(progress) });
      expect(result.ok).toBe(true);
      expect(told.at(-1)).toMatchObject({ bytesDone: 200_000, bytesTotal: 200_000, filesTotal: 20 });
      expect(told.map(({ bytesDone }) => bytesDone)).toEqual(told.map(({ bytesDone }) => bytesDone).toSorted((left, right) => left - right));
    });

    it('probes as reachable, with free space and real hashes', async () => {
      const bench = await TransportBench.open(subject);
      const report = await bench.transport.probe();
      expect(report).toMatchObject({ reachable: true, errorKind: null, hash: bench.traits.strength });
      if (bench.traits.space === 'told') {
        expect(report.freeBytes).toBeGreaterThan(0);
        expect(report.totalBytes).toBeGreaterThanOrEqual(report.freeBytes ?? Number.POSITIVE_INFINITY);
      }
      expect(await bench.leftovers()).toEqual([]);
    });
  });
}

function isHeld(name: Buffer, { names }: TransportTraits): boolean {
  const isText = Buffer.from(name.toString()).equals(name);
  return names === 'bytes' || (isText && (names === 'text' || !/[\u0000-\u001f\u007f]| $/.test(name.toString())));
}
