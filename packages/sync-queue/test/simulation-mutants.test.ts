import type { QueueStore } from '@longhaul/sync-queue';
import type { RemoteManifest, Transport } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import type { SimulationMutant } from './world/simulation.ts';
import { simulate } from './world/simulation.ts';
import { replaced } from './world/world.ts';

/** In which of them it must be found. */
interface Seeds {
  readonly first: number;
  readonly last: number;
  /** 4: only those with a reaper. */
  readonly step: 1 | 4;
}

/** A simulation that finds nothing shows something only if it would find what is there: bugs that could be made, each planted alone. */
const MUTANTS: readonly { readonly name: string; readonly mutant: SimulationMutant; readonly found: RegExp; readonly seeds: Seeds }[] = [
  {
    name: 'a destination that says what was sealed instead of hashing what it holds',
    mutant: { transport: (transport) => replaced<Transport>(transport, { hashsum: ({ seal }) => Promise.resolve(sealedManifest(seal)) }) },
    found: /published something other than what was sealed|holds .* instead of/,
    seeds: { first: 1, last: 60, step: 1 },
  },
  {
    name: 'a queue that never takes back what a dead worker held',
    mutant: { store: (store) => replaced<QueueStore>(store, { recover: () => Promise.resolve([]) }) },
    found: /is RUNNING|is AWAITING_VERIFY|a lease is left/,
    seeds: { first: 1, last: 20, step: 1 },
  },
  {
    name: 'a worker that leaves the program of a dead one running',
    mutant: { store: (store) => replaced<QueueStore>(store, { orphans: () => Promise.resolve([]), claim: async (request) => withoutOrphans(await store.claim(request)) }) },
    found: /two programs push|an orphan is left/,
    seeds: { first: 1, last: 100, step: 1 },
  },
  {
    name: 'a reaper that takes the last check for granted, and a queue that lets it',
    mutant: {
      lastCheck: 'skipped',
      store: (store) =>
        replaced<QueueStore>(store, {
          intendReclaim: async (lease) => {
            await store.intendReclaim(lease);
            return 'intended';
          },
        }),
    },
    found: /was deleted on a proof of .* old|was deleted, and .* does not hold it|is lost/,
    seeds: { first: 4, last: 400, step: 4 },
  },
  {
    name: 'a reaper that deletes without looking at the file again',
    mutant: {
      files: (files) => ({
        open: async (seal) => {
          const held = await files.open(seal);
          return replaced(held, { look: async (options) => ({ ...(await held.look(options)), changed: [], present: seal.entries.filter((entry) => entry.type === 'file') }), remove: async (file, options) => held.remove({ ...file, ...unchecked }, options) });
        },
      }),
    },
    found: /is not what was sealed|lost/,
    seeds: { first: 4, last: 400, step: 4 },
  },
  {
    name: 'a reaper that believes what it was told before the machine slept',
    mutant: { freshMs: Number.POSITIVE_INFINITY },
    found: /was deleted on a proof of .* old|was deleted, and .* does not hold it/,
    seeds: { first: 868, last: 1_400, step: 4 },
  },
  {
    name: 'a queue that does not know which sources have files in common',
    mutant: { store: (store) => replaced<QueueStore>(store, { reclaimNeighbours: () => Promise.resolve([]) }) },
    found: /was deleted, and .* does not hold it|was deleted on .* proof/,
    seeds: { first: 284, last: 800, step: 4 },
  },
];

/** What FakeSourceFiles takes for "do not look". */
const unchecked = { sha256: 'unchecked' } as const;

function sealedManifest(seal: Parameters<Transport['hashsum']>[0]['seal']): RemoteManifest {
  return { strength: 'sha256', entries: new Map(seal.entries.flatMap((entry) => (entry.type === 'file' ? [[entry.path, { type: 'file', size: entry.size, sha256: entry.sha256 }] as const] : []))) };
}

function withoutOrphans(claimed: Awaited<ReturnType<QueueStore['claim']>>): typeof claimed {
  return claimed === null ? null : { ...claimed, orphans: [] };
}

describe('the simulation finds', () => {
  it.each(MUTANTS)('$name', { timeout: 300_000 }, async ({ mutant, found, seeds }) => {
    for (let seed = seeds.first; seed <= seeds.last; seed += seeds.step) {
      const { problems } = await simulate(seed, mutant);
      if (problems.length === 0) continue;
      expect(problems.join('\n')).toMatch(found);
      return;
    }
    expect.fail(`nothing was found in seeds ${String(seeds.first)} to ${String(seeds.last)}`);
  });
});
