import { BackendNotFoundError, ErrorCode, isLonghaulError, SessionConfigError, SessionNotFoundError } from '@longhaul/errors';

import type { Abandoned } from '../abandonment.ts';
import { readRunLog } from '../log/run-log.ts';
import type { CappedLog } from '../log/cap-logs.ts';
import type { SessionLogEvent } from '../log/session-log-event.ts';
import type { PruneReport, RetentionPolicy } from '../retention.ts';
import type { RunDirectory } from '../run-directory.ts';
import { parseRunId } from '../run-id.ts';
import { RunStore } from '../run-store.ts';
import type { AttachCommand, AttachOptions, ExecOptions, ListOptions, LogChunk, LogOptions, SendInput, SessionBackend, StopReport } from '../session-backend.ts';
import type { BackendKind, StopPolicy } from '../session-spec.ts';
import type { SessionStatus } from '../session-status.ts';
import type { Caller, SpecWarning, StartRequest } from '../spec/start-request.ts';
import type { World } from '../world.ts';
import { systemWorld } from '../world.ts';
import type { JobUsage, UsageOptions } from '../usage/job-usage.ts';
import { currentCaller } from './caller.ts';
import type { DefinedSession } from './defined-session.ts';
import { definedStatus } from './defined-session.ts';
import type { LocatedSession, LocateOptions } from './locate-session.ts';
import { isBackendNotFound, locateSession } from './locate-session.ts';
import type { MergedListing } from './merge-listings.ts';
import { mergeListings } from './merge-listings.ts';
import type { ReadyOutcome, ReadyWait } from '../ready/wait-until-ready.ts';
import type { SessionLogOptions } from './session-log-options.ts';
import type { SessionLogPorts } from './session-logs.ts';
import type { HistoryFilter } from './run-history.ts';
import { runHistory } from './run-history.ts';
import { startSession } from './start-session.ts';
import { hasLostLoop, takeUp } from './take-up.ts';
import type { WaitOptions, WaitOutcome } from './wait-for-exit.ts';
import { waitForExit } from './wait-for-exit.ts';

/** Options of {@link SessionManager}. */
export interface SessionManagerOptions {
  readonly stateDir: string;
  /** The first one starts what names none. */
  readonly backends: readonly SessionBackend[];
  /** Default: a store of its own on `stateDir`. */
  readonly runs?: RunStore | undefined;
  readonly world?: (() => World) | undefined;
  /** Sessions that a configuration describes, asked for when they are needed: they are listed as `defined` until they are started. */
  readonly defined?: (() => readonly DefinedSession[]) | undefined;
}

/** Says in which backend a session is, where two have the name. */
export interface BackendChoice {
  readonly backend?: BackendKind | undefined;
}

/** Options of a start. */
export interface StartOptions {
  /** Whose environment, directory, umask and terminal the job gets. Default: this process. */
  readonly caller?: Caller | undefined;
  readonly onWarning?: ((warning: SpecWarning) => void) | undefined;
}

/**
 * Sessions of one machine, whatever keeps them (design §4.1): names are claimed, runs recorded, and each operation goes to
 * the one backend that has the session.
 *
 * Every method that takes a name throws SessionNotFoundError, SessionAmbiguousError when two backends have it and
 * `backend` does not say which, BackendUnavailableError when that cannot be found out, and BackendNotFoundError when no
 * backend is installed.
 */
export class SessionManager implements AsyncDisposable {
  readonly runs: RunStore;
  readonly #backends: readonly SessionBackend[];
  readonly #world: () => World;
  readonly #defined: () => readonly DefinedSession[];

  constructor({ stateDir, backends, world = systemWorld, runs = new RunStore({ stateDir, world }), defined = () => [] }: SessionManagerOptions) {
    this.runs = runs;
    this.#backends = backends;
    this.#world = world;
    this.#defined = defined;
  }

