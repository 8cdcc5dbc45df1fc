import { ContainerRuntimeNotFoundError, installHint } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import type { ContainerRuntime } from '@longhaul/sessions';
import { closeSync, existsSync, openSync, readSync, realpathSync } from 'node:fs';
import { basename } from 'node:path';

import type { EngineFacts } from './engine/index.ts';
import { EngineClient, engineFacts } from './engine/index.ts';

/** Podman first (design §4.4). */
export const RUNTIMES: readonly ContainerRuntime[] = ['podman', 'docker'];

/** Options of {@link EngineSet}. */
export interface EngineSetOptions {
  /** Engines in the order of preference; null: those that this machine has. */
  readonly runtimes: readonly ContainerRuntime[] | null;
  readonly runner: ProcessRunner;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly answerMs: number;
}

const DOCKER_SOCKET = '/var/run/docker.sock';

/** The engines that are asked. Looks at the file system only until one is. */
export class EngineSet {
  readonly #clients: readonly EngineClient[];
  readonly #chosen: boolean;
  readonly #env: EngineSetOptions['env'];
  readonly #facts: Map<ContainerRuntime, Promise<EngineFacts>> = new Map();

  constructor({ runtimes, ...options }: EngineSetOptions) {
    this.#clients = (runtimes ?? RUNTIMES).map((runtime) => new EngineClient({ runtime, ...options }));
    this.#chosen = runtimes !== null;
    this.#env = options.env;
  }

  /** All that are installed, and the client of docker only where there is something to ask: the program alone is no engine. */
  present(): readonly EngineClient[] {
    return this.#clients.filter((client) => client.isInstalled() && (this.#chosen || client.runtime !== 'docker' || (this.#hasDocker() && !this.#isAnotherPodman(client))));
  }

  /** Whether `docker` leads to the podman that is asked anyway: Debian's podman-docker is a script that calls it, and links its socket in docker's place. */
  #isAnotherPodman(docker: EngineClient): boolean {
    if (!this.#clients.some((client) => client.runtime === 'podman' && client.isInstalled())) return false;
    const { DOCKER_HOST: host = '' } = this.#env;
    const socket = host.startsWith('unix://') ? host.slice('unix://'.length) : host === '' ? DOCKER_SOCKET : null;
    return isPodmanProgram(docker.program()) || (socket !== null && basename(realPathOf(socket)) === 'podman.sock');
  }

  /** {@link present}, of which there must be one. @throws ContainerRuntimeNotFoundError */
  required(): readonly EngineClient[] {
    const present = this.present();
    if (present.length > 0) return present;
    throw missing();
  }

  /** The engine for a new container: the first that is there, else the first whose program is. @throws ContainerRuntimeNotFoundError */
  choose(runtime: ContainerRuntime | null): EngineClient {
    if (runtime !== null) return this.of(runtime);
    const first = this.present()[0] ?? this.#clients.find((client) => client.isInstalled());
    if (first === undefined) throw missing();
    return first;
  }

  /** One engine by its name, installed or not. */
  of(runtime: ContainerRuntime): EngineClient {
    const client = this.#clients.find((one) => one.runtime === runtime);
    if (client === undefined) throw missing(runtime);
    client.program();
    return client;
  }

  /** What a start must know of an engine, asked once. @throws BackendUnavailableError */
  facts(client: EngineClient): Promise<EngineFacts> {
    const known = this.#facts.get(client.runtime) ?? engineFacts(client);
    this.#facts.set(client.runtime, known);
    // A daemon that did not answer may do so the next time.
    known.catch(() => this.#facts.delete(client.runtime));
    return known;
  }

  #hasDocker(): boolean {
    const { DOCKER_HOST, DOCKER_CONTEXT } = this.#env;
    return [DOCKER_HOST, DOCKER_CONTEXT].some((value) => value !== undefined && value !== '') || existsSync(DOCKER_SOCKET);
  }
}

/** Where the daemon of docker listens: the path of its socket, or `cli` where only its client knows the way (a context, TLS, ssh). */
export function dockerEndpoint(env: Readonly<Record<string, string | undefined>>): string {
  const { DOCKER_HOST: host = '', DOCKER_CONTEXT: context = '' } = env;
  if (host.startsWith('unix://')) return host.slice('unix://'.length);
  return host === '' && (context === '' || context === 'default') && existsSync(DOCKER_SOCKET) ? DOCKER_SOCKET : 'cli';
}

/** A link to podman, or a script that calls it. */
function isPodmanProgram(program: string): boolean {
  const real = realPathOf(program);
  if (basename(real) === 'podman') return true;
  try {
    using file = openForReading(real);
    const head = file.head();
    return head.startsWith('#!') && /\bpodman\b/.test(head);
  } catch {
    // A program that one may run and not read.
    return false;
  }
}

/** The first kilobyte of a file, as text. */
function openForReading(path: string): Disposable & { readonly head: () => string } {
  const fd = openSync(path, 'r');
  return {
    head: () => {
      const buffer = Buffer.alloc(1024);
      return buffer.toString('latin1', 0, readSync(fd, buffer));
    },
    [Symbol.dispose]: () => {
      closeSync(fd);
    },
  };
}

/** Where links lead; the path itself where there is nothing. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

function missing(runtime?: ContainerRuntime): ContainerRuntimeNotFoundError {
  const which = runtime === undefined ? 'neither podman nor docker is' : `${runtime} is not`;
  return new ContainerRuntimeNotFoundError({ hint: `${which} on PATH. Install one of them. podman: ${installHint('podman')}; docker: ${installHint('docker')}` });
}
