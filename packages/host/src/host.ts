import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';

import type { Environment, LoadedConfig } from '@longhaul/config';
import type { ProcessRunner } from '@longhaul/exec';
import type { RunId, RunStore, SessionManager, SessionStatus, StartRequest, StopPolicy } from '@longhaul/sessions';
import { STATE_FOLDERS } from '@longhaul/sessions';

import { DestinationRegistry } from './destinations/destination-registry.ts';
import type { SessionJobs } from './outputs/kept-after-removal.ts';
import type { OutputOutcome } from './outputs/output-record.ts';
import type { OutputState } from './outputs/output-state.ts';
import type { StartInput } from './start-input.ts';
import { requestOf } from './start-input.ts';
import type { SyncHost } from './sync/sync-host.ts';

/** A log that has just begun has no need of a limit yet. */
const JUST_NOW_MS = 5000;

/** What a host is made of; {@link openHost} makes it. */
export interface HostParts {
  readonly config: LoadedConfig;
  /** Reads the configuration again, from where it was found. @throws ConfigError */
  readonly readConfig: () => Promise<LoadedConfig>;
  readonly stateDir: string;
  readonly cwd: string;
  readonly env: Environment;
  readonly program: readonly string[] | null;
  readonly runner: ProcessRunner;
  readonly sessions: SessionManager;
}

/** A session that was started, and what was noticed on the way. */
export interface Started {
  readonly status: SessionStatus;
  readonly warnings: readonly string[];
}

/**
 * One machine: its configuration, its sessions, and, once asked for, its sync (design §6). Sessions alone load neither the
 * queue nor the transports.
 */
export class Host implements AsyncDisposable {
  readonly stateDir: string;
  readonly sessions: SessionManager;
  readonly destinations: DestinationRegistry;
  #parts: HostParts;
  #sync: Promise<SyncHost> | null = null;

  constructor(parts: HostParts) {
    this.#parts = parts;
    this.stateDir = parts.stateDir;
    this.sessions = parts.sessions;
    this.destinations = new DestinationRegistry(parts.stateDir);
  }

  get config(): LoadedConfig {
    return this.#parts.config;
  }

