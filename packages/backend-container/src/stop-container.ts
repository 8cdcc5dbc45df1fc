import { SessionStopError } from '@longhaul/errors';
import type { RunDirectory, RunObservation, StartRecord, StopOutcome, StopPolicy, StopReport, StopStep } from '@longhaul/sessions';
import { DEFAULT_STOP_TIMEOUT_MS, defaultRequester, hasEnded, parseSignalName, stopAttempts, systemClock, systemProcesses, systemWorld, writeStopIntent, writeStopStep } from '@longhaul/sessions';

import type { ContainerInfo, EngineClient } from './engine/index.ts';
import { foreignStatus, inspectContainer } from './engine/index.ts';
import type { FindPorts, ForeignContainer, ManagedContainer } from './find-container.ts';
import { findManaged, inspectRun, managedStatus } from './find-container.ts';
import type { LaunchPorts } from './launch.ts';
import { adopt } from './launch.ts';
import { until } from './until.ts';

/** What a stop stands on. */
export interface StopPorts extends FindPorts, LaunchPorts {}

/** KILL has ended everything in a container by then, unless it waits for a disk that does not answer. */
const KILL_WAIT_MS = 10_000;
/** How long the launcher may take from the end of the container to its record: the engine is asked for it. */
const RECORD_WAIT_MS = 30_000;

/**
 * The stop contract (design §4.5) for a container: intent, its signal to the first process, time, KILL. Everything in it ends with
 * the first process. Where the engine does not answer, the process itself is sent the signal.
 */
export async function stopManaged(found: ManagedContainer, policy: StopPolicy, ports: StopPorts): Promise<StopReport> {
  const { run, spec } = found.current.reading;
  const merged: StopPolicy = { ...spec?.stop, ...policy };
  const { run: last, ...outcome } = await stopAttempts(run, { policy: merged, world: systemWorld, clock: systemClock, stopOne: async (attempt) => new ContainerStop(attempt, merged, ports).stop() });
  return { ...outcome, status: statusOf(last, ports) };
}

/** Ends a container that was made by hand: by the same contract, but nothing of ours records it. */
export async function stopForeign({ client, info, status }: ForeignContainer, policy: StopPolicy): Promise<StopReport> {
  const over = async (): Promise<boolean> => {
    const seen = await inspectContainer(client, info.id);
    if (seen.kind === 'unknown') throw seen.cause;
    return seen.kind === 'absent' || !lives(seen.info);
  };
  if (!lives(info)) return { step: 'already-ended', signalled: [], killed: [], status };
  const pids = info.pid === null ? [] : [info.pid];
  if (policy.how === 'graceful') {
    await signalContainer(client, info, wantedSignal(policy) ?? info.stopSignal ?? 'SIGTERM');
    if (await until(over, policy.timeoutMs ?? DEFAULT_STOP_TIMEOUT_MS, 100)) return { step: 'signal', signalled: pids, killed: [], status: await endedStatus(client, info, status) };
  }
  await signalContainer(client, info, 'SIGKILL');
  if (!(await until(over, KILL_WAIT_MS, 100))) throw new SessionStopError(info.name, 'container', 'KILL did not end it', { hint: 'It may wait for a disk or network share that does not answer' });
  return { step: 'kill', signalled: policy.how === 'graceful' ? pids : [], killed: pids, status: await endedStatus(client, info, status) };
}

async function endedStatus(client: EngineClient, { id }: ContainerInfo, before: StopReport['status']): Promise<StopReport['status']> {
  const seen = await inspectContainer(client, id);
  const status = seen.kind === 'present' ? foreignStatus(seen.info, client.runtime) : before;
  return { ...status, state: 'stopped', pid: null };
}

function lives({ state }: ContainerInfo): boolean {
  return state === 'running' || state === 'paused' || state === 'restarting';
}

/** A signal to the first process; then it is woken, should it be paused. Whether it was still there. @throws BackendUnavailableError */
async function signalContainer(client: EngineClient, { id, state }: Pick<ContainerInfo, 'id' | 'state'>, signal: string): Promise<boolean> {
  // docker refuses to signal what is paused, and a process that does not run cannot act on it.
  if (state === 'paused') await client.ask(['unpause', id]);
  const answer = await client.ask(['kill', '--signal', signal, id]);
  if (answer.kind === 'done') return true;
  if (answer.why === 'absent' || answer.why === 'not-running') return false;
  throw client.unavailable(answer);
}

function wantedSignal({ signal }: StopPolicy): string | null {
  return signal === undefined ? null : `SIG${parseSignalName(signal).replace(/^SIG/, '')}`;
}

class ContainerStop {
  readonly #run: RunDirectory;
  readonly #policy: StopPolicy;
  readonly #who: string;
  readonly #ports: StopPorts;

  constructor(run: RunDirectory, policy: StopPolicy, ports: StopPorts) {
    this.#run = run;
    this.#policy = policy;
    this.#who = policy.requestedBy ?? defaultRequester();
    this.#ports = ports;
  }

