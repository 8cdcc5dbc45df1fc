import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RawPath } from '@longhaul/sync-transports';
import { compareManifest } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import type { TransportSubject } from './subject.ts';
import { TransportBench } from './transport-bench.ts';

const TREE = '.longhaul-incoming/job-1/tree';
const raw = (path: string): RawPath => path as RawPath;

/** What a destination holds is seen as it is; what changed at the source is never taken for sealed content. */
export function describeVerification(subject: TransportSubject): void {
  describe('verification', () => {
    it('sees a flipped byte in staging; a plain push leaves it, a repeat mends it', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'big', content: Buffer.alloc(300_000, 7) }, { path: 'other', content: 'x' }]);
      await bench.push(seal);
      await bench.destination.corrupt(raw(`${TREE}/big`));
      expect(await bench.compared(seal)).toMatchObject({ mismatched: ['big'] });
      await bench.push(seal);
      expect(await bench.compared(seal)).toMatchObject({ mismatched: ['big'] });
      expect(await bench.push(seal, { repeat: [raw('big')] })).toMatchObject({ ok: true });
      expect(await bench.compared(seal)).toEqual(bench.exact);
    });

    it('sees a flipped byte in a published result', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'data', content: 'published data' }]);
      await bench.deliver(seal);
      await bench.destination.corrupt(raw('results/data'));
      expect(await bench.compared(seal, {}, 'final')).toMatchObject({ mismatched: ['data'], missing: [], extra: [] });
    });

    it('mends one name of a hard-linked file for all its names', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'one', content: 'shared content' }, { path: 'two', hardLinkTo: 'one' }]);
      await bench.push(seal);
      await bench.destination.corrupt(raw(`${TREE}/one`));
      await bench.push(seal, { repeat: [raw('one'), raw('two')] });
      expect(await bench.compared(seal)).toEqual(bench.exact);
    });

    it('tells what is missing and what is too much, and prunes just that', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'a', content: 'a' }, { path: 'b', content: 'b' }]);
      await bench.push(seal);
      await bench.destination.remove(raw(`${TREE}/b`));
      const name = bench.traits.names === 'lines' ? 'extra folder' : 'extra\nfolder';
      await bench.destination.write(raw(`${TREE}/${name}/file`), 'x');
      const extra = [raw(name), raw(`${name}/file`)];
      expect(await bench.compared(seal)).toEqual({ missing: ['b'], extra, mismatched: [], strength: bench.exact.strength });
      await bench.transport.prune({ placement: bench.placement(), extras: extra });
      expect(await bench.compared(seal)).toEqual({ missing: ['b'], extra: [], mismatched: [], strength: bench.exact.strength });
      await bench.push(seal);
      expect(await bench.compared(seal)).toEqual(bench.exact);
    });

    it('refuses to prune beyond the tree', async () => {
      const bench = await TransportBench.open(subject);
      await bench.push(await bench.sealed([{ path: 'a', content: 'a' }]));
      await bench.destination.write(raw('precious'), 'x');
      await expect(bench.transport.prune({ placement: bench.placement(), extras: [raw('../../../precious')] })).rejects.toMatchObject({ code: 'TRANSPORT' });
      expect(await bench.destination.read(raw('precious'))).not.toBeNull();
    });

    it('holds nothing where nothing was pushed', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'a', content: 'a' }]);
      for (const where of ['staging', 'final'] as const) {
        const manifest = await bench.transport.hashsum({ where, placement: bench.placement(), seal });
        expect(compareManifest(seal, manifest).missing).toEqual(['a']);
      }
    });

    it('never takes a file that changed after its seal for the sealed one', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'log', content: 'sealed content' }, { path: 'other', content: 'x' }]);
      writeFileSync(join(bench.folder, 'results/log'), 'later content!');
      const result = await bench.push(seal);
      if (result.ok) expect((await bench.compared(seal)).mismatched).toEqual(['log']);
      else expect(result.errorKind).toBe('source_changed');
    });

    it('says that a sealed file is gone', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'here', content: 'x' }, { path: 'gone', content: 'y' }]);
      rmSync(join(bench.folder, 'results/gone'));
      const result = await bench.push(seal);
      expect(result).toMatchObject({ ok: false, errorKind: 'local_file_vanished' });
      expect(result.evidence).toContain('gone');
    });

    it('sends the next seal over what an earlier one had staged', async () => {
      const bench = await TransportBench.open(subject);
      await bench.push(await bench.sealed([{ path: 'a', content: 'first' }, { path: 'was file', content: 'x' }, { path: 'was folder/f', content: 'x' }]));
      rmSync(join(bench.folder, 'results'), { recursive: true });
      const seal = await bench.sealed([{ path: 'a', content: 'second, longer' }, { path: 'was file/f', content: 'y' }, { path: 'was folder', content: 'y' }]);
      expect(await bench.push(seal, { epoch: 2 })).toMatchObject({ ok: true });
      expect(await bench.compared(seal, { epoch: 2 })).toEqual(bench.exact);
    });
  });
}
