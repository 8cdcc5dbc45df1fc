import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RawPath } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import { TransportBench } from './transport-bench.ts';
import type { TransportSubject } from './subject.ts';

const raw = (path: string): RawPath => path as RawPath;

/** A published result can be brought back to this machine: what mends another destination. */
export function describeFetch(subject: TransportSubject): void {
  if (subject.fetches !== 'whole results') return;
  describe('fetch', () => {
    it('brings back what was sealed: odd names, empty folders, symlinks, modes, and nothing besides', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([
        { path: 'a', content: 'alpha' },
        { path: '#odd;\nname\\', content: 'beta' },
        { path: 'deep/-n', content: 'gamma' },
        { path: 'empty', folder: true },
        { path: 'link', symlink: 'nowhere' },
      ]);
      await bench.deliver(seal, { finalName: 'de ep/re sult' });
      const into = join(bench.folder, 'fetched');
      mkdirSync(into);
      const folder = await bench.transport.fetch?.({ finalName: raw('de ep/re sult'), seal, into });
      const again = await bench.sealer.seal({ source: await bench.sealer.resolve(String(folder)), hashing: 'fresh' });
      expect([again.digest, again.totals]).toEqual([seal.digest, seal.totals]);
    });

    it('says that there is nothing, rather than bring back nothing', async () => {
      const bench = await TransportBench.open(subject);
      const seal = await bench.sealed([{ path: 'a', content: 'alpha' }]);
      const into = join(bench.folder, 'fetched');
      mkdirSync(into);
      await expect(bench.transport.fetch?.({ finalName: raw('nobody'), seal, into })).rejects.toMatchObject({ code: 'TRANSPORT' });
    });
  });
}