  async stop(): Promise<StopOutcome> {
    const { verdict, reading } = this.#observe();
    if (hasEnded(verdict)) return this.#outcome('already-ended', []);
    if (verdict.kind === 'unknown' && reading.records.start === null) throw failed(this.#run, verdict.reason);
    const { how, timeoutMs = DEFAULT_STOP_TIMEOUT_MS } = this.#policy;
    const signal = wantedSignal(this.#policy);
    this.#writeIntent({ requestedAt: new Date().toISOString(), requestedBy: this.#who, how, signal: how === 'force' ? 'SIGKILL' : (signal ?? 'the stop signal of the image'), timeoutMs });
    const start = await this.#startOrEnd();
    if (start === null) return this.#outcome(how === 'force' ? 'kill' : 'signal', []);
    const outcome = await this.#end(start, { signal, timeoutMs });
    await this.#recorded();
    return outcome;
  }

  /** What start.json says, or null where the launcher saw the intent first. */
  async #startOrEnd(): Promise<StartRecord | null> {
    let seen = this.#observe();
    const decided = await until(() => {
      seen = this.#observe();
      return seen.reading.records.start !== null || hasEnded(seen.verdict);
    }, this.#ports.startMs);
    if (!decided) throw failed(this.#run, 'it is being started, and its launcher neither starts nor ends it', 'look at it with `longhaul status`, and stop it again');
    return seen.reading.records.start;
  }

  async #end(start: StartRecord, { signal, timeoutMs }: { readonly signal: string | null; readonly timeoutMs: number }): Promise<StopOutcome> {
    const pids = start.pid > 0 ? [start.pid] : [];
    const isOver = (): boolean => this.#isOver(start);
    if (this.#policy.how === 'graceful') {
      await this.#send(start, signal);
      if (await until(isOver, timeoutMs)) return this.#outcome('signal', pids);
    }
    writeStopStep(this.#run, this.#who, 'kill');
    await this.#send(start, 'SIGKILL');
    if (!(await until(isOver, KILL_WAIT_MS))) throw failed(this.#run, 'KILL did not end its container', 'it waits for the system: often a disk or network share that does not answer');
    return { ...this.#outcome('kill', this.#policy.how === 'graceful' ? pids : []), killed: pids };
  }

  /** Through the engine; where it does not answer, to the process itself: it must not protect a job. */
  async #send(start: StartRecord, signal: string | null): Promise<void> {
    try {
      const seen = await inspectRun(this.#run, this.#ports);
      if (seen.kind === 'unknown') throw seen.cause;
      if (seen.kind === 'present') await signalContainer(seen.client, seen.info, signal ?? seen.info.stopSignal ?? 'SIGTERM');
    } catch (cause) {
      const { liveness } = systemWorld();
      if (start.pid <= 1 || liveness(start.pid, start.processStartTime) !== 'alive') throw cause;
      // The first process of a container: KILL takes all others along.
      const name = (signal ?? 'SIGTERM') as NodeJS.Signals;
      const view = systemProcesses();
      if (view.kill(start.pid, name) === 'refused') throw cause;
      view.kill(start.pid, 'SIGCONT');
    }
  }

  #isOver(start: StartRecord): boolean {
    if (start.pid > 0 && systemWorld().liveness(start.pid, start.processStartTime) === 'alive') return false;
    const { reading } = this.#observe();
    // Where its process is of another machine, or had ended before it was seen, only the record tells.
    return start.pid > 0 || reading.records.exit !== null;
  }

  /** The launcher publishes exit.json; where it was killed, another does. */
  async #recorded(): Promise<void> {
    const seen = this.#observe();
    const { exit, start } = seen.reading.records;
    if (exit !== null) return;
    if (start !== null && systemWorld().liveness(start.launcherPid, start.launcherStartTime) === 'dead') await adopt(seen, this.#ports);
    if (await until(() => this.#observe().reading.records.exit !== null, RECORD_WAIT_MS)) return;
    throw failed(this.#run, 'its container has ended, but how it ended is not known yet', 'Does the engine answer? The record comes once it does');
  }

  #outcome(step: StopStep | 'already-ended', signalled: readonly number[]): StopOutcome {
    return { step, signalled, killed: [], run: this.#run };
  }

  #writeIntent(record: Parameters<typeof writeStopIntent>[1]): void {
    try {
      writeStopIntent(this.#run, record);
    } catch (cause) {
      throw new SessionStopError(this.#run.session, 'container', 'the intent to stop it could not be written', { cause, hint: 'is the disk of the state directory full?' });
    }
  }

  #observe(): RunObservation {
    return this.#ports.runs.observe(this.#run);
  }
}

function statusOf(run: RunDirectory, { runs }: StopPorts): StopReport['status'] {
  const found = findManaged(run.session, runs);
  return found?.current.reading.run.runId === run.runId ? managedStatus(found.current, found.record, 'not asked') : runs.status(run);
}

function failed(run: RunDirectory, reason: string, hint?: string): SessionStopError {
  return new SessionStopError(run.session, 'container', reason, { hint });
}
