import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { processInfo } from '@longhaul/exec';
import type { RunDirectory, RunObservation, RunStore } from '@longhaul/sessions';
import { hasEnded, RUN_FILES } from '@longhaul/sessions';

/** Between two looks for a file: one millisecond at first, for a start has 50; later less often, for then the machine has enough to do. */
const POLL_MS = { least: 1, most: 10, growth: 1 / 16 };
/** Between two looks at all records and at the launcher's process, which cost more than a look for two files. */
const OBSERVE_MS = 50;

/** What came of a launch. `vanished`: the launcher ended before its first act. `silent`: nothing within the time. */
export type Launch = { readonly kind: 'decided'; readonly seen: RunObservation } | { readonly kind: 'vanished' } | { readonly kind: 'silent' };

/** What {@link watchLaunch} needs to know. */
export interface LaunchWatch {
  readonly runs: RunStore;
  readonly timeoutMs: number;
  /** The launcher's pid, where tmux could still tell it. */
  readonly launcherPid: number | null;
}

/**
 * Waits until the record says that the job was executed, or that it ended.
 *
 * start.json is written by the process that then executes the job. On Linux we see when it has: until then its command line is
 * still that of our script, and a program that cannot be executed is not reported as running.
 */
export async function watchLaunch(run: RunDirectory, { runs, timeoutMs, launcherPid }: LaunchWatch): Promise<Launch> {
  const begin = performance.now();
  // The first look is due at once: what it loads is there when it matters.
  for (let observeAt = begin; ; ) {
    const due = performance.now() >= observeAt;
    if (due || hasFile(run, RUN_FILES.exit) || hasFile(run, RUN_FILES.start)) {
      const seen = runs.observe(run);
      if (isDecided(seen, run)) return { kind: 'decided', seen };
      if (seen.reading.records.launcher === null && launcherPid !== null && isGone(launcherPid) && !hasFile(run, RUN_FILES.launcher)) return { kind: 'vanished' };
      if (due) observeAt = performance.now() + OBSERVE_MS;
    }
    const elapsed = performance.now() - begin;
    if (elapsed > timeoutMs) return { kind: 'silent' };
    await delay(Math.min(POLL_MS.most, Math.max(POLL_MS.least, elapsed * POLL_MS.growth)));
  }
}

function isDecided({ verdict }: RunObservation, run: RunDirectory): boolean {
  return hasEnded(verdict) || (verdict.kind === 'running' && verdict.pid !== null && hasExecuted(verdict.pid, run));
}

function hasFile(run: RunDirectory, file: string): boolean {
  return existsSync(join(run.path, file));
}

function isGone(pid: number): boolean {
  const info = processInfo(pid);
  return info === null || info.state === 'zombie';
}

/**
 * Whether a process is no longer the launcher's script. Where nobody can see it, it is taken for executed.
 *
 * A process that is ending has no command line any more, and neither has one that blanked its own: only the latter still has a program.
 */
export function hasExecuted(pid: number, { stateDir }: Pick<RunDirectory, 'stateDir'>): boolean {
  if (process.platform !== 'linux') return true;
  try {
    const [, script = ''] = readFileSync(`/proc/${String(pid)}/cmdline`, 'utf8').split('\0');
    if (script === '') return hasProgram(pid);
    return !(script.startsWith(join(stateDir, 'launcher')) && script.endsWith('/job.sh'));
  } catch {
    // It ended since: exit.json will say how.
    return false;
  }
}

function hasProgram(pid: number): boolean {
  try {
    readlinkSync(`/proc/${String(pid)}/exe`);
    return true;
  } catch (error) {
    // Another user's (a setuid program) may not be read, and is there; one that is ending has none.
    return error instanceof Error && 'code' in error && (error.code === 'EACCES' || error.code === 'EPERM');
  }
}
