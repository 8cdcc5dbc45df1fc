import { TmuxNotFoundError } from '@longhaul/errors';
import type { CommandInput, ProcessRunner } from '@longhaul/exec';
import { describeOutcome, findProgram } from '@longhaul/exec';

import type { TmuxAnswer } from './tmux-failure.ts';
import { answerOf } from './tmux-failure.ts';
import type { TmuxSocket } from './tmux-socket.ts';

/** How tmux is run. */
export interface TmuxClientOptions {
  readonly runner: ProcessRunner;
  /** The caller's environment: PATH and TMUX_TMPDIR are taken from it, and nothing else. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Milliseconds until tmux counts as not answering. */
  readonly answerMs: number;
}

/** Runs tmux. One call is one process. */
export class TmuxClient {
  readonly #runner: ProcessRunner;
  readonly #env: TmuxClientOptions['env'];
  readonly #answerMs: number;

  constructor({ runner, env, answerMs }: TmuxClientOptions) {
    this.#runner = runner;
    this.#env = env;
    this.#answerMs = answerMs;
  }

  /** Where tmux is. Looks at the file system only. @throws TmuxNotFoundError */
  program(): string {
    const found = findProgram('tmux', this.#env);
    if (found === null) throw new TmuxNotFoundError();
    return found;
  }

  /**
   * Asks the server at a socket. Failures are values, but for a missing program.
   *
   * @throws TmuxNotFoundError
   */
  async ask(socket: TmuxSocket, args: readonly string[], stdin: CommandInput = 'ignore'): Promise<Exclude<TmuxAnswer, { kind: 'not-found' }>> {
    const answer = answerOf(
      await this.#runner.run({
        program: this.program(),
        args: [...globalArgs(socket), ...args],
        // The folder of a server that is started by this call must not be kept busy for ever.
        cwd: '/',
        env: { base: 'empty', set: this.#environment() },
        stdin,
        timeoutMs: this.#answerMs,
        killGraceMs: 500,
        // The client hands its output to the server, which holds it open as long as it is stopped; the client has written all itself.
        drainMs: 100,
      }),
      describeOutcome,
    );
    if (answer.kind === 'not-found') throw new TmuxNotFoundError();
    return answer;
  }

  /** `tmux -V`, as it prints it. */
  async version(): Promise<string> {
    const outcome = await this.#runner.run({ program: this.program(), args: ['-V'], env: { base: 'empty', set: this.#environment() }, timeoutMs: this.#answerMs });
    return outcome.stdout.text.trim();
  }

  /**
   * What a server is started with, should this call start one: a server hands its own environment to every job, and shows it to
   * everybody who asks it (design §4.2).
   */
  #environment(): Record<string, string> {
    const taken = ['PATH', 'TMUX_TMPDIR'].flatMap((name): [string, string][] => {
      const value = this.#env[name];
      return value === undefined || value === '' ? [] : [[name, value]];
    });
    return Object.fromEntries(taken);
  }
}

/** Always UTF-8: under LC_ALL=C tmux would print our separators as `_`. Never a configuration of somebody's. */
export function globalArgs(socket: TmuxSocket): readonly string[] {
  return ['-u', '-f', '/dev/null', ...('path' in socket ? ['-S', socket.path] : ['-L', socket.name])];
}
