import { setTimeout as delay } from 'node:timers/promises';

import type { CurrentRun } from '../current-run.ts';
import { comparePlaces } from '../process-place.ts';
import type { RunDirectory } from '../run-directory.ts';
import { siblingRun } from '../run-directory.ts';
import type { RunStore } from '../run-store.ts';
import type { SessionBackend } from '../session-backend.ts';
import { asSessionName } from '../session-name.ts';
import type { SessionStatus } from '../session-status.ts';
import type { World } from '../world.ts';
import { asBackendFailure } from './locate-session.ts';

/** What taking up a loop stands on. */
export interface TakeUpPorts {
  readonly runs: RunStore;
  readonly backends: readonly SessionBackend[];
  readonly world: () => World;
}

/** How long whoever goes on may take to say so, before the session is told of as it stands. */
const PATIENCE_MS = 10_000;
const POLL_MS = 20;

/** Whether the restart loop of a session has lost its launcher: nobody is left to start the next attempt. */
export function hasLostLoop({ managed, restart }: Pick<SessionStatus, 'managed' | 'restart'>): boolean {
  return managed && restart?.ended === 'lost';
}

/**
 * Goes on with the restart loop of a session whose launcher was killed (design §4.6: no restart is lost). Only where it was killed since this
 * machine was started: what a reboot ended is not started again by somebody who looks. A backend that cannot be asked leaves it as it is.
 *
 * @returns whether it is not lost any more: somebody else may have been quicker
 */
export async function takeUp(name: string, { runs, backends, world }: TakeUpPorts): Promise<boolean> {
  const checked = asSessionName(name);
  const current = checked === null ? null : runs.observeCurrent(checked);
  if (current === null || current.loop.kind !== 'over' || current.loop.why !== 'lost') return true;
  if (!isLostHere(current, world())) return false;
  const kind = current.claim.backend ?? current.reading.spec?.backend;
  const backend = backends.find((candidate) => candidate.kind === kind);
  if (backend?.takeUp === undefined) return false;
  try {
    await backend.takeUp(await unfinishedRun(current, runs));
  } catch (error) {
    // It stays lost, and is told so; the next who looks tries again.
    if (asBackendFailure(error) !== null) return false;
    throw error;
  }
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const seen = runs.observeCurrent(current.claim.session);
    if (seen === null || !isLostHere(seen, world())) return true;
    if (performance.now() > end) return false;
    await delay(POLL_MS);
  }
}

function isLostHere({ loop, reading: { records } }: CurrentRun, { bootId }: World): boolean {
  if (loop.kind !== 'over' || loop.why !== 'lost' || records.stop !== null) return false;
  const supervisor = records.launcher ?? records.start ?? records.starter;
  return supervisor !== null && comparePlaces(supervisor.bootId, bootId) === 'same';
}

/** The run to go on with: an attempt that was being made when its launcher was killed is made anew by the one before it. */
async function unfinishedRun({ reading: { run, spec, records } }: CurrentRun, runs: RunStore): Promise<RunDirectory> {
  const previous = spec?.previous ?? null;
  if (previous === null || records.launcher !== null) return run;
  const before = siblingRun(run, previous.runId);
  const { next } = await runs.records(before);
  return next === run.runId ? run : before;
}
