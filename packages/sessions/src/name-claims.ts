import { setTimeout as delay } from 'node:timers/promises';

import { SessionExistsError, SessionNotFoundError, SessionStopError } from '@longhaul/errors';

import { giveUpStart } from './abandoned-start.ts';
import type { Claim, UnreadableClaim } from './claim.ts';
import { isGivenUp } from './claim.ts';
import { createClaim, deleteClaim, listClaims } from './claim-files.ts';
import type { CurrentRun } from './current-run.ts';
import { currentRun, unreadableClaim } from './current-run.ts';
import { comparePlaces } from './process-place.ts';
import type { RunId } from './run-record.ts';
import type { RunVerdict, UnknownRun } from './run-verdict.ts';
import { hasEnded, isElsewhere } from './run-verdict.ts';
import { holdsName } from './run-observation.ts';
import type { SessionName } from './session-name.ts';
import type { BackendKind } from './session-spec.ts';
import type { StateDirectory } from './state-directory.ts';
import type { World } from './world.ts';
import { currentStarter } from './world.ts';

/** A removal takes milliseconds: whoever meets one waits this long for its end. */
const PATIENCE_MS = 2000;
const RETRY_MS = 10;

/** What claims need from outside. */
export interface ClaimPorts {
  readonly state: StateDirectory;
  readonly world: () => World;
}

/** A run that wants a name. */
export interface RunClaimRequest {
  readonly name: SessionName;
  readonly runId: RunId;
  readonly backend: BackendKind | null;
}

/**
 * Claims a name for a run: whoever creates the number above the highest claim has it. Of two at once, in one process or
 * two, one creates it and the other finds it taken.
 *
 * @throws SessionExistsError when a run that may live has the name
 */
export function claimForRun({ name, runId, backend }: RunClaimRequest, ports: ClaimPorts): Promise<Claim> {
  return contend({ name, ports, draft: () => ({ kind: 'run', runId, backend }), refuse: (current) => refuseRun(current, ports) });
}

/**
 * Claims a name in order to forget its session.
 *
 * @throws SessionNotFoundError when there is none, SessionStopError while its run may live
 */
export function claimForRemoval(name: SessionName, ports: ClaimPorts): Promise<Claim> {
  const notFound = (): SessionNotFoundError => new SessionNotFoundError(name, 'no run has this name');
  return contend({
    name,
    ports,
    draft: (current) => {
      if (current === null) throw notFound();
      return { kind: 'remove', runId: current.claim.runId, backend: current.claim.backend };
    },
    refuse: (current) => {
      if (current === null) throw notFound();
      if (!holdsName(current)) return Promise.resolve();
      throw new SessionStopError(name, backendOf(current), describeCurrent(current), { hint: current.verdict.kind === 'unknown' ? wayOut(name, current.verdict) : `End it first: longhaul stop ${name}` });
    },
  });
}

/**
 * Claims a name in order to give it up although its run may live, because that cannot be found out from here. Goes over a removal that somebody began
 * elsewhere, too: nobody can tell whether that goes on.
 *
 * @throws SessionNotFoundError when there is none, SessionStopError where the run is this machine's to judge
 */
export function claimForAbandoning(name: SessionName, ports: ClaimPorts): Promise<Claim> {
  const notFound = (): SessionNotFoundError => new SessionNotFoundError(name, 'no run has this name');
  return contend({
    name,
    ports,
    removals: 'those here',
    draft: (current) => {
      if (current === null) throw notFound();
      return { kind: 'remove', runId: current.claim.runId, backend: current.claim.backend };
    },
    refuse: (current) => {
      if (current === null) throw notFound();
      refuseWithinReach(current, ports.world());
      return Promise.resolve();
    },
  });
}

/** @throws SessionStopError for a run that may live and is this machine's to judge */
export function refuseWithinReach(current: CurrentRun, world: World): void {
  if (!holdsName(current) || isBeyondReach(current, world)) return;
  const name = current.claim.session;
  const hint = current.verdict.kind === 'unknown' ? `Only what was started elsewhere, or whose records are damaged, is abandoned. ${wayOut(name, current.verdict)}` : `It is here, and can be ended: longhaul stop ${name}`;
  throw new SessionStopError(name, backendOf(current), describeCurrent(current), { hint });
}

/** Whether nobody can tell from here what a run does, or a loop that is about to go on. */
function isBeyondReach({ verdict, loop, reading: { records } }: CurrentRun, world: World): boolean {
  if (verdict.kind === 'unknown') return verdict.why === 'elsewhere' || verdict.why === 'damaged';
  const supervisor = records.restart ?? records.keeper ?? records.launcher ?? records.start;
  return loop.kind === 'waiting' && supervisor !== null && isElsewhere({ bootId: supervisor.bootId, host: records.starter?.host ?? null }, world);
}

interface Contest {
  readonly name: SessionName;
  readonly ports: ClaimPorts;
  readonly draft: (current: CurrentRun | null) => Pick<Claim, 'kind' | 'runId' | 'backend'>;
  /** Whose removals are waited for, because they may be under way. Default: everybody's. */
  readonly removals?: 'those here';
  /** Throws when the name cannot be had over this run. */
  readonly refuse: (current: CurrentRun | null) => Promise<void>;
}

