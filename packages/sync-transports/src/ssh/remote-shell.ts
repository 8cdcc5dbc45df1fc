import { randomBytes } from 'node:crypto';
import { TransportError, TransportErrorKind } from '@longhaul/errors';
import type { Outcome, ProcessRunner, RunningProcess } from '@longhaul/exec';
import type { ReadShellOutput, ScriptEnd } from './shell-output.ts';
import { ShellOutput } from './shell-output.ts';
import { scriptLine } from './shell-words.ts';
import { SSH_ENVIRONMENT } from './ssh-settings.ts';

/**
 * What ssh runs there, whatever the login shell is: only single quotes, understood alike by sh, bash, zsh, csh and fish. It
 * contains no data: everything else comes on stdin, a line each (see scriptLine).
 */
const BOOTSTRAP = `exec sh -c 'echo longhaul-shell 1; IFS= read -r s && eval "$(printf %b "$s")"'`;

/**
 * The first line: takes scripts and runs them, each in a subshell. Three lines for each: a mark, how many bytes of input follow
 * (`-`: all the rest, and this script is the last one), the script. Afterwards the mark, the exit code and what went to stderr.
 * What a script leaves of its input is read away, so that the next line is a line again.
 */
const LOOP = `
exec 3>&1
while IFS= read -r mark && IFS= read -r n && IFS= read -r s; do
  err=$({
    case $n in
      0) (eval "$(printf %b "$s")") </dev/null ;;
      -) (eval "$(printf %b "$s")") ;;
      *) head -c "$n" | { (eval "$(printf %b "$s")"); r=$?; cat >/dev/null; exit $r; } ;;
    esac
  } 2>&1 >&3 3>&-)
  printf '%s %s\\0%s\\0' "$mark" "$?" "$err" >&3
done
`;
const FIRST_LINE = scriptLine(Buffer.from(LOOP));

/** Milliseconds from the start of ssh until the remote shell must have said that it is there. */
const READY_TIMEOUT_MS = 90_000;

/** One run of a script. */
export interface ShellRun {
  /** From scriptLine. */
  readonly line: string;
  /** What the script's programs read on stdin. */
  readonly input?: Uint8Array;
  /** Whether the shell can be used again after a script with input: only where `head -c` there takes no byte too many. */
  readonly afterInput: 'again' | 'over';
  readonly onChunk: ReadShellOutput;
  readonly signal?: AbortSignal;
}

/** `lost`: ssh ended before the script had said its last word. */
export type ShellRunEnd = ({ readonly kind: 'done' } & ScriptEnd) | { readonly kind: 'lost'; readonly outcome: Outcome };

/** How the start of a remote shell ended. */
export type ShellStart =
  | { readonly kind: 'ready'; readonly shell: RemoteShell }
  | { readonly kind: 'ended'; readonly outcome: Outcome }
  | { readonly kind: 'noisy'; readonly noise: string }
  | { readonly kind: 'silent'; readonly waitedMs: number };

/** A shell on the other side, logged in and waiting for a script. One script at a time. */
export class RemoteShell {
  readonly #process: RunningProcess;
  readonly #output: ShellOutput;
  #state: 'waiting' | 'running' | 'over' = 'waiting';
  #wasUsed = false;

  private constructor(process: RunningProcess, output: ShellOutput) {
    this.#process = process;
    this.#output = output;
    void process.outcome.finally(() => (this.#state = 'over')).catch(() => undefined);
  }

  static async start(runner: ProcessRunner, args: readonly string[], signal?: AbortSignal): Promise<ShellStart> {
    const output = new ShellOutput();
    const process = await runner.spawn({
      program: 'ssh',
      args: [...args, BOOTSTRAP],
      env: SSH_ENVIRONMENT,
      stdin: 'pipe',
      stdout: { maxBytes: 0, onChunk: (chunk) => { output.accept(chunk); } },
      stderr: { maxBytes: 256 * 1024 },
      killGraceMs: 1000,
      // The master of a shared connection that was opened here holds stderr of older ssh versions open.
      drainMs: 250,
    });
    const shell = new RemoteShell(process, output);
    const late = new AbortController();
    const timer = setTimeout(() => { late.abort('no shell in time'); }, READY_TIMEOUT_MS);
    const abort = AbortSignal.any([late.signal, ...(signal === undefined ? [] : [signal])]);
    try {
      const first = await shell.#orAbort(Promise.race([output.ready, process.outcome]), abort);
      if (late.signal.aborted) return { kind: 'silent', waitedMs: READY_TIMEOUT_MS };
      if (typeof first === 'object') return output.noise === '' ? { kind: 'ended', outcome: first } : { kind: 'noisy', noise: output.noise };
      if (first === 'noisy') {
        await shell.end('noise before the shell');
        return { kind: 'noisy', noise: output.noise };
      }
      await process.stdin?.write(FIRST_LINE);
      return { kind: 'ready', shell };
    } finally {
      clearTimeout(timer);
    }
  }

  /** Whether a script can be given to it. False once ssh has ended: the connection is gone, or somebody ended the shell there. */
  get isWaiting(): boolean {
    return this.#state === 'waiting';
  }

  /** Whether a script has run in it, so that it has waited since. */
  get wasUsed(): boolean {
    return this.#wasUsed;
  }

  /** Runs a script. Aborting ends ssh: what the script still does there is not stopped by it. */
  async run({ line, input, afterInput, onChunk, signal }: ShellRun): Promise<ShellRunEnd> {
    this.#state = 'running';
    this.#wasUsed = true;
    const mark = randomBytes(16).toString('hex');
    const isLast = input !== undefined && afterInput === 'over';
    const end = this.#output.expect(mark, onChunk);
    const length = input === undefined ? '0' : isLast ? '-' : String(input.length);
    await this.#process.stdin?.write(`${mark}\n${length}\n${line}`);
    if (input !== undefined) await this.#process.stdin?.write(input);
    if (isLast) await this.#process.stdin?.end();
    const first = await this.#orAbort(Promise.race([end, this.#process.outcome]), signal);
    if ('pid' in first) return { kind: 'lost', outcome: first };
    if (isLast) await this.end('its only script is done');
    else if (this.#isRunning()) this.#state = 'waiting';
    return { kind: 'done', ...first };
  }

  /** Ends ssh and with it the shell. Harmless when it has ended. */
  async end(reason?: unknown): Promise<Outcome> {
    this.#state = 'over';
    return this.#process.end(reason);
  }

  #isRunning(): boolean {
    return this.#state === 'running';
  }

  async #orAbort<T>(result: Promise<T>, signal: AbortSignal | undefined): Promise<T | Outcome> {
    const abort = (): void => void this.end(signal?.reason);
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    try {
      return await result;
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }
}

/** A login shell that prints when nobody looks: rsync would take that for its protocol. */
export function noisyShell(target: string, noise: string): TransportError {
  return new TransportError(`the login shell at ${target} prints before it runs a command: ${JSON.stringify(noise)}`, {
    errorKind: TransportErrorKind.CONFIG,
    hint: `Move what prints out of ~/.bashrc (or the like) there, or behind: case $- in *i*) … esac. Test: "ssh ${target} true" prints nothing`,
    context: { evidence: noise },
  });
}
