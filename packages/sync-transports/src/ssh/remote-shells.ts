import { installHint, TransportError, TransportErrorKind } from '@longhaul/errors';
import type { Outcome, ProcessRunner } from '@longhaul/exec';
import { describeOutcome } from '@longhaul/exec';
import type { Classification, FailureFacts } from '../failures/index.ts';
import { classifySsh } from '../failures/index.ts';
import type { RemoteShell, ShellStart } from './remote-shell.ts';
import { noisyShell, RemoteShell as Shell } from './remote-shell.ts';
import type { SshConnection } from './ssh-connection.ts';

/** An idle shell keeps the shared connection open; after this it is given up. Milliseconds. */
const IDLE_MS = 60_000;
/** As many as are used at the same time, and no more, are kept. */
const MAX_SPARES = 4;

/**
 * Shells on the other side, over one shared connection. A login can cost more than the work itself (150 ms of start-up files
 * where measured), so a shell is used again, and others are started ahead while something else is going on.
 */
export class RemoteShells implements AsyncDisposable {
  readonly #connection: SshConnection;
  readonly #runner: ProcessRunner;
  readonly #spares = new Map<RemoteShell, NodeJS.Timeout>();
  readonly #starting = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  /** The start that opens the shared connection; others wait for it instead of opening a second one. */
  #opening: Promise<unknown> | null = null;
  #everReached = false;

  constructor(connection: SshConnection, runner: ProcessRunner) {
    this.#connection = connection;
    this.#runner = runner;
  }

  /** Whether the destination has answered in the life of this object. */
  get everReached(): boolean {
    return this.#everReached;
  }

  /** A shell that waits for a script; give it back afterwards. @throws TransportError */
  async take(signal?: AbortSignal): Promise<RemoteShell> {
    for (const [shell, timer] of this.#spares) {
      clearTimeout(timer);
      this.#spares.delete(shell);
      if (shell.isWaiting) return shell;
    }
    return this.#start(signal);
  }

  /** A shell over a connection of its own: what is true now, whatever an older connection still believes. @throws TransportError */
  async takeOwn(signal?: AbortSignal): Promise<RemoteShell> {
    return this.#ready(await Shell.start(this.#runner, await this.#arguments('own'), signal));
  }

  /** For the next call; one that has ended, or one too many, is put away. */
  async giveBack(shell: RemoteShell): Promise<void> {
    if (this.#closing.signal.aborted || !shell.isWaiting || this.#spares.size >= MAX_SPARES) {
      await shell.end('no longer needed');
      return;
    }
    const timer = setTimeout(() => {
      this.#spares.delete(shell);
      void shell.end('idle');
    }, IDLE_MS);
    timer.unref();
    this.#spares.set(shell, timer);
  }

  /** Starts shells ahead until `count` are waiting. Failures are not said here: the call that needs a shell meets them itself. */
  warm(count: number): void {
    for (let missing = count - this.#spares.size - this.#starting.size; missing > 0; missing -= 1) {
      const starting = this.#addSpare().finally(() => this.#starting.delete(starting));
      this.#starting.add(starting);
    }
  }

  /** Opens the shared connection, or finds it open, so that a program can use it. @throws TransportError */
  async open(signal?: AbortSignal): Promise<void> {
    if (!this.#isOpenForSure()) await this.giveBack(await this.#start(signal));
  }

  /** Ends the idle shells: after the shared connection was given up for another one. */
  async drop(): Promise<void> {
    const spares = [...this.#spares];
    this.#spares.clear();
    for (const [, timer] of spares) clearTimeout(timer);
    await Promise.all(spares.map(async ([shell]) => shell.end('closed')));
  }

  /** Why ssh ended. It is silent when the shared connection was lost under its master, which does not speak to us. */
  async classify(outcome: Outcome, facts: FailureFacts): Promise<Classification> {
    const { target } = this.#connection.destination;
    if (outcome.kind === 'cancelled') return { kind: TransportErrorKind.INTERRUPTED, evidence: describeOutcome(outcome), hint: null, rule: null };
    if (outcome.kind === 'notFound') return { kind: null, evidence: describeOutcome(outcome), hint: installHint('ssh'), rule: null };
    const stderr = outcome.stderr.text;
    const returncode = outcome.kind === 'exited' ? outcome.exitCode : 255;
    if (stderr.trim() === '' && (await this.#connection.check()) === 'absent') {
      return { kind: TransportErrorKind.NETWORK, evidence: `the shared ssh connection to ${target} was lost`, hint: null, rule: 'ssh.shared-lost' };
    }
    return classifySsh({ returncode, stderr, stdout: '', facts: { target, everReached: this.#everReached, ...facts } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort('closed');
    await Promise.all(this.#starting);
    await this.drop();
    await this.#connection[Symbol.asyncDispose]();
  }

  async #start(signal?: AbortSignal): Promise<RemoteShell> {
    while (this.#opening !== null) await this.#opening.catch(() => undefined);
    if (this.#isOpenForSure()) return this.#startShared(signal);
    const opening = this.#openWithShell(signal);
    this.#opening = opening;
    try {
      return await opening;
    } finally {
      this.#opening = null;
    }
  }

  async #openWithShell(signal?: AbortSignal): Promise<RemoteShell> {
    await this.#connection.settings();
    if ((await this.#connection.check()) === 'open') return this.#startShared(signal);
    return this.#ready(await Shell.start(this.#runner, await this.#arguments('opening'), signal));
  }

  async #startShared(signal?: AbortSignal): Promise<RemoteShell> {
    return this.#ready(await Shell.start(this.#runner, await this.#arguments('shared'), signal));
  }

  async #addSpare(): Promise<void> {
    try {
      await this.giveBack(await this.#start(this.#closing.signal));
    } catch {
      // Whoever needs a shell starts one, and gets the error.
    }
  }

  async #ready(start: ShellStart): Promise<RemoteShell> {
    const { target, name = target } = this.#connection.destination;
    if (start.kind === 'noisy') throw noisyShell(target, start.noise);
    if (start.kind === 'silent') throw new TransportError(`${target} did not start a shell within ${String(start.waitedMs / 1000)} s`, { errorKind: TransportErrorKind.NETWORK, hint: `Try: ssh ${target} true` });
    if (start.kind === 'ready') {
      this.#everReached = true;
      return start.shell;
    }
    const { kind, evidence, hint, rule } = await this.classify(start.outcome, { name });
    throw new TransportError(`ssh to ${target} failed: ${evidence ?? describeOutcome(start.outcome)}`, { errorKind: kind, hint: hint ?? undefined, context: { evidence, rule } });
  }

  #isOpenForSure(): boolean {
    return [...this.#spares.keys()].some((shell) => shell.isWaiting);
  }

  async #arguments(how: 'own' | 'shared' | 'opening'): Promise<readonly string[]> {
    return [...(await this.#connection.arguments(how)), this.#connection.destination.target];
  }
}
