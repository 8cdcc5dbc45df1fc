import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { findRun, markers } from './run-catalog.ts';
import type { RunDirectory } from './run-directory.ts';
import { RUN_FILES } from './run-files.ts';
import { observeRun } from './run-observation.ts';
import type { RunId } from './run-record.ts';
import { hasEnded } from './run-verdict.ts';
import type { StateDirectory } from './state-directory.ts';
import type { World } from './world.ts';

/** Runs of which the launcher said that they ended, and nobody has taken notice yet; oldest first. */
export function endedMarkers(state: StateDirectory): readonly RunId[] {
  return markers(state.ended);
}

/** Notice was taken. Harmless when somebody was quicker. */
export function clearEndedMarker(state: StateDirectory, runId: RunId): void {
  rmSync(join(state.ended, runId), { force: true });
}

/**
 * Runs that have ended, have outputs, and whose outputs are not in the queue: by a reboot or a killed launcher there may be
 * no marker that says so. Runs that were replaced or removed since are among them. Costs one look per such run.
 */
export function unsettledRuns(state: StateDirectory, world: World): readonly RunDirectory[] {
  return markers(state.outputs).flatMap((runId) => {
    const run = findRun(state, runId);
    if (run === null || existsSync(join(run.path, RUN_FILES.outputsDone))) {
      rmSync(join(state.outputs, runId), { force: true });
      return [];
    }
    return hasEnded(observeRun(run, { world }).verdict) ? [run] : [];
  });
}

/** Whether outputs of this run still have to be put into the queue. */
export function hasUnsettledOutputs(state: StateDirectory, runId: RunId): boolean {
  return existsSync(join(state.outputs, runId));
}

/** The outputs of this run are in the queue, or never will be: it is not asked about again. */
export function markOutputsDone(state: StateDirectory, run: RunDirectory): void {
  writeFileSync(join(run.path, RUN_FILES.outputsDone), '', { mode: 0o600 });
  rmSync(join(state.outputs, run.runId), { force: true });
}
