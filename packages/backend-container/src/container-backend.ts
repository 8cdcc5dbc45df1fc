import { SessionAttachError, SessionConfigError, SessionNotFoundError, SessionStopError } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import { systemRunner } from '@longhaul/exec';
import type {
  AttachCommand,
  AttachOptions,
  BackendProbe,
  ContainerRuntime,
  ExecOptions,
  ListOptions,
  LogChunk,
  LogOptions,
  Presence,
  RunDirectory,
  SendInput,
  SessionBackend,
  SessionListing,
  SessionSpec,
  SessionStatus,
  StopPolicy,
  StopReport,
} from '@longhaul/sessions';
import { asRunId, holdsName, mayLive, readRunLog, RunStore, statusFromRun } from '@longhaul/sessions';

import { listSessions } from './container-list.ts';
import { readContainerId } from './container-record.ts';
import { discardContainer } from './discard-container.ts';
import { EngineSet } from './engine-set.ts';
import type { ContainerInfo, EngineClient } from './engine/index.ts';
import { attachCommand, execCommand, foreignLog, probeEngine } from './engine/index.ts';
import type { ForeignContainer, ManagedContainer } from './find-container.ts';
import { find, findManaged, inspectRun, isMissing, managedStatus, requireContainer } from './find-container.ts';
import { adopt, isUnsupervised } from './launch.ts';
import { sendInput } from './send-input.ts';
import type { StartPorts } from './start-container.ts';
import { startContainer } from './start-container.ts';
import { stopForeign, stopManaged } from './stop-container.ts';
import { until } from './until.ts';

/** Options of {@link ContainerBackend}. */
export interface ContainerBackendOptions {
  /** The records that decide; or the directory that they are in. */
  readonly runs: RunStore | { readonly stateDir: string };
  /** Engines that are asked, in the order of preference. Default: podman, then docker, those that this machine has (design §4.4). */
  readonly runtimes?: readonly ContainerRuntime[];
  readonly runner?: ProcessRunner;
  /** The caller's environment: PATH, HOME, DOCKER_HOST, CONTAINERS_CONF and the like lead to the engines. Default: this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Milliseconds until an engine counts as not answering. Default 30 000: both have been seen to be busy for long. */
  readonly answerMs?: number;
  /** Milliseconds until a launcher that says nothing is given up: an engine may have to copy an image. Default 300 000. */
  readonly startMs?: number;
  /** Lines of the progress of a pull. */
  readonly onProgress?: (line: string) => void;
  /** Absolute path of the POSIX shell that runs the launcher. Default /bin/sh. */
  readonly shell?: string;
}

/** How long the end of a run whose launcher was killed may take to be recorded before it is reported as it stands. */
const SETTLE_MS = 10_000;

/**
 * Sessions in containers of podman and docker (design §4.2, 4.4). The run record decides what a job is doing and how it ended; the
 * engines add what only they know. Holds no state and no connection: disposing of it does nothing.
 *
 * Every method throws ContainerRuntimeNotFoundError where no engine is installed and BackendUnavailableError where one does not
 * answer, except where the record alone gives the answer.
 */
export class ContainerBackend implements SessionBackend {
  readonly kind = 'container' as const;
  readonly #ports: StartPorts;

