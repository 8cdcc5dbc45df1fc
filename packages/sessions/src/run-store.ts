import { existsSync } from 'node:fs';

import { SessionConfigError, SessionStartError } from '@longhaul/errors';

import type { Abandoned, AbandonPorts } from './abandonment.ts';
import { giveUpStart } from './abandoned-start.ts';
import type { Claim } from './claim.ts';
import { deleteClaim, listClaims } from './claim-files.ts';
import type { CurrentRun } from './current-run.ts';
import { currentRun, currentStatus } from './current-run.ts';
import { describeWriteFailure } from './errno.ts';
import { environmentFile, writeLaunchFiles, writeRestartFiles } from './launcher/index.ts';
import { claimForRemoval, claimForRun } from './name-claims.ts';
import { clearEndedMarker, endedMarkers, markOutputsDone, unsettledRuns } from './output-settlement.ts';
import type { RecordedSpec } from './recorded-spec.ts';
import type { PruneReport, RetentionPolicy } from './retention.ts';
import { prune } from './retention.ts';
import type { RunFilter } from './run-catalog.ts';
import { findRun, listRuns, listSessionNames } from './run-catalog.ts';
import type { RunDirectory } from './run-directory.ts';
import type { RunObservation } from './run-observation.ts';
import { hasLauncherTraces, isUnprepared, observeRun } from './run-observation.ts';
import { createRunFolder, discardClaim, pointCurrentAt } from './run-preparation.ts';
import type { RunRecords, RunId } from './run-record.ts';
import { readRun } from './run-reader.ts';
import { statusFromRun } from './run-status.ts';
import { NEVER_STARTED } from './run-verdict.ts';
import type { SessionName } from './session-name.ts';
import { collectRemoved, removeEnvFiles, removeSessionFolder } from './session-removal.ts';
import type { BackendKind, SessionSpec } from './session-spec.ts';
import type { SessionStatus } from './session-status.ts';
import { listStatuses } from './status-list.ts';
import { StateDirectory } from './state-directory.ts';
import type { World } from './world.ts';
import { systemWorld } from './world.ts';

/** Writes what the launcher needs into a run's folder: command.sh, the env file, the scripts. */
export type LaunchFilesWriter = (spec: SessionSpec, run: RunDirectory) => Promise<void>;

/** Options of {@link RunStore}. */
export interface RunStoreOptions {
  /** `<state>` (design §7); made when something is written. */
  readonly stateDir: string;
  /** The machine as verdicts see it; anew for each question. */
  readonly world?: () => World;
  /** Default: those of the launcher of this package. */
  readonly writeLaunchFiles?: LaunchFilesWriter;
}

/** A session whose name was claimed, or was not: see {@link RunStore.release}. */
export type Release = 'released' | 'kept';

/**
 * Names, runs and their records (design §4.2), without any backend. Any number of processes may use one state directory
 * at a time. Everything it says comes from files and from /proc: nothing is started.
 *
 * All methods throw SessionConfigError when the state directory is another user's.
 */
export class RunStore {
  readonly stateDir: string;
  readonly #state: StateDirectory;
  readonly #world: () => World;
  readonly #writeLaunchFiles: LaunchFilesWriter;

  constructor({ stateDir, world = systemWorld, writeLaunchFiles: writer = writeLaunchFiles }: RunStoreOptions) {
    this.#state = new StateDirectory(stateDir);
    this.stateDir = this.#state.path;
    this.#world = world;
    this.#writeLaunchFiles = writer;
  }

