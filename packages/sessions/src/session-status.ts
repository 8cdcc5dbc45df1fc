import type { ExitReason, RunId, StopStep } from './run-record.ts';
import type { BackendKind } from './session-spec.ts';
import type { SessionState, TerminalState } from './session-state.ts';

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
  readonly reason: ExitReason | null;
  readonly stoppedBy: { readonly who: string; readonly step: StopStep } | null;
  readonly runId: RunId | null;
  /** 1 for the first run of this start; grows with restarts. */
  readonly attempt: number;
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
