import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { SessionStartError } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import { processInfo } from '@longhaul/exec';
import type { RunDirectory, RunObservation, RunStore } from '@longhaul/sessions';
import { comparePlaces, hasEnded, RUN_FILES, systemWorld } from '@longhaul/sessions';

import { readContainerId } from './container-record.ts';
import { containerLauncherArgs } from './launcher/index.ts';

/** What launching needs. */
export interface LaunchPorts {
  readonly runs: RunStore;
  readonly runner: ProcessRunner;
  /** Absolute path of a POSIX shell. */
  readonly shell: string;
  /** Milliseconds until a launcher that says nothing is given up. */
  readonly startMs: number;
}

const POLL_MS = 5;
/** Between two looks at all records, which cost more than a look for two files. */
const OBSERVE_MS = 100;

/** Starts the launcher of a prepared run, detached; settles when the record says that the container runs, or how it ended. */
export async function launch(run: RunDirectory, ports: LaunchPorts): Promise<RunObservation> {
  const pid = await detachLauncher(run, ports, null);
  const end = performance.now() + ports.startMs;
  for (let observeAt = performance.now() + OBSERVE_MS; ; ) {
    const due = performance.now() > observeAt;
    if (due || hasFile(run, RUN_FILES.exit) || hasFile(run, RUN_FILES.start)) {
      const seen = ports.runs.observe(run);
      if (seen.reading.records.start !== null || hasEnded(seen.verdict)) return seen;
      // Its launcher was killed on the way: whether there is a job the engine knows, and whoever follows that launcher asks it.
      if (due && seen.verdict.kind === 'unknown' && seen.reading.records.container !== null) await adopt(seen, ports);
      if (due) observeAt = performance.now() + OBSERVE_MS;
    }
    if (!hasFile(run, RUN_FILES.launcher) && isGone(pid) && !hasFile(run, RUN_FILES.launcher)) throw silent(run, 'its launcher was ended before it could begin');
    if (performance.now() > end) throw silent(run, `its launcher said nothing for ${String(ports.startMs)} ms`);
    await delay(POLL_MS);
  }
}

/** Whether a run has a container whose end nobody is going to record: its launcher was killed. Not what a reboot ended. */
export function isUnsupervised({ reading: { records, run } }: Pick<RunObservation, 'reading'>): boolean {
  if (records.exit !== null || records.container === null || records.launcher === null || readContainerId(run) === null) return false;
  const { bootId, liveness } = systemWorld();
  return comparePlaces(records.launcher.bootId, bootId) === 'same' && liveness(records.launcher.pid, records.launcher.processStartTime) === 'dead';
}

/**
 * Goes on where a launcher was killed: waits for the container's end, records it and removes the container. Of any number of
 * processes that try, one does.
 */
export async function adopt({ reading }: RunObservation, ports: LaunchPorts): Promise<void> {
  const { launcher, start } = reading.records;
  // The one that adopted before stands in start.json too.
  const before = launcher ?? (start === null ? null : { pid: start.launcherPid, processStartTime: start.launcherStartTime });
  await detachLauncher(reading.run, ports, before === null ? 'nobody' : { pid: before.pid, startTime: before.processStartTime });
}

async function detachLauncher(run: RunDirectory, { runner, shell }: LaunchPorts, before: Parameters<typeof containerLauncherArgs>[1]): Promise<number> {
  // The environment of the engine's client is in a file: what else the caller has must not be seen in a process that lives for days.
  const started = await runner.detach({ program: shell, args: containerLauncherArgs(run, before), cwd: '/', env: { base: 'empty', set: { PATH: '/usr/bin:/bin' } } });
  if (started.kind === 'started') return started.pid;
  throw new SessionStartError(run.session, 'container', `the shell ${shell} could not be started`);
}

function silent(run: RunDirectory, reason: string): SessionStartError {
  return new SessionStartError(run.session, 'container', reason, { hint: `Is the machine very busy, or the engine? Look with \`longhaul status ${run.session}\`` });
}

function hasFile(run: RunDirectory, file: string): boolean {
  return existsSync(join(run.path, file));
}

function isGone(pid: number): boolean {
  const info = processInfo(pid);
  return info === null || info.state === 'zombie';
}