async function contend(contest: Contest): Promise<Claim> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    const top = topClaim(contest);
    const claim = top !== null && isBeingRemoved(top, contest) ? null : await tryClaim(contest, top);
    if (claim !== null) return claim;
    if (performance.now() > deadline) {
      const isStuck = top?.kind === 'remove' && isElsewhere(top.owner, contest.ports.world());
      const hint = isStuck ? `Another machine or container is removing it. Where that has stopped half way: longhaul remove --abandon ${contest.name}` : 'Others start or remove it at this very moment: try again';
      throw new SessionExistsError(contest.name, top?.backend ?? 'being claimed', { hint });
    }
    await delay(RETRY_MS);
  }
}

async function tryClaim({ name, ports, draft, refuse }: Contest, top: Claim | null): Promise<Claim | null> {
  const { state, world } = ports;
  const current = currentRun(name, { state, world: world() });
  await refuse(current);
  const claim: Claim = { session: name, number: (top?.number ?? 0) + 1, ...draft(current), owner: currentStarter() };
  if (createClaim(state, claim) !== 'created') return null;
  const [highest, below, ...older] = listClaims(state, name);
  // Nothing may stand above it, and what was judged must still stand right below: the whole folder may have been removed
  // and made anew since, and the numbers of a new one begin at 1.
  if (highest?.number !== claim.number || !isSame(below, top)) {
    deleteClaim(state, claim);
    return null;
  }
  // The claim of the run before stays: it counts again if this one is given up.
  for (const old of older) if (current !== null && old.number < current.claim.number) deleteClaim(state, old);
  return claim;
}

async function refuseRun(current: CurrentRun | null, { world }: ClaimPorts): Promise<void> {
  if (current === null) return;
  const { reading, verdict } = current;
  if (holdsName(current)) throw existsError(current);
  const unanswered = hasEnded(verdict) && verdict.recorded === null && verdict.reason === 'start-failed' && reading.exists;
  if (!unanswered) return;
  const outcome = await giveUpStart(reading.run, { world, requestedBy: 'longhaul start, after a start that was interrupted' });
  if (outcome === 'came up') throw existsError(current);
}

function existsError(current: CurrentRun): SessionExistsError {
  const { verdict, claim, loop } = current;
  const context = { runId: claim.runId, state: loop.kind === 'waiting' ? 'restarting' : verdict.kind };
  if (loop.kind === 'waiting') return new SessionExistsError(claim.session, backendOf(current), { context, hint: `It has ended and is about to be started again. End that first: longhaul stop ${claim.session}` });
  if (verdict.kind === 'running') return new SessionExistsError(claim.session, backendOf(current), { context });
  const hint = verdict.kind === 'unknown' ? `Its state is not known (${verdict.reason}), so its name is kept. ${wayOut(claim.session, verdict)}` : 'It is being started at this moment';
  return new SessionExistsError(claim.session, backendOf(current), { context, hint });
}

/** What to do with a run that nobody can judge from here. */
export function wayOut(name: string, { why }: Pick<UnknownRun, 'why'>): string {
  if (why === 'unseen') return 'Ask again when its engine answers, or as the user who started it. See longhaul doctor';
  return `Look and end it where it was started. Where that cannot be done any more, give its name up: longhaul remove --abandon ${name}`;
}

/** Why a session keeps its name, for a person. */
function describeCurrent({ verdict, loop }: CurrentRun): string {
  return loop.kind === 'waiting' ? `it is about to be started again (attempt ${String(loop.attempt)})` : describeVerdict(verdict);
}

/** Why a run keeps its name, for a person. */
export function describeVerdict(verdict: RunVerdict): string {
  switch (verdict.kind) {
    case 'starting':
      return 'it is being started';
    case 'running':
      return verdict.pid === null ? 'its job has ended and its log is being written' : `its job runs as process ${String(verdict.pid)}`;
    case 'unknown':
      return verdict.reason;
    case 'stopped':
    case 'exited':
      return 'it has ended';
  }
}

function backendOf({ claim, reading }: CurrentRun): string {
  return claim.backend ?? reading.spec?.backend ?? 'backend not known';
}

/** Its owner is forgetting the session: what is there now is gone in a moment. */
function isBeingRemoved(top: Claim, { ports, removals }: Contest): boolean {
  const world = ports.world();
  if (top.kind !== 'remove' || isGivenUp(top)) return false;
  if (isElsewhere(top.owner, world)) return removals !== 'those here';
  return comparePlaces(top.owner.bootId, world.bootId) === 'same' && world.liveness(top.owner.pid, top.owner.startTime) !== 'dead';
}

function isSame(below: Claim | UnreadableClaim | undefined, judged: Claim | null): boolean {
  if (below === undefined || judged === null) return below === undefined && judged === null;
  return below.kind === judged.kind && below.number === judged.number && below.runId === judged.runId;
}

function topClaim({ name, ports }: Contest): Claim | null {
  const [top] = listClaims(ports.state, name);
  if (top?.kind === 'unreadable') throw unreadableClaim(top);
  return top ?? null;
}
