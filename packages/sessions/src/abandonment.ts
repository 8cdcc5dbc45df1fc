import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { SessionNotFoundError, SessionStopError } from '@longhaul/errors';

import type { Claim } from './claim.ts';
import { givenUp } from './claim.ts';
import { deleteClaim, listClaims, replaceClaim } from './claim-files.ts';
import type { CurrentRun } from './current-run.ts';
import { currentRun } from './current-run.ts';
import { describeWriteFailure } from './errno.ts';
import type { ClaimPorts } from './name-claims.ts';
import { claimForAbandoning, describeVerdict, refuseWithinReach } from './name-claims.ts';
import type { RunDirectory } from './run-directory.ts';
import { RECORD_SCHEMA_VERSION, RUN_FILES } from './run-files.ts';
import { holdsName } from './run-observation.ts';
import type { AbandonRecord, RunId } from './run-record.ts';
import type { SessionName } from './session-name.ts';
import { removeEnvFiles, removeSessionFolder } from './session-removal.ts';
import type { StateDirectory } from './state-directory.ts';

/** What {@link abandon} needs. */
export interface AbandonPorts extends ClaimPorts {
  /** Processes of this machine that carry a run's tag: proof that its job runs here, whatever its records say. */
  readonly tagged: (runId: RunId) => Promise<readonly number[]>;
  /** Recorded in abandoned.json. */
  readonly by: string;
}

/** What was given up. */
export interface Abandoned {
  readonly runId: RunId;
  /** Why nobody could tell what its job does; null where it had ended, so that there was nothing but the name to give up. */
  readonly reason: string | null;
}

/**
 * Gives up the name of a session of which nobody can tell from here whether its job lives: another machine or PID namespace started it, or its records are
 * damaged. The job is neither asked nor ended; its run stays in the history, where it says `abandoned`. Killed half way, it has changed nothing, or all but the name.
 *
 * @throws SessionNotFoundError, SessionStopError where the run is this machine's to judge, or a process of it runs here
 */
export async function abandon(name: SessionName, ports: AbandonPorts): Promise<Abandoned> {
  const { state, world } = ports;
  const claim = await claimForAbandoning(name, ports);
  try {
    const current = currentRun(name, { state, world: world(), below: claim.number });
    const reason = current === null ? null : await reasonFor(current, ports);
    if (current !== null && reason !== null) record(current.reading.run, { at: new Date().toISOString(), by: ports.by, reason });
    // Without a policy that is known nothing comes back.
    if (current?.reading.spec?.restart.mode === 'no') removeSessionFolder(claim, state);
    else letGo(claim, state);
    return { runId: claim.runId, reason };
  } catch (error) {
    deleteClaim(state, claim);
    throw error;
  }
}

/** What {@link abandon} would give up. @throws what it would throw */
export async function planAbandoning(name: SessionName, ports: AbandonPorts): Promise<Abandoned> {
  const world = ports.world();
  const current = currentRun(name, { state: ports.state, world });
  if (current === null) throw new SessionNotFoundError(name, 'no run has this name');
  refuseWithinReach(current, world);
  return { runId: current.claim.runId, reason: await reasonFor(current, ports) };
}

async function reasonFor(current: CurrentRun, { tagged }: AbandonPorts): Promise<string | null> {
  if (!holdsName(current)) return null;
  const { claim, reading } = current;
  const pids = await tagged(reading.run.runId);
  if (pids.length === 0) return reasonOf(current);
  throw new SessionStopError(claim.session, claim.backend ?? 'record', `process ${pids.join(', ')} of it runs here, whatever its records say`, { hint: `End it first: kill ${pids.join(' ')}` });
}

function reasonOf({ verdict, loop }: CurrentRun): string {
  return loop.kind === 'waiting' ? `attempt ${String(loop.attempt)} of it was about to be started elsewhere` : describeVerdict(verdict);
}

function record(run: RunDirectory, abandoned: AbandonRecord): void {
  const path = join(run.path, RUN_FILES.abandoned);
  const draft = `${path}.${String(process.pid)}.tmp`;
  try {
    writeFileSync(draft, `${JSON.stringify({ schemaVersion: RECORD_SCHEMA_VERSION, ...abandoned })}\n`, { mode: 0o600 });
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    const failure = describeWriteFailure(error);
    throw failure === null ? error : new SessionStopError(run.session, 'record', failure.what, { hint: failure.hint, cause: error });
  }
}

/**
 * For a restart loop: nothing has the name any more, and yet the numbers of its claims go on: a launcher elsewhere that starts its next attempt finds the number above its own taken,
 * and gives way.
 */
function letGo(claim: Claim, state: StateDirectory): void {
  replaceClaim(state, givenUp(claim));
  for (const { number } of listClaims(state, claim.session)) if (number < claim.number) deleteClaim(state, { session: claim.session, number });
  rmSync(join(state.session(claim.session), 'current'), { force: true });
  removeEnvFiles(claim.session, { keep: [], state });
}
