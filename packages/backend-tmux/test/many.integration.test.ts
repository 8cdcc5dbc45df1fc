import { requireService } from '@longhaul/testbed';
import { describe, expect, it } from 'vitest';

import { exitRecord, logOf, sh, tmuxBed } from './tmux-bed.ts';

const JOBS = 1000;
const AT_ONCE = 50;

/** Job n: prints a first and a last line of its own and exits with a code of its own; two of three end within milliseconds. */
function job(n: number): readonly string[] {
  return sh(`echo "first ${String(n)}"; ${n % 3 === 0 ? 'sleep 0.05;' : ''} echo "last ${String(n)}"; exit ${String(n % 128)}`);
}

describe.runIf(requireService('tmux', 'script'))('many jobs', () => {
  it('gets every exit code, first and last line of 1,000 short jobs, 50 at a time', { timeout: 240_000 }, async () => {
    const bed = await tmuxBed();
    const wrong: unknown[] = [];
    let next = 0;
    const one = async (n: number): Promise<void> => {
      const { run } = await bed.start(`job-${String(n)}`, job(n));
      const { exitCode, reason } = await exitRecord(bed, run);
      const log = await logOf(run);
      if (exitCode !== n % 128 || reason !== 'exit' || log !== `first ${String(n)}\r\nlast ${String(n)}\r\n`) wrong.push({ n, exitCode, reason, log });
    };
    const worker = async (): Promise<void> => {
      for (let n = next++; n < JOBS; n = next++) await one(n);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, worker));
    expect(wrong).toEqual([]);
  });
});
