import { ContainerRuntimeNotFoundError, installHint } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import { findProgram } from '@longhaul/exec';
import type {
  AttachCommand,
  AttachOptions,
  BackendProbe,
  ExecOptions,
  ListOptions,
  LogChunk,
  LogOptions,
  Presence,
  RunDirectory,
  RunStore,
  SendInput,
  SessionBackend,
  SessionListing,
  SessionSpec,
  SessionStatus,
  StopPolicy,
  StopReport,
} from '@longhaul/sessions';

/** What the container backend is made of. */
export interface ContainerSessionsOptions {
  readonly runs: RunStore;
  readonly runner: ProcessRunner;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Lines of the progress of an image that is fetched. */
  readonly onProgress?: ((line: string) => void) | undefined;
}

/** The container backend, loaded at its first use and only where an engine is installed: a command about a job in tmux never pays for it. */
export class ContainerSessions implements SessionBackend {
  readonly kind = 'container' as const;
  readonly #options: ContainerSessionsOptions;
  #backend: Promise<SessionBackend> | null = null;

  constructor(options: ContainerSessionsOptions) {
    this.#options = options;
  }

  async start(spec: SessionSpec, run: RunDirectory): Promise<SessionStatus> {
    return (await this.#load()).start(spec, run);
  }

  async stop(name: string, policy: StopPolicy): Promise<StopReport> {
    return (await this.#load()).stop(name, policy);
  }

  async status(name: string): Promise<Presence> {
    return (await this.#load()).status(name);
  }

  async takeUp(run: RunDirectory): Promise<void> {
    await (await this.#load()).takeUp?.(run);
  }

  async list(options?: ListOptions): Promise<SessionListing> {
    return (await this.#load()).list(options);
  }

  async *logs(name: string, options: LogOptions): AsyncGenerator<LogChunk> {
    yield* (await this.#load()).logs(name, options);
  }

  async attach(name: string, options: AttachOptions): Promise<AttachCommand> {
    return (await this.#load()).attach(name, options);
  }

  async send(name: string, input: SendInput): Promise<void> {
    await (await this.#load()).send(name, input);
  }

  async exec(name: string, argv: readonly string[], options?: ExecOptions): Promise<AttachCommand> {
    return (await this.#load()).exec(name, argv, options);
  }

  async remove(name: string): Promise<void> {
    await (await this.#load()).remove(name);
  }

  async probe(): Promise<BackendProbe> {
    return (await this.#load()).probe();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await (await this.#backend)?.[Symbol.asyncDispose]();
  }

  /** @throws ContainerRuntimeNotFoundError where neither engine is on PATH: looked up without a spawn */
  #load(): Promise<SessionBackend> {
    const { env, runs, runner, onProgress } = this.#options;
    if (findProgram('podman', env) === null && findProgram('docker', env) === null) {
      return Promise.reject(new ContainerRuntimeNotFoundError({ hint: `Install one of them. podman: ${installHint('podman')}; docker: ${installHint('docker')}` }));
    }
    this.#backend ??= import('@longhaul/backend-container').then(({ ContainerBackend }) => new ContainerBackend({ runs, runner, env, ...(onProgress === undefined ? {} : { onProgress }) }));
    return this.#backend;
  }
}
