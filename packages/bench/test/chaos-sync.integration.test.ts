import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { requireService, startSshd, tempDir, type Sshd } from '@longhaul/testbed';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { syncRun } from '../src/chaos-sync/sync-run.ts';

const RUNS = 10;
const CLI = join(import.meta.dirname, '../../../apps/cli/src/main.ts');

/** The short form of `pnpm chaos:sync`, which does 200. */
describe.runIf(requireService('sshd', 'rsync'))('workers that get kill -9 at random moments of real transfers', () => {
  let sshd: Sshd;
  let cache: string;

  beforeAll(async () => {
    sshd = await startSshd();
    cache = (await tempDir('longhaul-cache-')).path;
  });
  afterAll(async () => {
    await sshd[Symbol.asyncDispose]();
    rmSync(cache, { recursive: true, force: true });
  });

  it(`lose nothing, tear nothing, leave nothing (${String(RUNS)} runs)`, { timeout: 600_000 }, async () => {
    vi.stubEnv('NODE_COMPILE_CACHE', cache);
    let kills = 0;
    for (let seed = 1; seed <= RUNS; seed += 1) {
      const result = await syncRun({ seed, sshd, program: [process.execPath, '--conditions=@longhaul/source', CLI] });
      expect(result.violations, `again: pnpm chaos:sync --runs 1 --seed ${String(seed)}`).toEqual([]);
      kills += result.kills;
    }
    expect(kills).toBeGreaterThan(RUNS);
  });
});
