import type { ExitReason, LoopEnding, PreviousRun, RunId, StopStep } from './run-record.ts';
import type { BackendKind, ReadyCheck, RestartPolicy } from './session-spec.ts';
import type { SessionState, TerminalState } from './session-state.ts';

/** How a session stands in its restart loop (design §4.6): a job that crashes again and again is seen here. */
export interface RestartStatus {
  readonly mode: Exclude<RestartPolicy['mode'], 'no'>;
  /** Restarts in a row after which it gives up; null for never. */
  readonly maxRestarts: number | null;
  /** Restarts in a row that led to the run of this status. */
  readonly inRow: number;
  /** The first attempt of this start. */
  readonly firstRunId: RunId | null;
  /** How the attempt before this run ended; null for the first. */
  readonly previous: PreviousRun | null;
  /** Between two attempts: which one comes next, and when; `at` is null while that is being decided. Else null. */
  readonly next: { readonly attempt: number; readonly at: string | null } | null;
  /** What keeps the next attempt from coming, a full disk for example. */
  readonly problem: string | null;
  /** Why no attempt follows; null while one may. */
  readonly ended: LoopEnding | null;
}

/** Everything there is to know about one session at one moment (design §4.1). What does not apply or is not known is null. */
export interface SessionStatus {
  readonly name: string;
  readonly backend: BackendKind;
  readonly state: SessionState;
  readonly terminal: TerminalState;
  /** pid of the job itself, not of the tmux server. */
  readonly pid: number | null;
  readonly createdAt: string | null;
  readonly startedAt: string | null;
  readonly endedAt: string | null;
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Whether the kernel ended it because its memory was over; null where nobody can tell (tmux). A 137 alone says nothing. */
  readonly oomKilled: boolean | null;
  /** Why it ended. `abandoned`: its name was given up while nobody could tell whether it lives (`SessionManager.abandon`); its state is `unknown` then. */
  readonly reason: ExitReason | 'abandoned' | null;
  readonly stoppedBy: { readonly who: string; readonly step: StopStep } | null;
  readonly runId: RunId | null;
  /** 1 for the first run of this start; grows with restarts. */
  readonly attempt: number;
  /** null where nothing starts it again. */
  readonly restart: RestartStatus | null;
  /**
   * Whether it counts as ready by the check it was started with; null where it has none. `at`: when it was first seen to be, ISO 8601; null while nobody
   * has: only who waits for it, or asks for its status, looks.
   */
  readonly ready: { readonly check: ReadyCheck['kind']; readonly at: string | null } | null;
  readonly command: readonly string[];
  readonly workingDir: string | null;
  readonly image: string | null;
  readonly windowCount: number | null;
  readonly socketName: string | null;
  /** Ours, or foreign: made by hand, without a record. */
  readonly managed: boolean;
  readonly attachedClients: number;
  /** Why the state is `unknown`; null otherwise. */
  readonly unknownReason: string | null;
}

/** A status of which nothing is known yet: whoever makes one fills in what there is to say. */
export const EMPTY_STATUS: Omit<SessionStatus, 'name' | 'backend' | 'state' | 'terminal'> = {
  pid: null,
  createdAt: null,
  startedAt: null,
  endedAt: null,
  exitCode: null,
  signal: null,
  oomKilled: null,
  reason: null,
  stoppedBy: null,
  runId: null,
  attempt: 1,
  restart: null,
  ready: null,
  command: [],
  workingDir: null,
  image: null,
  windowCount: null,
  socketName: null,
  managed: true,
  attachedClients: 0,
  unknownReason: null,
};
