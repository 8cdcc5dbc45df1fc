/** Where the program's environment comes from. Values are handed to the program alone and appear in no log of ours. */
export interface CommandEnvironment {
  /** `inherit` (default): this process's environment below `set` and `unset`, without the mark of the job that it may be in (`LONGHAUL_RUN_ID`); `empty`: nothing but `set`. */
  readonly base?: 'inherit' | 'empty' | undefined;
  readonly set?: Readonly<Record<string, string | undefined>> | undefined;
  /** Names to leave out; stronger than `base`, weaker than `set`. */
  readonly unset?: readonly string[] | undefined;
}

/**
 * What the program reads on stdin. `pipe` is for `spawn`: the caller writes through {@link RunningProcess.stdin}. With `run`
 * nobody could, so there it is `ignore`.
 */
export type CommandInput =
  | 'ignore'
  | 'inherit'
  | 'pipe'
  | { readonly text: string }
  | { readonly bytes: Uint8Array }
  | { readonly chunks: AsyncIterable<string | Uint8Array> | Iterable<string | Uint8Array> }
  | { readonly fd: number };

/** What happens to an output that this process reads. All bounds are bytes. */
export interface OutputCapture {
  /** How much is kept for the outcome; more is counted and dropped. Default 8 MiB; 0 keeps nothing. */
  readonly maxBytes?: number | undefined;
  /** Which end is kept when there is more than `maxBytes`. Default `tail`: programs say last what went wrong. */
  readonly keep?: 'head' | 'tail' | undefined;
  /** Called with each piece as it comes. The program is held back until a returned promise settles. */
  readonly onChunk?: ((chunk: Uint8Array) => void | Promise<void>) | undefined;
  /** Called with each line, without its end, decoded as UTF-8; a last line without an end counts. Holds back like `onChunk`. */
  readonly onLine?: ((line: string) => void | Promise<void>) | undefined;
  /** What ends a line: `\n` and `\r\n` (default), or also a lone `\r`, as progress displays write it. */
  readonly lineEnd?: 'newline' | 'newline-or-return' | undefined;
  /** A line longer than this is delivered in pieces of this size, so that memory stays bounded. Default 1 MiB. */
  readonly maxLineBytes?: number | undefined;
}

/**
 * Where an output of the program goes. `pipe` is for `spawn`: the caller reads {@link RunningProcess.stdout} itself, and
 * the program is held back while nobody does. With `run` nobody could, so there it is `ignore`.
 */
export type CommandOutput = 'ignore' | 'inherit' | 'pipe' | { readonly fd: number } | OutputCapture;

/** A program and how to run it. There is no shell: each argument arrives byte for byte. */
export interface Command {
  /** A name that is looked up on the PATH of the program's environment, or a path. */
  readonly program: string;
  readonly args?: readonly string[] | undefined;
  readonly cwd?: string | undefined;
  readonly env?: CommandEnvironment | undefined;
  /** Default `ignore`. */
  readonly stdin?: CommandInput | undefined;
  /** Default: captured, see {@link OutputCapture}. */
  readonly stdout?: CommandOutput | undefined;
  /** Default: captured, see {@link OutputCapture}. */
  readonly stderr?: CommandOutput | undefined;
  /** Milliseconds from the start until the program is ended; the outcome is then `timedOut`. Default: none. */
  readonly timeoutMs?: number | undefined;
  /** What ends the program on timeout, abort and disposal. Default SIGTERM. */
  readonly killSignal?: NodeJS.Signals | undefined;
  /** Milliseconds from `killSignal` to SIGKILL. Default 5000. */
  readonly killGraceMs?: number | undefined;
  /** Aborting ends the program; aborted before the start, nothing is started. The outcome is `cancelled`, never a throw. */
  readonly signal?: AbortSignal | undefined;
  /**
   * `own` (default): a process group and session of its own, so that ending it ends its children too; such a program has no
   * controlling terminal. `inherit`: for programs that talk to the person at the terminal.
   */
  readonly group?: 'own' | 'inherit' | undefined;
  /**
   * Milliseconds without a byte, after the program has ended, until an output is given up that a process left behind
   * holds open (ssh's ControlPersist for example). Default 2000. The output then says `complete: false`.
   */
  readonly drainMs?: number | undefined;
}

/** Where an output of a detached program goes; a file is created or appended to. */
export type DetachedOutput = 'ignore' | { readonly file: string } | { readonly fd: number };

/** A program that outlives this process: own session, no terminal, no pipe to us. */
export interface DetachedCommand {
  readonly program: string;
  readonly args?: readonly string[] | undefined;
  readonly cwd?: string | undefined;
  readonly env?: CommandEnvironment | undefined;
  /** Default `ignore`. */
  readonly stdin?: 'ignore' | { readonly fd: number } | undefined;
  /** Default `ignore`. */
  readonly stdout?: DetachedOutput | undefined;
  /** Default `ignore`. */
  readonly stderr?: DetachedOutput | undefined;
}