  /**
   * Starts a session; an ended one of the same name gets a new run. Resolves after its record says started or ended.
   *
   * @throws SessionConfigError, SessionExistsError while the last run may live, SessionStartError
   */
  start(request: StartRequest, { caller = currentCaller(), onWarning = ignore }: StartOptions = {}): Promise<SessionStatus> {
    return startSession(request, { runs: this.runs, backends: this.#backends, caller, onWarning });
  }

  /** Ends the job by the stop contract (design §4.5). @throws SessionStopError */
  async stop(name: string, policy: StopPolicy = { how: 'graceful' }, choice: BackendChoice = {}): Promise<StopReport> {
    return (await this.#backendOf(name, choice)).stop(name, policy);
  }

  /**
   * Ends the job, where it goes on, and starts it again with the spec and the environment of its last start, whoever asks.
   *
   * @throws SessionConfigError for a session without a record, or whose environment is gone: then nothing is stopped; SessionStopError, SessionStartError
   */
  async restart(name: string, policy: StopPolicy = { how: 'graceful' }, choice: BackendChoice = {}): Promise<SessionStatus> {
    const { restartSession } = await import('./restart-session.ts');
    const { current, backend, kind } = await this.#locate(name, { ...choice, own: 'trust the record' });
    if (current === null) throw new SessionConfigError(`session "${name}" was not started by Longhaul: nothing records what it runs`, { hint: `End it and start it anew: longhaul start ${name} -- COMMAND ARG…` });
    return restartSession(current, { runs: this.runs, backend: present(backend, kind), policy });
  }

  /** All there is to know; from the record alone where the backend cannot be asked. */
  async status(name: string, choice: BackendChoice = {}): Promise<SessionStatus> {
    try {
      const { status } = await this.#locate(name, { ...choice, own: 'ask' });
      return hasLostLoop(status) && (await this.#takeUp(name)) ? (await this.#locate(name, { ...choice, own: 'ask' })).status : status;
    } catch (error) {
      const defined = saysThatThereIsNone(error) ? this.#defined().find((session) => session.name === name && (choice.backend === undefined || choice.backend === session.backend)) : undefined;
      if (defined === undefined) throw error;
      return definedStatus(defined);
    }
  }

  /** What the job of a session uses at this moment, or null where it does not run or cannot be seen. Takes 200 ms to measure. */
  async usage(status: SessionStatus, options: UsageOptions = {}): Promise<JobUsage | null> {
    // Few commands ask for it, and all are started often.
    const { jobUsage } = await import('../usage/job-usage.ts');
    return jobUsage(status, status.runId === null ? null : await this.runs.find(status.runId), options);
  }

  /** Every session of every backend, or ours alone; each is asked once. @throws BackendNotFoundError when none is installed and nothing is recorded */
  async list(options: ListOptions = {}): Promise<MergedListing> {
    const sources = { backends: this.#backends, runs: this.runs, defined: this.#defined(), options };
    const listing = await mergeListings(sources);
    const lost = listing.sessions.filter(hasLostLoop);
    if (lost.length === 0) return listing;
    const taken = await Promise.all(lost.map(({ name }) => this.#takeUp(name)));
    return taken.includes(true) ? mergeListings(sources) : listing;
  }

  /**
   * The log of the current run, or of the run `runId`, which may be one of a session that was removed. A session with a
   * record needs no backend for it. What is missing of the log is not said here: see {@link followLogs}.
   */
  async *logs(name: string, { backend, ...options }: LogOptions & BackendChoice = {}): AsyncGenerator<LogChunk> {
    const located = options.runId === undefined ? await this.#locate(name, { backend, own: 'trust the record' }) : null;
    const run = located === null ? await this.#runOf(name, options.runId ?? '') : (located.current?.reading.run ?? null);
    if (run !== null) yield* readRunLog(run, options, { world: this.#world });
    else yield* present(located?.backend, located?.kind).logs(name, options);
  }

  /**
   * The logs of one session as events: its output, what of it is missing and why, and, when it is followed, what becomes of the
   * session. Goes on over restarts, `remove` and a new start; each event of output has a cursor that another reader can go on from.
   *
   * @throws SessionConfigError for a cursor or run that is not this session's, or `since` where the log has no times
   */
  async *followLogs(name: string, { backend, ...options }: SessionLogOptions & BackendChoice = {}): AsyncGenerator<SessionLogEvent> {
    // Loaded by who reads: a start needs none of it.
    const { sessionLogs } = await import('./session-logs.ts');
    yield* sessionLogs(name, options, this.#logPorts(backend));
  }

  /** {@link followLogs} of several sessions as one stream, or of all that have a record, those that start later too. */
  async *followLogsOf(names: readonly string[] | 'all', { backend, ...options }: SessionLogOptions & BackendChoice = {}): AsyncGenerator<SessionLogEvent> {
    const { allLogs, namedLogs } = await import('./follow-sessions.ts');
    yield* names === 'all' ? allLogs(options, this.#logPorts(backend)) : namedLogs(names, options, this.#logPorts(backend));
  }

  /** The command that connects this terminal. @throws SessionAttachError when the terminal is lost or the session has ended */
  async attach(name: string, { backend, ...options }: AttachOptions & BackendChoice): Promise<AttachCommand> {
    return (await this.#backendOf(name, { backend })).attach(name, options);
  }

  /** Types into the terminal. @throws SessionAttachError when it is lost or the session has ended */
  async send(name: string, input: SendInput, choice: BackendChoice = {}): Promise<void> {
    await (await this.#backendOf(name, choice)).send(name, input);
  }

  /** The command that runs a program beside the job, with its directory and environment. */
  async exec(name: string, argv: readonly string[], { backend, ...options }: ExecOptions & BackendChoice = {}): Promise<AttachCommand> {
    return (await this.#backendOf(name, { backend })).exec(name, argv, options);
  }

  /**
   * Forgets an ended session: its name, its terminal, its environment. Its runs stay, with log and exit code, until
   * {@link prune}. A session without a record is forgotten by its backend.
   *
   * @throws SessionStopError while it may be running
   */
  async remove(name: string, choice: BackendChoice = {}): Promise<void> {
    const { backend, current, kind } = await this.#locate(name, { ...choice, own: 'trust the record' });
    if (current === null) return present(backend, kind).remove(name);
    const removal = await this.runs.claimRemoval(current.claim.session);
    try {
      await backend?.remove(name);
    } catch (error) {
      // Where its program is gone, nothing can be left there.
      if (!isBackendNotFound(error)) {
        this.runs.cancelRemoval(removal);
        throw error;
      }
    }
    this.runs.forget(removal);
  }

  /**
   * Gives up the name of a session of which nobody can tell from here whether its job lives: another machine or container started it, or its records are damaged.
   * The job is neither asked nor ended. Its runs stay; the last one says `abandoned`. No backend is told anything. `plan` only says what would be given up.
   *
   * @throws SessionStopError for what runs here
   */
  async abandon(name: string, { mode = 'give up', ...choice }: BackendChoice & { readonly mode?: 'plan' | 'give up' } = {}): Promise<Abandoned> {
    const { abandonSession } = await import('./abandon-session.ts');
    return abandonSession(await this.#locate(name, { ...choice, own: 'ask' }), { runs: this.runs, mode });
  }

  /**
   * Waits until the job counts as ready by the check of its spec; without one, until it runs. Under a restart policy an attempt that
   * crashes before is followed to the next one.
   *
   * @throws the signal's reason when it aborts; SessionConfigError for a session without a record
   */
  async waitUntilReady(name: string, { backend: kind, ...options }: ReadyWait & BackendChoice = {}): Promise<ReadyOutcome> {
    const { manageReadiness } = await import('./manage-readiness.ts');
    const { current, backend } = await this.#locateLive(name, kind);
    if (current === null) throw new SessionConfigError(`session "${name}" was not started by Longhaul: nothing says when it is ready`);
    return manageReadiness(current, options, { runs: this.runs, backend });
  }

  /**
   * Waits for the end of the current run, or of the one that is named; under a restart policy, for the end of its last attempt.
   *
   * @throws the signal's reason when it aborts; SessionConfigError for a session without a record
   */
  async wait(name: string, options: WaitOptions & BackendChoice): Promise<WaitOutcome> {
    if (options.runId !== undefined) return this.#waitFor(await this.#runOf(name, options.runId), options);
    const { current } = await this.#locateLive(name, options.backend);
    if (current !== null) return waitForExit(current.reading.run, options, this.#world);
    throw new SessionConfigError(`session "${name}" was not started by Longhaul: nothing records its end`, { hint: 'Only sessions with a run can be waited for: longhaul history' });
  }

  /** Every run that is kept, newest first, of removed sessions too. */
  history(filter: HistoryFilter = {}): Promise<readonly SessionStatus[]> {
    return runHistory(filter, this.runs);
  }

  /** Holds the logs of all sessions to the limits they were started with. To be called now and then where no launcher was told what does it (`holdLogs`). */
  async capLogs(): Promise<readonly CappedLog[]> {
    const { capLogs } = await import('../log/cap-logs.ts');
    return capLogs(this.runs);
  }

  /** Goes on with every restart loop whose launcher was killed: what `list` does, for who needs no list. */
  async takeUpLost(): Promise<void> {
    await Promise.all(this.runs.currentStatuses().filter(hasLostLoop).map(({ name }) => this.#takeUp(name)));
  }

  /** Drops finished runs; see {@link RetentionPolicy}. */
  prune(policy: RetentionPolicy): Promise<PruneReport> {
    return this.runs.prune(policy);
  }

  /** Disposes the backends. Sessions go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#backends.map((backend) => backend[Symbol.asyncDispose]()));
  }

  #logPorts(backend: BackendKind | undefined): SessionLogPorts {
    return { runs: this.runs, world: this.#world, locate: (name) => this.#locate(name, { backend, own: 'trust the record' }) };
  }

  /** {@link #locate}, after its restart loop was taken up where nobody is left to go on with it. */
  async #locateLive(name: string, backend: BackendKind | undefined): Promise<LocatedSession> {
    const located = await this.#locate(name, { backend, own: 'trust the record' });
    return hasLostLoop(located.status) && (await this.#takeUp(name)) ? this.#locate(name, { backend, own: 'trust the record' }) : located;
  }

  #takeUp(name: string): Promise<boolean> {
    return takeUp(name, { runs: this.runs, backends: this.#backends, world: this.#world });
  }

  #locate(name: string, options: Pick<LocateOptions, 'backend' | 'own'>): Promise<LocatedSession> {
    return locateSession(name, { ...options, runs: this.runs, backends: this.#backends, defined: this.#defined() });
  }

  async #backendOf(name: string, { backend }: Pick<LocateOptions, 'backend'>): Promise<SessionBackend> {
    const located = await this.#locate(name, { backend, own: 'trust the record' });
    return present(located.backend, located.kind);
  }

  async #waitFor(run: RunDirectory, options: WaitOptions): Promise<WaitOutcome> {
    const status = this.runs.currentStatus(run.session);
    if (status !== null && hasLostLoop(status)) await this.#takeUp(run.session);
    return waitForExit(run, options, this.#world);
  }

  async #runOf(name: string, rawRunId: string): Promise<RunDirectory> {
    const run = await this.runs.find(parseRunId(rawRunId));
    if (run?.session === name) return run;
    throw new SessionNotFoundError(name, `run ${rawRunId}`, { hint: `See its runs: longhaul history ${name}` });
  }
}

/** A machine without any backend has no session either. */
function saysThatThereIsNone(error: unknown): boolean {
  return isLonghaulError(error, ErrorCode.SESSION_NOT_FOUND) || isBackendNotFound(error);
}

/** The backend of a record may be one that this manager was not given. */
function present(backend: SessionBackend | null | undefined, kind = 'any backend'): SessionBackend {
  if (backend !== null && backend !== undefined) return backend;
  throw new BackendNotFoundError(kind, { message: `this Longhaul has no backend ${kind}, and the session needs it` });
}

function ignore(): void {
  // Warnings are for callers who ask for them.
}
