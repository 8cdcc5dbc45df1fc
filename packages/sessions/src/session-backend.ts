import type { BackendUnavailableError } from '@longhaul/errors';
import type { RunDirectory } from './run-directory.ts';
import type { StopStep } from './run-record.ts';
import type { BackendKind, SessionSpec, StopPolicy } from './session-spec.ts';
import type { SessionStatus } from './session-status.ts';

/** Three-valued truth: a backend that cannot be asked is `unknown`, never absent (design §4.1). */
export type Presence =
  | { readonly kind: 'present'; readonly status: SessionStatus }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unknown'; readonly cause: BackendUnavailableError };

/** What a backend could list. When it could not be asked, `unavailable` says why and managed sessions are listed from their records. */
export interface SessionListing {
  readonly sessions: readonly SessionStatus[];
  readonly unavailable: BackendUnavailableError | null;
}

/** Which sessions are to be listed. */
export interface ListOptions {
  /** `ours`: nothing that was made by hand. What has none of ours is not asked then. Default `all`. */
  readonly whose?: 'all' | 'ours' | undefined;
}

export interface LogOptions {
  /** Only the last n lines; all when not given. */
  readonly lines?: number | undefined;
  /** Only what was printed at or after this moment. */
  readonly since?: Date | undefined;
  /** Only what comes after this offset: the `endOffset` of a chunk, to go on where an earlier reader ended. */
  readonly after?: number | undefined;
  /** Go on until the run ends (or the signal). */
  readonly follow?: boolean | undefined;
  /** A run other than the current one. */
  readonly runId?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Bytes of a log, escape sequences kept. */
export interface LogChunk {
  readonly bytes: Uint8Array;
  readonly stream: 'terminal' | 'stdout' | 'stderr';
  /** Offset in the log after this chunk: a resumable cursor. */
  readonly endOffset: number;
  /** When it was printed, ISO 8601 in UTC; only where times were asked for and are known. */
  readonly at?: string | undefined;
  /** `bytes`: offsets count the bytes of the output, so that each of them can be a cursor. Not given where only ends of chunks can. */
  readonly offsets?: 'bytes' | undefined;
}

export interface AttachOptions {
  readonly mode: 'read-write' | 'read-only';
  /** `interrupts`: Ctrl-C, Ctrl-Z and Ctrl-\ are asked about before they reach the job (design §8). Default `nothing`. */
  readonly protect?: 'nothing' | 'interrupts' | undefined;
}

/** How a program is run beside the job. */
export interface ExecOptions {
  /** Relative to the job's own directory; that one when not given. */
  readonly workingDir?: string | undefined;
  /** Whether the program gets a terminal of its own where the backend has to make one (a container). Default `no`. */
  readonly terminal?: 'yes' | 'no' | undefined;
}

/** What a caller must run with its own terminal in order to attach; the CLI replaces its process by it. */
export interface AttachCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** The whole environment for it. */
  readonly env: Readonly<Record<string, string>>;
  /** What to press in order to leave while the job goes on: `C-b d`. Not given where there is no such key, or nothing to leave. */
  readonly leaveKeys?: string | undefined;
}

/** Which step ended the job, and what was still there to be swept (design §4.5). */
export interface StopReport {
  /** As `status.stoppedBy` says it, where this stop was the one. */
  readonly step: StopStep | 'already-ended';
  readonly signalled: readonly number[];
  /** The job, where `step` is `kill`, and what it left behind. */
  readonly killed: readonly number[];
  readonly status: SessionStatus;
}

/** What a probe found out about a backend's program. */
export interface BackendProbe {
  readonly kind: BackendKind;
  readonly program: string;
  readonly version: string;
}

/** Keys or text for a session's terminal: text is sent literally, keys by their tmux names (`C-c`, `Enter`). */
export type SendInput = { readonly text: string } | { readonly keys: readonly string[] };

/**
 * The port that every backend implements (design §4.1).
 *
 * Every method throws BackendNotFoundError when the program is missing and BackendUnavailableError when it does not answer,
 * except where the run record alone gives the answer.
 */
export interface SessionBackend extends AsyncDisposable {
  readonly kind: BackendKind;
  /** Starts the launcher on a prepared run; resolves only after the record says started or ended. @throws SessionExistsError, SessionStartError */
  start(spec: SessionSpec, run: RunDirectory): Promise<SessionStatus>;
  /** @throws SessionNotFoundError, SessionStopError */
  stop(name: string, policy: StopPolicy): Promise<StopReport>;
  status(name: string): Promise<Presence>;
  /**
   * Starts a launcher that goes on with the restart loop of a run whose own was killed: it finishes what is missing of the record, waits, and makes the
   * next attempt. Of any number that do so at once, one goes on. Not there where a backend's loops cannot be lost.
   */
  takeUp?(run: RunDirectory): Promise<void>;
  /** One batched call per tmux socket or engine, however many sessions there are. */
  list(options?: ListOptions): Promise<SessionListing>;
  /** @throws SessionNotFoundError */
  logs(name: string, options: LogOptions): AsyncIterable<LogChunk>;
  /** @throws SessionNotFoundError, SessionAttachError */
  attach(name: string, options: AttachOptions): Promise<AttachCommand>;
  /** @throws SessionNotFoundError, SessionAttachError when the terminal is lost */
  send(name: string, input: SendInput): Promise<void>;
  /** The command that runs a program beside the job, with its directory and environment. @throws SessionNotFoundError, SessionAttachError when the session has ended */
  exec(name: string, argv: readonly string[], options?: ExecOptions): Promise<AttachCommand>;
  /** Forgets the session in the backend (its terminal, its container). The record stays: the manager owns it. @throws SessionStopError while it runs */
  remove(name: string): Promise<void>;
  probe(): Promise<BackendProbe>;
}
