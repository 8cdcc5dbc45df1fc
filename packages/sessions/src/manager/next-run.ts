import { existsSync } from 'node:fs';

import { listClaims } from '../claim-files.ts';
import type { CurrentRun } from '../current-run.ts';
import { findRun, listRunIds } from '../run-catalog.ts';
import type { RunDirectory } from '../run-directory.ts';
import { siblingRun } from '../run-directory.ts';
import type { RunObservation } from '../run-observation.ts';
import type { RunStore } from '../run-store.ts';
import { StateDirectory } from '../state-directory.ts';
import { RunTrail } from './run-trail.ts';

/** What comes after a run in the logs of its session. */
export type NextRun =
  | { readonly kind: 'run'; readonly run: RunDirectory }
  | { readonly kind: 'restarting'; readonly attempt: number; readonly at: string | null }
  /** Nothing, as it is now: somebody may start the session again. */
  | { readonly kind: 'none' };

/**
 * What comes after an ended run: the attempt that its launcher says, or else the next run of the name, started by hand or after the
 * session was removed. No run in between is passed over, however short it was, and none that was shown before comes again.
 *
 * @param trail what is known already, for who asks again and again
 */
export function nextRun({ reading: { run, spec }, loop }: RunObservation, runs: RunStore, trail: RunTrail = new RunTrail()): NextRun {
  const attempt = nextAttempt({ reading: { run }, loop }, trail);
  if (attempt.kind !== 'none') return attempt;
  const next = runAfter({ ...run, claim: spec?.claim ?? null }, runs, trail);
  return next === null ? { kind: 'none' } : { kind: 'run', run: next };
}

/** What the restart policy of a run makes follow it. */
export function nextAttempt({ reading: { run }, loop }: { readonly reading: Pick<RunObservation['reading'], 'run'> } & Pick<RunObservation, 'loop'>, trail: RunTrail): NextRun {
  if (loop.kind === 'followed' && !trail.shown.has(loop.by)) {
    const next = siblingRun(run, loop.by);
    if (existsSync(next.path)) return { kind: 'run', run: next };
  }
  return loop.kind === 'waiting' ? { kind: 'restarting', attempt: loop.attempt, at: loop.at } : { kind: 'none' };
}

/** A run of which little may be left: its claim is null where no record says it. */
export type PlaceOfRun = Pick<RunDirectory, 'runId' | 'session' | 'stateDir'> & { readonly claim: number | null };

/**
 * The run of the session that came after this one, or null. Claims tell: their numbers grow from run to run, while ids go by the clock, which may
 * have been set back. Only where the session was removed in between, and its claims count from 1 again, ids are all there is.
 */
export function runAfter(place: PlaceOfRun, runs: RunStore, trail: RunTrail = new RunTrail()): RunDirectory | null {
  const current = runs.observeCurrent(place.session);
  const newer = oldestAfter({ place, current, trail });
  if (newer !== null || current === null || place.claim === null) return newer;
  const { run } = current.reading;
  const isLater = run.runId !== place.runId && !trail.shown.has(run.runId) && (current.claim.number > place.claim || !isClaimed(place));
  return isLater ? run : null;
}

interface Search {
  readonly place: PlaceOfRun;
  readonly current: CurrentRun | null;
  readonly trail: RunTrail;
}

/** The oldest by its id. Reads no more of the folder than is newer. */
function oldestAfter({ place, current, trail }: Search): RunDirectory | null {
  const state = new StateDirectory(place.stateDir);
  // A run with a lower claim is older, unless the session was removed since: then our claim is gone, and the run cannot be newer than the current one.
  const newest = place.claim === null || current === null || isClaimed(place) ? '' : current.reading.run.runId;
  for (const id of listRunIds(state)) {
    const found = id > place.runId && !trail.others.has(id) && !trail.shown.has(id) ? findRun(state, id) : null;
    if (found === null) continue;
    // One that is not known yet is just being made.
    if (found.session !== place.session) trail.others.add(id);
    else if (isHigher(trail.claimOf(found), place.claim) || id <= newest) return found;
  }
  return null;
}

/** Where one of the two does not say it, their ids decide. */
function isHigher(claim: number | null, than: number | null): boolean {
  return claim === null || than === null || claim > than;
}

/** Whether the claims of the session as it is now have this run among them. They keep the last two. */
function isClaimed({ runId, session, stateDir }: PlaceOfRun): boolean {
  return listClaims(new StateDirectory(stateDir), session).some((claim) => claim.kind === 'run' && claim.runId === runId);
}