  constructor(options: ContainerBackendOptions) {
    const { runs, runtimes = null, runner = systemRunner({ engine: 'node' }), env = process.env, answerMs = 30_000, startMs = 300_000, onProgress = nobodyListens, shell = '/bin/sh' } = options;
    this.#ports = {
      runs: runs instanceof RunStore ? runs : new RunStore(runs),
      engines: new EngineSet({ runtimes, runner, env, answerMs }),
      runner,
      shell,
      startMs,
      onProgress,
    };
  }

  async start(spec: SessionSpec, run: RunDirectory): Promise<SessionStatus> {
    const seen = await startContainer(spec, run, this.#ports);
    const found = findManaged(spec.name, this.#ports.runs);
    // Another attempt, or another run, may be current by now: the answer is about this one.
    return found?.current.reading.run.runId === run.runId ? managedStatus(found.current, found.record, 'not asked') : statusFromRun({ ...seen, backend: 'container' });
  }

  async stop(name: string, policy: StopPolicy): Promise<StopReport> {
    const managed = await this.#settled(findManaged(name, this.#ports.runs));
    if (managed !== null) return stopManaged(managed, policy, this.#ports);
    return stopForeign(await this.#foreign(name), policy);
  }

  async status(name: string): Promise<Presence> {
    const found = await find(name, this.#ports);
    if (found.kind === 'absent' || found.kind === 'unknown') return found;
    if (found.kind === 'foreign') return { kind: 'present', status: found.status };
    const managed = (await this.#settled(found)) ?? found;
    return { kind: 'present', status: await this.#statusOf(managed) };
  }

  async takeUp(run: RunDirectory): Promise<void> {
    await adopt(this.#ports.runs.observe(run), this.#ports);
  }

  async list(options: ListOptions = {}): Promise<SessionListing> {
    return listSessions(this.#ports, options);
  }

  async *logs(name: string, options: LogOptions): AsyncGenerator<LogChunk> {
    const runId = options.runId === undefined ? null : asRunId(options.runId);
    const run = runId === null ? findManaged(name, this.#ports.runs)?.current.reading.run : await this.#ports.runs.find(runId);
    if (run !== null && run !== undefined) yield* readRunLog(run, options);
    else if (options.runId !== undefined) throw new SessionNotFoundError(name, 'container', { hint: `It has no run ${options.runId}; see them with: longhaul history ${name}` });
    else {
      const { client, info } = await this.#foreign(name);
      yield* foreignLog(client, info, options);
    }
  }

  async attach(name: string, options: AttachOptions): Promise<AttachCommand> {
    const { client, info, terminal } = await this.#running(name);
    if (options.protect === 'interrupts') throw new SessionConfigError('the keys of a container cannot be guarded', { hint: `Look without typing: longhaul attach --read-only ${name}` });
    if (terminal === 'no' && options.mode === 'read-write') {
      throw new SessionAttachError(name, 'container', 'it has no terminal', { hint: `Read what it prints: longhaul logs -f ${name}. To type into it, start it with --tty` });
    }
    return attachCommand(client, info, options);
  }

  async send(name: string, input: SendInput): Promise<void> {
    const { client, info, terminal } = await this.#running(name);
    if (terminal === 'no') throw new SessionAttachError(name, 'container', 'it has no terminal, so nothing can be typed into it', { hint: 'Start it with --tty' });
    const { server } = await this.#ports.engines.facts(client);
    await sendInput({ session: name, id: info.id, client, runner: this.#ports.runner, server }, input);
  }

  async exec(name: string, argv: readonly string[], options: ExecOptions = {}): Promise<AttachCommand> {
    const { client, info } = await this.#running(name);
    return execCommand(client, info, { argv, ...options, terminal: options.terminal ?? 'no' });
  }

  async remove(name: string): Promise<void> {
    const found = await find(name, this.#ports);
    if (found.kind === 'unknown') throw found.cause;
    if (found.kind === 'absent') return;
    if (found.kind === 'foreign') return this.#removeForeign(found);
    if (holdsName(found.current)) throw new SessionStopError(name, 'container', 'it is running', { hint: `End it first: longhaul stop ${name}` });
    // What the engine still has of its output and its end is written down first.
    const settled = await this.#settled(found);
    if (settled !== null && holdsName(settled.current)) throw new SessionStopError(name, 'container', 'it has ended, and its log and its end are still being written down', { hint: 'Try again in a moment. Does the engine answer? See longhaul doctor' });
    const id = readContainerId(found.current.reading.run);
    if (id !== null && found.record !== null) await discardContainer(this.#ports.engines.of(found.record.runtime), id, name);
  }

  async probe(): Promise<BackendProbe> {
    const [client] = this.#ports.engines.required();
    // There is one: required() would have thrown.
    const { program, version, runtime } = await probeEngine(client ?? this.#ports.engines.choose(null));
    return { kind: 'container', program, version: `${runtime} ${version}` };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  /** The same session once its end is recorded, where its launcher was killed: the container, or its engine, may still tell. */
  async #settled(found: ManagedContainer | null): Promise<ManagedContainer | null> {
    if (found === null) return null;
    const { current } = found;
    const { run } = current.reading;
    if (!isUnsupervised(current)) return found;
    await adopt(current, this.#ports);
    // Of one that still runs, the record comes when it ends.
    if (current.verdict.kind === 'running') return found;
    const wasUnknown = current.verdict.kind === 'unknown';
    await until(() => {
      const { verdict, reading } = this.#ports.runs.observe(run);
      return reading.records.exit !== null || (wasUnknown && verdict.kind === 'running');
    }, SETTLE_MS);
    return findManaged(run.session, this.#ports.runs) ?? found;
  }

  async #statusOf(found: ManagedContainer): Promise<SessionStatus> {
    const { current, record } = found;
    if (current.verdict.kind !== 'running') return managedStatus(current, record, 'not asked');
    try {
      const seen = await inspectRun(current.reading.run, this.#ports);
      if (seen.kind === 'unknown') return managedStatus(current, record, 'not asked');
      return managedStatus(current, record, seen.kind === 'present' ? seen.info : null);
    } catch (error) {
      // Without its engine the record still says what the job is doing.
      if (isMissing(error)) return managedStatus(current, record, 'not asked');
      throw error;
    }
  }

  /** A container that is there and runs. @throws SessionNotFoundError, SessionAttachError, BackendUnavailableError */
  async #running(name: string): Promise<{ readonly client: EngineClient; readonly info: ContainerInfo; readonly terminal: 'yes' | 'no' }> {
    const found = await requireContainer(name, this.#ports);
    if (found.kind === 'foreign') {
      if (found.info.state !== 'running' && found.info.state !== 'paused') throw new SessionAttachError(name, 'container', 'it has ended', { hint: `Read what it printed: longhaul logs ${name}` });
      return { client: found.client, info: found.info, terminal: found.info.terminal ?? 'no' };
    }
    const { current, record } = found;
    if (record === null || !mayLive(current.verdict)) throw SessionAttachError.ended(name, 'container');
    const seen = await inspectRun(current.reading.run, this.#ports);
    if (seen.kind === 'unknown') throw seen.cause;
    if (seen.kind === 'absent' || (seen.info.state !== 'running' && seen.info.state !== 'paused')) throw SessionAttachError.ended(name, 'container');
    return { client: seen.client, info: seen.info, terminal: record.terminal };
  }

  /** A container that is known to have no record here. */
  async #foreign(name: string): Promise<ForeignContainer> {
    const found = await requireContainer(name, this.#ports);
    if (found.kind === 'foreign') return found;
    // Somebody started a session of this name since the record was looked for.
    throw new SessionNotFoundError(name, 'container');
  }

  async #removeForeign({ client, info }: ForeignContainer): Promise<void> {
    if (info.state === 'running' || info.state === 'paused' || info.state === 'restarting') {
      throw new SessionStopError(info.name, 'container', 'it is running', { hint: `End it first: longhaul stop ${info.name}` });
    }
    await discardContainer(client, info.id, info.name);
  }
}

function nobodyListens(): void {
  // Progress is for callers who ask for it.
}
