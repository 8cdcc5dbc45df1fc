import { existsSync, rmSync } from 'node:fs';
import type { ProcessRunner } from '@longhaul/exec';
import { succeeded } from '@longhaul/exec';
import { controlSocketPath } from './control-socket.ts';
import type { SshDestination } from './ssh-destination.ts';
import type { SshChannel } from './ssh-options.ts';
import { sshArguments } from './ssh-options.ts';
import type { SshSettings } from './ssh-settings.ts';
import { readSshSettings, SSH_ENVIRONMENT } from './ssh-settings.ts';

/** A master that does not answer on its own socket within this time hangs: its connection is dead. Milliseconds. */
const CHECK_TIMEOUT_MS = 5000;

/** Whether the shared connection is there. */
export type SharedState = 'open' | 'absent';

/**
 * The shared connection to one destination: a master process of ssh's that outlives single commands, so that each
 * command costs one round trip and no login. The state is asked, never assumed.
 */
export class SshConnection implements AsyncDisposable {
  readonly destination: SshDestination;
  readonly #runner: ProcessRunner;
  #settings: Promise<SshSettings> | null = null;
  /** As it was when the connection was last asked for: it changes with the key and known_hosts files. */
  #controlPath: string | null = null;
  #hasAesThere: boolean | null = null;

  constructor(destination: SshDestination, runner: ProcessRunner) {
    this.destination = destination;
    this.#runner = runner;
  }

  /** @throws TransportError */
  async settings(): Promise<SshSettings> {
    this.#settings ??= readSshSettings(this.destination, this.#runner);
    try {
      return await this.#settings;
    } catch (error) {
      this.#settings = null;
      throw error;
    }
  }

  /** ssh's arguments for a command, up to and without the target. @throws TransportError */
  async arguments(how: SshChannel['kind']): Promise<readonly string[]> {
    const { aesFirst } = await this.settings();
    const channel: SshChannel = how === 'own' ? { kind: 'own' } : { kind: how, controlPath: this.#path() };
    const ciphers = aesFirst !== null && this.#hasAesThere !== false ? { ciphers: aesFirst } : {};
    return sshArguments(this.destination, { channel, ...ciphers });
  }

  /** A master that hangs is given up: its socket is removed, so that the next one can take its place. */
  async check(): Promise<SharedState> {
    this.#controlPath = controlSocketPath(this.destination);
    if (!existsSync(this.#controlPath)) return 'absent';
    const outcome = await this.#control('check');
    if (succeeded(outcome)) return 'open';
    if (outcome.kind === 'timedOut') rmSync(this.#path(), { force: true });
    return 'absent';
  }

  /**
   * What the other side said about its processor. Without AES in hardware there, ssh's own cipher is quicker, and the
   * shared connection is given up for one with that: true then.
   */
  async learnAes(there: boolean): Promise<boolean> {
    const isNews = this.#hasAesThere === null && !there && (await this.settings()).aesFirst !== null;
    this.#hasAesThere = there;
    if (isNews) await this.#control('stop');
    return isNews;
  }

  /** The master ends when the commands that use it have ended, those of other processes too. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#controlPath !== null) await this.#control('stop');
  }

  async #control(request: 'check' | 'stop'): Promise<Awaited<ReturnType<ProcessRunner['run']>>> {
    const args = [...sshArguments(this.destination, { channel: { kind: 'shared', controlPath: this.#path() } }), '-O', request, this.destination.target];
    return this.#runner.run({ program: 'ssh', args, env: SSH_ENVIRONMENT, timeoutMs: CHECK_TIMEOUT_MS, killGraceMs: 500, drainMs: 200 });
  }

  #path(): string {
    return (this.#controlPath ??= controlSocketPath(this.destination));
  }
}
