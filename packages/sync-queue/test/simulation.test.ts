import { describe, expect, it } from 'vitest';
import { simulate } from './world/simulation.ts';

/** Here a few hundred; LONGHAUL_SIMULATION_SEEDS=10000 for the long form. A seed that fails fails again: simulate(seed). */
const SEEDS = Number(process.env['LONGHAUL_SIMULATION_SEEDS'] ?? 300);
const FIRST = Number(process.env['LONGHAUL_SIMULATION_FIRST'] ?? 1);

describe('whatever dies, and whenever', () => {
  it(`every job is proven in the end, published once, and never torn (${SEEDS} seeds)`, { timeout: 120_000 + SEEDS * 1_000 }, async () => {
    let crashes = 0;
    for (let seed = FIRST; seed < FIRST + SEEDS; seed += 1) {
      const result = await simulate(seed);
      crashes += result.crashes;
      expect(result.problems, `seed ${seed}`).toEqual([]);
    }
    // A simulation in which nothing dies would show nothing.
    expect(crashes).toBeGreaterThan(SEEDS);
  });
});
