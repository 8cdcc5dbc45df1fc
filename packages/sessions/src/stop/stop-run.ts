import { SessionStopError } from '@longhaul/errors';

import { LAUNCH_FILES } from '../launcher/launch-file-names.ts';
import { wayOut } from '../name-claims.ts';
import type { RunDirectory } from '../run-directory.ts';
import type { RunObservation } from '../run-observation.ts';
import { observeRun } from '../run-observation.ts';
import type { StartRecord, StopStep } from '../run-record.ts';
import { hasEnded } from '../run-verdict.ts';
import type { StopPolicy } from '../session-spec.ts';
import type { World } from '../world.ts';
import { systemWorld } from '../world.ts';
import type { EndPorts } from './end-processes.ts';
import { leftBehind } from './left-behind.ts';
import { endProcesses, systemClock, waitFor } from './end-processes.ts';
import { shellOf } from './inner-shell.ts';
import { systemProcesses } from './process-view.ts';
import { DEFAULT_STOP_TIMEOUT_MS, defaultRequester, holdTerminal, recordStopIntent, releaseTerminal, withdrawStopIntent, writeStopStep } from './stop-files.ts';
import { stopAttempts } from './stop-attempts.ts';
import type { StopOutcome } from './stop-outcome.ts';
import type { StopSignal } from './stop-signal.ts';
import { DEFAULT_STOP_SIGNAL, parseStopSignal } from './stop-signal.ts';

/** What a stop stands on. */
export interface StopPorts extends EndPorts {
  /** The machine as verdicts see it; anew for each question. */
  readonly world: () => World;
}

/** How long a launcher may take to come up, or to publish exit.json after the end. */
const LAUNCHER_PATIENCE_MS = 10_000;

/**
 * Ends a run, and the restart loop behind it, by its record alone, whatever its terminal or engine does (design §4.5). Any number may stop one run at a time; a
 * stop that comes before the job is executed wins. Settles when the record says that it has ended.
 *
 * @throws SessionStopError when it cannot be ended, or cannot be told; SessionConfigError for an unusable signal.
 */
export async function stopRun(run: RunDirectory, policy: StopPolicy, ports: Partial<StopPorts> = {}): Promise<StopOutcome> {
  const all = { view: systemProcesses(), world: systemWorld, ...systemClock, ...ports };
  return stopAttempts(run, { policy, stopOne: (attempt) => new RunStop(attempt, policy, all).stop(), world: all.world, clock: all });
}

const NOTHING_DONE = { signalled: [], killed: [] } as const;

class RunStop {
  readonly #run: RunDirectory;
  readonly #policy: StopPolicy;
  readonly #how: StopPolicy['how'];
  readonly #signal: StopSignal;
  readonly #timeoutMs: number;
  readonly #who: string;
  readonly #ports: StopPorts;

  constructor(run: RunDirectory, policy: StopPolicy, ports: StopPorts) {
    this.#run = run;
    this.#policy = policy;
    this.#how = policy.how;
    // Whatever signal a spec names, force does not need it.
    this.#signal = policy.how === 'force' ? 'SIGKILL' : parseStopSignal(policy.signal ?? DEFAULT_STOP_SIGNAL);
    this.#timeoutMs = policy.timeoutMs ?? DEFAULT_STOP_TIMEOUT_MS;
    this.#who = policy.requestedBy ?? defaultRequester();
    this.#ports = ports;
  }

