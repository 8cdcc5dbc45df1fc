import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import type { RunDirectory, RunObservation, RunStore } from '@longhaul/sessions';
import { hasEnded, RUN_FILES } from '@longhaul/sessions';

const POLL_MS = 2;
/** Between two looks at all records and at the launcher's process, which cost more than a look for two files. */
const OBSERVE_MS = 50;

/**
 * Waits until the record says that the job was executed, or that it ended. `null`: neither within the time.
 *
 * start.json is written by the process that then executes the job. On Linux we see when it has: until then its command line is
 * still that of our script, and a program that cannot be executed is not reported as running.
 */
export async function watchLaunch(run: RunDirectory, runs: RunStore, timeoutMs: number): Promise<RunObservation | null> {
  const end = performance.now() + timeoutMs;
  for (let observeAt = performance.now() + OBSERVE_MS; ; ) {
    if (existsSync(join(run.path, RUN_FILES.exit))) return runs.observe(run);
    const started = existsSync(join(run.path, RUN_FILES.start));
    if (started || performance.now() > observeAt) {
      const seen = runs.observe(run);
      if (hasEnded(seen.verdict) || (seen.verdict.kind === 'running' && seen.verdict.pid !== null && hasExecuted(seen.verdict.pid, run))) return seen;
      observeAt = performance.now() + OBSERVE_MS;
    }
    if (performance.now() > end) return null;
    await delay(POLL_MS);
  }
}

/** Whether a process is no longer the launcher's script. Where nobody can see it, it is taken for executed. */
function hasExecuted(pid: number, { stateDir }: RunDirectory): boolean {
  if (process.platform !== 'linux') return true;
  try {
    const [, script = ''] = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').split('\0');
    return !(script.startsWith(join(stateDir, 'launcher')) && script.endsWith('/job.sh'));
  } catch {
    // It ended since: exit.json will say how.
    return false;
  }
}
