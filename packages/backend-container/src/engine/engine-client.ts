import { BackendUnavailableError, ContainerRuntimeNotFoundError, installHint } from '@longhaul/errors';
import type { CommandInput, CommandOutput, ProcessRunner, RunningProcess } from '@longhaul/exec';
import { findProgram } from '@longhaul/exec';
import type { ContainerRuntime } from '@longhaul/sessions';

import type { EngineAnswer, EngineFailure } from './engine-failure.ts';
import { answerOf } from './engine-failure.ts';

/** How one engine is run. */
export interface EngineClientOptions {
  readonly runtime: ContainerRuntime;
  readonly runner: ProcessRunner;
  /** The caller's environment: PATH, HOME, DOCKER_HOST, CONTAINERS_CONF … steer the engine's client. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds until the engine counts as not answering. Both have been seen to hang for a minute. */
  readonly answerMs: number;
}

/** What one question needs beside its arguments. */
export interface AskOptions {
  /** Milliseconds; `answerMs` of the client where not given. null: as long as it takes. */
  readonly timeoutMs?: number | null;
  readonly signal?: AbortSignal;
  /** For `-e NAME` of `create`: values that must not stand in an argv. */
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: CommandInput;
  /** Each line of stderr and stdout as it comes: progress. */
  readonly onLine?: (line: string) => void;
  /** Values that must not be in the evidence. */
  readonly secrets?: readonly string[];
}

/** Runs podman or docker. One call is one process. */
export class EngineClient {
  readonly runtime: ContainerRuntime;
  readonly #runner: ProcessRunner;
  readonly #env: EngineClientOptions['env'];
  readonly #answerMs: number;

  constructor({ runtime, runner, env, answerMs }: EngineClientOptions) {
    this.runtime = runtime;
    this.#runner = runner;
    this.#env = env;
    this.#answerMs = answerMs;
  }

  /** Whether the program is on PATH. Looks at the file system only. */
  isInstalled(): boolean {
    return findProgram(this.runtime, this.#env) !== null;
  }

  /** Where the program is. Looks at the file system only. @throws ContainerRuntimeNotFoundError with both install lines */
  program(): string {
    const found = findProgram(this.runtime, this.#env);
    if (found !== null) return found;
    throw runtimeMissing(this.runtime);
  }

  /**
   * The whole environment for the engine's client: the caller's without what is ours, and messages in English. For launchers and attach commands
   * too. Engines leave helpers behind that all their containers share (podman's pause process): with the tag of the job that Longhaul was called
   * in they would be taken for that job's.
   */
  environment(): Record<string, string> {
    const taken = Object.entries(this.#env).filter((entry): entry is [string, string] => entry[1] !== undefined && !entry[0].startsWith('LONGHAUL_'));
    return { ...Object.fromEntries(taken), LC_ALL: 'C' };
  }

  /**
   * Asks the engine. Failures are values, but for a missing program.
   *
   * @throws ContainerRuntimeNotFoundError
   */
  async ask(args: readonly string[], options: AskOptions = {}): Promise<EngineAnswer> {
    const { timeoutMs = this.#answerMs, signal, env = {}, stdin = 'ignore', onLine, secrets = [] } = options;
    const output: CommandOutput = onLine === undefined ? {} : { onLine };
    const outcome = await this.#runner.run({
      program: this.program(),
      args,
      cwd: '/',
      env: { base: 'empty', set: { ...this.environment(), ...env } },
      stdin,
      stdout: { ...output, maxBytes: MAX_ANSWER },
      stderr: output,
      ...(timeoutMs === null ? {} : { timeoutMs }),
      killGraceMs: 1000,
      // podman leaves conmon behind, which may hold our pipe; the client itself has written all it has to say.
      drainMs: 200,
      signal,
    });
    if (outcome.kind === 'notFound') throw runtimeMissing(this.runtime);
    return answerOf(outcome, secrets);
  }

  /** Starts a client that goes on talking: `logs --follow`, `events`. @throws ContainerRuntimeNotFoundError */
  async open(args: readonly string[], { signal }: { readonly signal?: AbortSignal | undefined } = {}): Promise<RunningProcess> {
    return this.#runner.spawn({
      program: this.program(),
      args,
      cwd: '/',
      env: { base: 'empty', set: this.environment() },
      stdout: 'pipe',
      stderr: 'pipe',
      killGraceMs: 500,
      signal,
    });
  }

  /** The error for an engine that is there and cannot be asked. */
  unavailable({ evidence }: Pick<EngineFailure, 'evidence'>): BackendUnavailableError {
    return new BackendUnavailableError(this.runtime, evidence, { hint: UNAVAILABLE_HINTS[this.runtime] });
  }
}

/** A list of thousands of containers is some megabytes. */
const MAX_ANSWER = 256 * 1024 * 1024;

const UNAVAILABLE_HINTS: Readonly<Record<ContainerRuntime, string>> = {
  podman: 'Its containers may well be running. See what it says: podman info',
  docker: 'Its containers may well be running. Is the daemon up (systemctl status docker), and may you use its socket (group docker)? docker info',
};

function runtimeMissing(runtime: ContainerRuntime): ContainerRuntimeNotFoundError {
  return new ContainerRuntimeNotFoundError({
    hint: `${runtime} is not on PATH. Install one of them. podman: ${installHint('podman')}; docker: ${installHint('docker')}`,
    context: { runtime },
  });
}