  /**
   * Reads the configuration again and goes by it from now on: what runs goes on with it, nothing is interrupted. The socket of tmux stays what it was.
   * @throws ConfigError; then the configuration is as it was
   */
  async reload(): Promise<void> {
    const config = await this.#parts.readConfig();
    await (await this.#sync)?.adopt(config);
    this.#parts = { ...this.#parts, config };
  }

  get runs(): RunStore {
    return this.sessions.runs;
  }

  /** For who is about to put something into the queue and to wait for it; see SyncHost.ensureWorker. */
  async startWorkerAhead(): Promise<number | null> {
    const { startWorkerAhead } = await import('./worker/ensure-worker.ts');
    const { stateDir, program, runner, env } = this.#parts;
    return await startWorkerAhead({ stateDir, program, runner, env });
  }

  /** The queue, the transports and the workers. Loaded at the first call. */
  sync(): Promise<SyncHost> {
    this.#sync ??= this.#openSync();
    return this.#sync;
  }

  /**
   * Starts a session as the command line and the configuration ask for it. With outputs, the launcher calls back when it ends.
   *
   * @throws SessionConfigError, ConfigError (an unknown destination), SessionExistsError, SessionStartError
   */
  async start(input: StartInput): Promise<Started> {
    const { config, cwd, program, stateDir } = this.#parts;
    const warnings: string[] = [];
    const request = requestOf(input, {
      config: config.config,
      cwd,
      destinationId: (name) => this.destinations.register(name, config).id,
      onExit: program === null ? null : [...program, 'run-ended', '--state-dir', stateDir],
    });
    if (program === null && (request.outputs?.length ?? 0) > 0) warnings.push('outputs are put into the queue by the next call of the command line, or by a server: nothing calls back when the job ends');
    warnings.push(...(await this.#unsentWarnings(request)));
    const status = await this.sessions.start(request, { onWarning: ({ message }) => warnings.push(message) });
    return { status, warnings };
  }

  /** What an earlier run left in the same folder and is not safe yet: this run may change it, and a seal would not know whose it is. */
  async #unsentWarnings({ name, outputs = [], workingDir = '.' }: StartRequest): Promise<readonly string[]> {
    if (outputs.length === 0) return [];
    await this.settleOutputs();
    const { jobs } = await (await this.sync()).queue.list({ session: name, states: ['QUEUED', 'RUNNING'] });
    const places = new Set(outputs.map((output) => path.resolve(workingDir, output.path)));
    return jobs
      .filter(({ source }) => places.has(source))
      .map(({ id, source, run }) => `${source} still holds what run ${run?.runId ?? 'before'} made, and it is not sent yet: what this run changes there will be sent as theirs. To be safe, stop it and wait: longhaul sync show ${id}`);
  }

  /** A stop as the command line asks for it, completed by the session's and the general settings. */
  stopPolicy(name: string, policy: StopPolicy): StopPolicy {
    const { sessions, stop } = this.config.config;
    const own = sessions.get(name)?.stop;
    const signal = policy.signal ?? own?.signal ?? stop.signal;
    const timeoutMs = policy.timeoutMs ?? own?.timeoutMs ?? stop.timeoutMs;
    return { ...policy, ...(signal === null ? {} : { signal }), ...(timeoutMs === null ? {} : { timeoutMs }) };
  }

  /** Whether {@link settleOutputs} has anything to do. Reads a folder; loads nothing. */
  async hasUnsettledOutputs(): Promise<boolean> {
    return (await this.runs.unsettledRuns()).length > 0;
  }

  /**
   * Puts the outputs of all ended runs into the queue and makes sure that somebody works on it. Harmless while others do
   * the same (design §6: exactly one job comes of it).
   */
  async settleOutputs(): Promise<readonly OutputOutcome[]> {
    const runs = await this.runs.unsettledRuns();
    if (runs.length === 0) return [];
    const sync = await this.sync();
    const outcomes: OutputOutcome[] = [];
    for (const run of runs) outcomes.push(...(await sync.enqueueOutputs(run)));
    if (outcomes.some(({ jobId }) => jobId !== null)) await sync.ensureWorker();
    return outcomes;
  }

  /** What follows the end of a run; called by its launcher. A run that is not known (any more) needs nothing. */
  async runEnded(runId: RunId): Promise<readonly OutputOutcome[]> {
    const run = await this.runs.find(runId);
    if (run === null) return [];
    const outcomes = await this.settleOutputs();
    await this.runs.clearEndedMarker(runId);
    await this.applyRetention();
    return outcomes;
  }

  /** Whether {@link capLogs} has anything to do, beside what was started just now. Reads a folder; loads nothing. */
  hasLimitedLogs(): boolean {
    const folder = path.join(this.stateDir, STATE_FOLDERS.limited);
    return existsSync(folder) && readdirSync(folder).some((name) => Date.now() - (statSync(path.join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? Infinity) > JUST_NOW_MS);
  }

  /** Holds the logs of all sessions to their limits. What was done, or cannot be done and was not said before, in words. */
  async capLogs(): Promise<readonly string[]> {
    return (await this.sessions.capLogs()).flatMap(({ session, outcome }) => {
      if (outcome.kind === 'capped') return [`the log of ${session} is larger than its limit: everything up to byte ${String(outcome.to)} was dropped`];
      return outcome.kind === 'impossible' && outcome.told === 'now' ? [`the log of ${session} is larger than its limit and stays whole: ${outcome.reason}`] : [];
    });
  }

  /** Drops runs as `retention` says; without limits nothing. A run whose outputs are still on their way stays. */
  async applyRetention(): Promise<void> {
    const { maxRuns, maxAgeMs, maxBytes } = this.config.config.retention;
    if (maxRuns === null && maxAgeMs === null && maxBytes === null) return;
    const policy = { ...(maxRuns === null ? {} : { maxRuns }), ...(maxAgeMs === null ? {} : { maxAgeMs }), ...(maxBytes === null ? {} : { maxBytes }) };
    const { removed } = await this.sessions.prune({ ...policy, mode: 'plan' });
    // The queue is asked only where something is to go.
    if (removed.length > 0) await this.sessions.prune({ ...policy, keep: await this.#runsOnTheirWay() });
  }

  /** Runs of which a job of the queue is not done. */
  async #runsOnTheirWay(): Promise<ReadonlySet<RunId>> {
    const runs = new Set<RunId>();
    if (!existsSync(path.join(this.stateDir, 'queue.db'))) return runs;
    const { queue } = await this.sync();
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page = await queue.list({ states: ['QUEUED', 'RUNNING', 'AWAITING_VERIFY'], limit: 500, ...(cursor === undefined ? {} : { cursor }) });
      for (const { run } of page.jobs) if (run !== null) runs.add(run.runId as RunId);
      cursor = page.nextCursor;
    }
    return runs;
  }

  /** Jobs of a session's outputs that are not done; they outlive it. Loads the queue only where there is one. */
  async jobsOf(session: string): Promise<SessionJobs> {
    if (!existsSync(path.join(this.stateDir, 'queue.db'))) return { underWay: [], failed: [] };
    const { sessionJobs } = await import('./outputs/kept-after-removal.ts');
    return await sessionJobs(session, await this.sync());
  }

  /** Where the outputs of a session's current run are. Loads the queue only where there are some. */
  async outputsOf({ runId }: Pick<SessionStatus, 'runId'>): Promise<readonly OutputState[]> {
    const run = runId === null ? null : await this.runs.find(runId);
    if (run === null) return [];
    const { outputStates } = await import('./outputs/output-state.ts');
    return await outputStates(run, { runs: this.runs, sync: () => this.sync() });
  }

  /** Closes what was opened. Sessions and the detached worker go on. */
  async [Symbol.asyncDispose](): Promise<void> {
    const sync = await this.#sync?.catch(() => null);
    await sync?.[Symbol.asyncDispose]();
    await this.sessions[Symbol.asyncDispose]();
  }

  async #openSync(): Promise<SyncHost> {
    const { openSyncHost } = await import('./sync/open-sync-host.ts');
    const { config, stateDir, env, program, runner } = this.#parts;
    return await openSyncHost({ config, stateDir, env, program, runner, runs: this.runs, destinations: this.destinations });
  }
}
