import { join } from 'node:path';
import { requireService, startSshd, type Sshd } from '@longhaul/testbed';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { syncRun } from '../src/chaos-sync/sync-run.ts';

const RUNS = 4;
const CLI = join(import.meta.dirname, '../../../apps/cli/src/main.ts');

/** The short form of `pnpm chaos:sync`, which does 200. */
describe.runIf(requireService('sshd', 'rsync'))('workers that get kill -9 at random moments of real transfers', () => {
  let sshd: Sshd;

  beforeAll(async () => {
    sshd = await startSshd();
  });
  afterAll(async () => {
    await sshd[Symbol.asyncDispose]();
  });

  it(`lose nothing, tear nothing, leave nothing (${String(RUNS)} runs)`, { timeout: 600_000 }, async () => {
    let kills = 0;
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const result = await syncRun({ seed, sshd, program: [process.execPath, '--conditions=@longhaul/source', CLI] });
      expect(result.violations, `again: pnpm chaos:sync --runs 1 --seed ${String(seed)}`).toEqual([]);
      kills += result.kills;
    }
    expect(kills).toBeGreaterThan(RUNS);
  });
});
