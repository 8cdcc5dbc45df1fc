import { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { Outcome, ProcessRunner, RunningProcess } from '@longhaul/exec';
import { SSH_ENVIRONMENT } from './ssh-settings.ts';

/** What the remote shell says when it waits for its script. Anything before it was printed by the login shell's start-up files. */
const READY = Buffer.from('longhaul-shell 1\n');

/**
 * What ssh runs there, whatever the login shell is: only single quotes, understood alike by sh, bash, zsh, csh and fish.
 * It contains no data: the script comes as the first line on stdin (see scriptLine).
 */
const BOOTSTRAP = `exec sh -c 'echo longhaul-shell 1; IFS= read -r s && eval "$(printf %b "$s")"'`;

/** Milliseconds from the start of ssh until the remote shell must have said that it is there. */
const READY_TIMEOUT_MS = 90_000;
/** A login shell that prints more than this before our shell starts is cut off. Bytes. */
const MAX_NOISE = 64 * 1024;

export type ReadShellOutput = (chunk: Uint8Array) => void;

/** One run of a script. */
export interface ShellRun {
  /** From scriptLine. */
  readonly line: string;
  /** What the script's programs read on stdin. */
  readonly input?: Uint8Array;
  readonly onChunk: ReadShellOutput;
  readonly signal?: AbortSignal;
}

/** How the start of a remote shell ended. */
export type ShellStart =
  | { readonly kind: 'ready'; readonly shell: RemoteShell }
  | { readonly kind: 'ended'; readonly outcome: Outcome }
  | { readonly kind: 'noisy'; readonly noise: string }
  | { readonly kind: 'silent'; readonly waitedMs: number };

/** A shell on the other side, logged in and waiting for its one script. */
export class RemoteShell {
  readonly #process: RunningProcess;
  readonly #sink: ShellSink;
  #hasEnded = false;

  private constructor(process: RunningProcess, sink: ShellSink) {
    this.#process = process;
    this.#sink = sink;
    void process.outcome.finally(() => (this.#hasEnded = true)).catch(() => undefined);
  }

  static async start(runner: ProcessRunner, args: readonly string[], signal?: AbortSignal): Promise<ShellStart> {
    const sink = new ShellSink();
    const process = await runner.spawn({
      program: 'ssh',
      args: [...args, BOOTSTRAP],
      env: SSH_ENVIRONMENT,
      stdin: 'pipe',
      stdout: { maxBytes: 0, onChunk: (chunk) => { sink.accept(chunk); } },
      stderr: { maxBytes: 256 * 1024 },
      killGraceMs: 1000,
      // The master of a shared connection that was opened here holds stderr of older ssh versions open.
      drainMs: 250,
    });
    const shell = new RemoteShell(process, sink);
    const abort = (): void => void shell.end(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    const late = new AbortController();
    const timer = setTimeout(() => {
      late.abort();
      void shell.end('no shell in time');
    }, READY_TIMEOUT_MS);
    try {
      const first = await Promise.race([sink.ready, process.outcome]);
      if (late.signal.aborted) return { kind: 'silent', waitedMs: READY_TIMEOUT_MS };
      if (typeof first === 'object') return sink.noise === '' ? { kind: 'ended', outcome: first } : { kind: 'noisy', noise: sink.noise };
      if (first === 'ready') return { kind: 'ready', shell };
      await shell.end('noise before the shell');
      return { kind: 'noisy', noise: sink.noise };
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    }
  }

  /** False once ssh has ended: the connection is gone, or somebody ended the shell there. */
  get isWaiting(): boolean {
    return !this.#hasEnded;
  }

  /** Runs the one script and settles at the end of ssh. */
  async run({ line, input, onChunk, signal }: ShellRun): Promise<Outcome> {
    this.#sink.forward(onChunk);
    const abort = (): void => void this.end(signal?.reason);
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await this.#process.stdin?.write(line);
      if (input !== undefined) await this.#process.stdin?.write(input);
      await this.#process.stdin?.end();
      return await this.#process.outcome;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  /** Ends ssh and with it the shell. Harmless when it has ended. */
  async end(reason?: unknown): Promise<Outcome> {
    return this.#process.end(reason);
  }
}

/** Holds stdout until it is known to come from our shell. */
class ShellSink {
  readonly ready: Promise<'ready' | 'noisy'>;
  #settle: (state: 'ready' | 'noisy') => void = () => undefined;
  #state: 'waiting' | 'ready' | 'noisy' = 'waiting';
  #held: Buffer = Buffer.alloc(0);
  #forward: ReadShellOutput | null = null;

  constructor() {
    this.ready = new Promise((resolve) => (this.#settle = resolve));
  }

  /** What was printed before our shell; empty where nothing was. */
  get noise(): string {
    return this.#state === 'ready' ? '' : this.#held.toString().slice(0, 300).trim();
  }

  accept(chunk: Uint8Array): void {
    if (this.#forward !== null) {
      this.#forward(chunk);
      return;
    }
    this.#held = Buffer.concat([this.#held, chunk]);
    if (this.#state === 'waiting') this.#look();
  }

  forward(onChunk: ReadShellOutput): void {
    this.#forward = onChunk;
    if (this.#held.length > 0) onChunk(this.#held);
    this.#held = Buffer.alloc(0);
  }

  #look(): void {
    const at = this.#held.indexOf(READY);
    if (at === 0) {
      this.#held = this.#held.subarray(READY.length);
      this.#state = 'ready';
    } else if (at > 0 || this.#held.length > MAX_NOISE) {
      this.#held = this.#held.subarray(0, at > 0 ? at : MAX_NOISE);
      this.#state = 'noisy';
    } else {
      return;
    }
    this.#settle(this.#state);
  }
}

/** A login shell that prints when nobody looks: rsync would take that for its protocol. */
export function noisyShell(target: string, noise: string): TransportError {
  return new TransportError(`the login shell at ${target} prints before it runs a command: ${JSON.stringify(noise)}`, {
    errorKind: TransportErrorKind.CONFIG,
    hint: `Move what prints out of ~/.bashrc (or the like) there, or behind: case $- in *i*) … esac. Test: "ssh ${target} true" prints nothing`,
  });
}