  async stop(): Promise<StopOutcome> {
    const first = this.#observe();
    if (hasEnded(first.verdict)) return { step: 'already-ended', ...NOTHING_DONE, run: this.#run };
    if (first.verdict.kind === 'unknown') throw this.#error(first.verdict.reason, wayOut(this.#run.session, first.verdict));
    const isFirst = first.reading.records.stop === null;
    recordStopIntent(this.#run, this.#policy);
    const start = await this.#startOrEnd();
    if (start === null) return { step: this.#firstStep(), ...NOTHING_DONE, run: this.#run };
    const outcome = await this.#end(start, isFirst ? 'nobody' : 'another');
    await this.#recorded(start);
    return outcome;
  }

  /** What start.json says, or null where the run ended without one: the launcher saw the intent first. */
  async #startOrEnd(): Promise<StartRecord | null> {
    const look = (): RunObservation => this.#observe();
    let seen = look();
    const decided = await waitFor(() => {
      seen = look();
      return seen.reading.records.start !== null || hasEnded(seen.verdict);
    }, LAUNCHER_PATIENCE_MS, this.#ports);
    if (!decided) throw this.#error('it is being started, and its launcher neither starts nor ends it', 'look at it with `longhaul status`, and stop it again');
    return seen.reading.records.start;
  }

  /** @param before who had asked for a stop already: that intent is not ours to take back */
  async #end(start: StartRecord, before: 'nobody' | 'another'): Promise<StopOutcome> {
    const { view } = this.#ports;
    const job = view.look(start.pid);
    const shell = shellOf(this.#run, view);
    const own = job?.startTime === start.processStartTime ? job.sid : null;
    const target = {
      job: { pid: start.pid, startTime: start.processStartTime },
      shellPid: shell?.pid ?? null,
      runId: this.#run.runId,
      sessions: new Set([own, shell?.sid ?? null].filter((sid): sid is number => sid !== null && sid > 1)),
    };
    const release = (): void => { releaseTerminal(this.#run); };
    // A person who interrupts the stop ends this process: the launcher would keep the ended job for minutes.
    process.once('exit', release);
    try {
      const { step, signalled, killed, left, refused } = await endProcesses(target, {
        how: this.#how,
        signal: this.#signal,
        timeoutMs: this.#timeoutMs,
        beforeStep: (next, others) => {
          this.#beforeStep(next, others);
        },
        afterWait: release,
      }, this.#ports);
      if (refused.length > 0 && before === 'nobody' && signalled.length === 0 && killed.length === 0) withdrawStopIntent(this.#run);
      const remains = leftBehind({ left, refused });
      if (remains !== null) throw this.#error(remains.reason, remains.hint);
      return { step, signalled, killed, run: this.#run };
    } finally {
      process.off('exit', release);
      release();
    }
  }

  #beforeStep(step: StopStep, others: readonly number[]): void {
    writeStopStep(this.#run, this.#who, step);
    if (step === 'signal' && others.length > 0) holdTerminal(this.#run);
  }

  /** The launcher drains the log and publishes exit.json; only then is it over. */
  async #recorded(start: StartRecord): Promise<void> {
    const isOver = (): boolean => {
      this.#wakeSupervisors();
      if (this.#observe().reading.records.exit !== null) return true;
      // Without a launcher the parent of the job has the last word, and needs a moment for it.
      return this.#ports.world().liveness(start.launcherPid, start.launcherStartTime) === 'dead' && shellOf(this.#run, this.#ports.view) === null;
    };
    if (await waitFor(isOver, LAUNCHER_PATIENCE_MS, this.#ports)) return;
    throw this.#error('the job has ended, but its launcher does not say so', `see what ${LAUNCH_FILES.scriptErrors} in ${this.#run.path} says`);
  }

  /** script(1) stops itself when the job's shell was stopped, and then nothing is drained. */
  #wakeSupervisors(): void {
    const { view } = this.#ports;
    const shell = shellOf(this.#run, view);
    for (const pid of [shell?.pid, shell?.ppid]) {
      if (pid !== undefined && view.look(pid)?.state === 'stopped') view.kill(pid, 'SIGCONT');
    }
  }

  #firstStep(): StopStep {
    return this.#how === 'force' ? 'kill' : 'signal';
  }

  #observe(): RunObservation {
    return observeRun(this.#run, { world: this.#ports.world() });
  }

  #error(reason: string, hint?: string): SessionStopError {
    return new SessionStopError(this.#run.session, 'record', reason, { hint });
  }
}