  /**
   * Claims a name for a run. Of any number at once, one has it; a crash of the owner gives it back.
   *
   * @throws SessionExistsError when a run that may live has the name, SessionStartError when the state directory cannot be written
   */
  async claim(name: SessionName, runId: RunId, { backend = null }: { readonly backend?: BackendKind | null } = {}): Promise<Claim> {
    try {
      this.#state.create();
      return await claimForRun({ name, runId, backend }, { state: this.#state, world: this.#world });
    } catch (error) {
      throw startError(error, { name, backend });
    }
  }

  /**
   * Makes the folder of a claimed run and all that its launcher needs. Where that fails, nothing is left and the name is
   * free again.
   *
   * @throws SessionStartError when the state directory cannot be written
   */
  async prepare(spec: SessionSpec, claim: Claim): Promise<RunDirectory> {
    try {
      const run = createRunFolder(spec, claim, this.#state);
      await this.#writeLaunchFiles(spec, run);
      if (spec.restart.mode !== 'no') writeRestartFiles(spec, run, claim);
      pointCurrentAt(run, this.#state);
      this.#forgetEnvironments(run, claim);
      return run;
    } catch (error) {
      this.#discard(claim);
      throw startError(error, { name: claim.session, backend: spec.backend });
    }
  }

  /**
   * Gives a claim back because its backend could not start it. `kept`: its launcher did come up, or has left a record of
   * how it ended: then the run stays what the session is.
   */
  async release(claim: Claim): Promise<Release> {
    const run = this.#state.run(claim.runId, claim.session);
    if (existsSync(run.path)) {
      const outcome = await giveUpStart(run, { world: this.#world, requestedBy: 'longhaul start, after its backend failed' });
      if (outcome === 'came up' || hasLauncherTraces(readRun(run).records)) return 'kept';
    }
    this.#discard(claim);
    return 'released';
  }

  /** The run that has this name, or null. @throws SessionConfigError when its claim is of a newer version */
  current(name: SessionName): Promise<RunDirectory | null> {
    return later(() => this.observeCurrent(name)?.reading.run ?? null);
  }

  /** {@link current} with its records and its verdict. */
  observeCurrent(name: SessionName): CurrentRun | null {
    return this.#state.exists() ? currentRun(name, { state: this.#state, world: this.#world() }) : null;
  }

  /** What the record says of the session of this name, or null where there is none. Unreadable is `unknown`, never null. */
  currentStatus(name: SessionName): SessionStatus | null {
    return this.#state.exists() ? currentStatus(name, { state: this.#state, world: this.#world() }) : null;
  }

  /** {@link currentStatus} of every session, by name. Nothing is started, however many there are. */
  currentStatuses({ backend, except }: { readonly backend?: BackendKind; readonly except?: ReadonlySet<string> } = {}): readonly SessionStatus[] {
    if (!this.#state.exists()) return [];
    const names = listSessionNames(this.#state).filter((name) => except?.has(name) !== true);
    const all = listStatuses(names, { state: this.#state, world: this.#world() });
    return all.filter((status) => backend === undefined || status.backend === backend);
  }

  /** Names that have a folder, sorted; for one that is being given up {@link current} is null. */
  names(): Promise<readonly SessionName[]> {
    return later(() => (this.#state.exists() ? listSessionNames(this.#state) : []));
  }

  /** Runs of all sessions, of removed ones too, newest first. */
  runs(filter: RunFilter = {}): Promise<readonly RunDirectory[]> {
    return later(() => (this.#state.exists() ? listRuns(this.#state, filter) : []));
  }

  /** A run by its id, or null where there is none (any more). */
  find(runId: RunId): Promise<RunDirectory | null> {
    return later(() => (this.#state.exists() ? findRun(this.#state, runId) : null));
  }

  /** All records of a run at this moment. What cannot be read is in `damaged`. */
  records(run: RunDirectory): Promise<RunRecords> {
    return later(() => readRun(run).records);
  }

  /** What was asked for a run. @throws SessionConfigError when its spec.json is missing or damaged */
  recordedSpec(run: RunDirectory): Promise<RecordedSpec> {
    return later(() => {
      const { spec, records } = readRun(run);
      if (spec !== null) return spec;
      const problem = records.damaged[0]?.problem ?? 'it is missing';
      throw new SessionConfigError(`what was asked for run ${run.runId} of session "${run.session}" cannot be read: ${problem}`);
    });
  }

  /** Reads and judges a run. */
  observe(run: RunDirectory): RunObservation {
    const seen = observeRun(run, { world: this.#world() });
    return isUnprepared(seen) ? this.#observeClaimed(run, seen) : seen;
  }

  /** A start that was killed before it wrote what it was asked: the claim says who it was, and goes only when that start is known to be dead. */
  #observeClaimed(run: RunDirectory, seen: RunObservation): RunObservation {
    const claims = listClaims(this.#state, run.session);
    const own = claims.find((claim) => claim.kind === 'run' && claim.runId === run.runId);
    if (own?.kind === 'run') return observeRun(run, { world: this.#world(), starter: own.owner });
    if (claims.some(({ kind }) => kind === 'unreadable')) return seen;
    return { ...seen, verdict: NEVER_STARTED };
  }

  /** What the record alone says of a run. */
  status(run: RunDirectory): SessionStatus {
    return statusFromRun(this.observe(run));
  }

  /**
   * Claims a session for removal, which a start waits for. To be followed by {@link forget} or {@link cancelRemoval}.
   *
   * @throws SessionNotFoundError, SessionStopError while its run may live
   */
  async claimRemoval(name: SessionName): Promise<Claim> {
    this.#state.create();
    return claimForRemoval(name, { state: this.#state, world: this.#world });
  }

  /** Forgets the session: its name is free, its runs stay until retention. */
  forget(removal: Claim): void {
    removeSessionFolder(removal, this.#state);
    collectRemoved(this.#state);
  }

  /** Gives up the name of a session of which nobody can tell from here whether its job lives, or only says what that would be; see `SessionManager.abandon`. */
  async abandon(name: SessionName, { mode, ...ports }: Pick<AbandonPorts, 'by' | 'tagged'> & { readonly mode: 'plan' | 'give up' }): Promise<Abandoned> {
    this.#state.create();
    const { abandon, planAbandoning } = await import('./abandonment.ts');
    return (mode === 'plan' ? planAbandoning : abandon)(name, { state: this.#state, world: this.#world, ...ports });
  }

  /** Leaves the session as it was. */
  cancelRemoval(removal: Claim): void {
    deleteClaim(this.#state, removal);
  }

  /** Runs of which the launcher said that they ended, oldest first, until {@link clearEndedMarker}. */
  endedMarkers(): Promise<readonly RunId[]> {
    return later(() => (this.#state.exists() ? endedMarkers(this.#state) : []));
  }

  clearEndedMarker(runId: RunId): Promise<void> {
    return later(() => clearEndedMarker(this.#state, runId));
  }

  /** Runs that have ended, have outputs, and were not marked by {@link markOutputsDone}: also after a reboot or a killed launcher. */
  unsettledRuns(): Promise<readonly RunDirectory[]> {
    return later(() => (this.#state.exists() ? unsettledRuns(this.#state, this.#world()) : []));
  }

  /** Says that the outputs of this run are in the queue, or never will be. */
  markOutputsDone(run: RunDirectory): Promise<void> {
    return later(() => markOutputsDone(this.#state, run));
  }

  /** Drops finished runs by number, age and size; never the current run of a session, one that may live, or one with outputs to be sent. */
  prune(policy: RetentionPolicy): Promise<PruneReport> {
    return later(() => (this.#state.exists() ? prune(policy, { state: this.#state, world: this.#world() }) : { removed: [], freedBytes: 0 }));
  }

  /** Those of the starts before the last one: that one counts again where this one fails. */
  #forgetEnvironments(run: RunDirectory, claim: Claim): void {
    const reading = this.#below(claim)?.reading;
    const before = reading === undefined ? [] : [environmentFile(reading.run, reading.spec?.firstRunId ?? reading.run.runId)];
    removeEnvFiles(run.session, { keep: [run.envFile, ...before], state: this.#state });
  }

  #below({ session, number }: Claim): CurrentRun | null {
    return currentRun(session, { state: this.#state, world: this.#world(), below: number });
  }

  #discard(claim: Claim): void {
    const below = this.#below(claim);
    discardClaim(claim, below?.reading.run ?? null, this.#state);
  }
}

function startError(error: unknown, { name, backend }: { readonly name: string; readonly backend: BackendKind | null }): unknown {
  const failure = describeWriteFailure(error);
  return failure === null ? error : new SessionStartError(name, backend ?? 'any backend', failure.what, { hint: failure.hint, cause: error });
}

/** Synchronous work behind a promise: what it throws rejects. */
function later<T>(work: () => T): Promise<T> {
  return new Promise((resolve) => resolve(work()));
}
