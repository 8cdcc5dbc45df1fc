import { SessionConfigError } from '@longhaul/errors';

import type { Claim, UnreadableClaim } from './claim.ts';
import { highestClaim, listClaims } from './claim-files.ts';
import type { RunObservation } from './run-observation.ts';
import { observeRun } from './run-observation.ts';
import type { RestartLoop } from './restart/restart-loop.ts';
import { statusFromRun } from './run-status.ts';
import { hasEnded } from './run-verdict.ts';
import type { SessionName } from './session-name.ts';
import type { SessionStatus } from './session-status.ts';
import { EMPTY_STATUS } from './session-status.ts';
import type { StateDirectory } from './state-directory.ts';
import type { World } from './world.ts';

/** The run that has a session's name, and how it is. */
export interface CurrentRun extends RunObservation {
  readonly claim: Claim;
}

/** Where and how to look. */
export interface CurrentRunOptions {
  readonly state: StateDirectory;
  readonly world: World;
  /** Only claims with a lower number count: what is current when the claim with this one is gone. */
  readonly below?: number;
}

/**
 * The run that has the name now, or null. A claim for removal changes nothing until the session's folder is gone; a claim
 * whose owner died before it had made the run's folder is void; then the one below it counts.
 *
 * @throws SessionConfigError when the deciding claim is of a newer version
 */
export function currentRun(name: SessionName, options: CurrentRunOptions): CurrentRun | null {
  const { below = Infinity } = options;
  const highest = highestClaim(options.state, name);
  if (highest === null) return null;
  const found = highest.number < below ? observeClaim(highest, options) : null;
  if (found !== null && !isBeingMade(found)) return found;
  for (const claim of listClaims(options.state, name)) {
    if (claim.number >= below || claim.number === found?.claim.number) continue;
    const next = observeClaim(claim, options);
    // Until the next attempt has a record of its own, the one before it tells more: that it is about to come back, or was when its launcher was killed.
    if (next !== null) return found === null || isUnfinishedLoop(next.loop) ? next : found;
  }
  return found;
}

/** Nothing was written of it yet, by a process that works on it or was killed at that. */
function isBeingMade({ reading: { spec, records }, verdict }: CurrentRun): boolean {
  const mayBe = verdict.kind === 'starting' || (hasEnded(verdict) && verdict.reason === 'start-failed' && verdict.recorded === null);
  return mayBe && spec === null && records.damaged.length === 0;
}

function isUnfinishedLoop(loop: RestartLoop): boolean {
  return loop.kind === 'waiting' || (loop.kind === 'over' && loop.why === 'lost');
}

/** {@link currentRun} as a status: a session whose records cannot be read is `unknown`, never absent. */
export function currentStatus(name: SessionName, options: CurrentRunOptions): SessionStatus | null {
  try {
    const current = currentRun(name, options);
    return current === null ? null : statusFromRun({ ...current, backend: current.claim.backend });
  } catch (error) {
    return unknownStatus(name, error instanceof Error ? error.message : String(error));
  }
}

function observeClaim(claim: Claim | UnreadableClaim, { state, world }: CurrentRunOptions): CurrentRun | null {
  if (claim.kind === 'unreadable') throw unreadableClaim(claim);
  if (claim.kind === 'remove') return null;
  const observation = observeRun(state.run(claim.runId, claim.session), { world, starter: claim.owner });
  const { reading, verdict } = observation;
  const isVoid = !reading.exists && verdict.kind === 'exited';
  return isVoid ? null : { claim, ...observation };
}

/** The error for a claim that nobody may decide over. */
export function unreadableClaim({ session, number }: UnreadableClaim): SessionConfigError {
  return new SessionConfigError(`claim ${number} of session "${session}" cannot be read`, { hint: 'It may be of a newer version of Longhaul: update this one' });
}

function unknownStatus(name: SessionName, unknownReason: string): SessionStatus {
  return { ...EMPTY_STATUS, name, backend: 'tmux', state: 'unknown', terminal: 'unknown', unknownReason };
}
