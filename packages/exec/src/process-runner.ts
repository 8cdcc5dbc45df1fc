import type { Command, DetachedCommand } from './command.ts';
import type { LineOptions } from './line-splitter.ts';
import type { NotFound, Outcome, SpawnFailed } from './outcome.ts';

/** The program's stdin, open where the command says `pipe`. */
export interface ProcessInput {
  /** Settles when there is room for more. A program that no longer reads is no error: its outcome says what became of it. */
  write(data: string | Uint8Array): Promise<void>;
  end(): Promise<void>;
}

/** An output that the caller reads, where the command says `pipe`. To be read once; the program waits while nobody reads. */
export interface ProcessOutput extends AsyncIterable<Uint8Array> {
  lines(options?: LineOptions): AsyncIterable<string>;
}

/** A program that was started. Disposing of it ends it and its group, and settles when they are gone. */
export interface RunningProcess extends AsyncDisposable {
  /** Null where it could not be started: `outcome` says why. */
  readonly pid: number | null;
  readonly stdin: ProcessInput | null;
  readonly stdout: ProcessOutput | null;
  readonly stderr: ProcessOutput | null;
  /** Rejects only with what a function of the caller's (`onChunk`, `onLine`, an input iterable) has thrown; the program is ended first. */
  readonly outcome: Promise<Outcome>;
  /** Sends a signal to the program and, where it has a group of its own, to the group. False where there is nobody left. */
  kill(signal: NodeJS.Signals): boolean;
  /** Ends it: `killSignal`, `killGraceMs`, SIGKILL. The outcome is `cancelled` with this reason. Harmless when it has ended. */
  end(reason?: unknown): Promise<Outcome>;
}

/** A program that was started detached. */
export interface DetachedStart {
  readonly kind: 'started';
  readonly pid: number;
}

/** The port through which Longhaul runs programs. Failures of programs are values; only a caller's own mistakes throw. */
export interface ProcessRunner {
  /** Runs a program to its end. */
  run(command: Command): Promise<Outcome>;
  /** Starts a program; settles when it is started or known not to start. */
  spawn(command: Command): Promise<RunningProcess>;
  /** Starts a program that outlives this process. */
  detach(command: DetachedCommand): Promise<DetachedStart | NotFound | SpawnFailed>;
}
