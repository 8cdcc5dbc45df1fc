import { describe, expect, it } from 'vitest';
import { simulate } from './simulation.ts';

/** `LONGHAUL_SIMULATION_FIRST` and `LONGHAUL_SIMULATION_SEEDS` choose others. */
function chosen({ first, seeds }: { readonly first: number; readonly seeds: number }): { readonly first: number; readonly seeds: number } {
  return { first: Number(process.env['LONGHAUL_SIMULATION_FIRST'] ?? first), seeds: Number(process.env['LONGHAUL_SIMULATION_SEEDS'] ?? seeds) };
}

/** A seed that fails fails again, alone. */
export function commandFor(seed: number): string {
  return `LONGHAUL_SIMULATION_FIRST=${String(seed)} LONGHAUL_SIMULATION_SEEDS=1 npx vitest run --project unit packages/sync-queue/test/simulation.test.ts`;
}

/** So many lives of a queue, its workers, audits and reapers; see simulate. */
export function describeSimulation(half: { readonly first: number; readonly seeds: number }): void {
  const { first, seeds } = chosen(half);
  describe('whatever dies, and whenever', () => {
    it(`no job is lost or stuck, nothing is torn, and no byte is deleted without fresh proofs that are true (seeds ${String(first)} to ${String(first + seeds - 1)})`, { timeout: 900_000 }, async () => {
      let [crashes, deletions, deeds, shared, sleeps] = [0, 0, 0, 0, 0];
      for (let seed = first; seed < first + seeds; seed += 1) {
        const result = await simulate(seed);
        expect(result.problems, `alone: ${commandFor(seed)}`).toEqual([]);
        crashes += result.crashes;
        deletions += result.deletions;
        deeds += result.deeds;
        shared += result.shared;
        sleeps += result.sleeps;
      }
      // A simulation in which nothing dies and nothing is deleted would show nothing.
      if (seeds < 100) return;
      expect(crashes).toBeGreaterThan(seeds);
      expect(deletions).toBeGreaterThan(seeds / 4);
      expect(deeds).toBeGreaterThan(seeds / 2);
      expect(shared).toBeGreaterThan(seeds / 40);
      expect(sleeps).toBeGreaterThan(seeds / 4);
    });
  });
}
