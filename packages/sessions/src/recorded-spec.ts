import type { PreviousRun, RunId, Starter } from './run-record.ts';
import type { SessionName } from './session-name.ts';
import type { BackendKind, ContainerSpec, LogLimit, OutputSpec, ReadyCheck, RestartPolicy } from './session-spec.ts';

/**
 * spec.json: what was asked, fit to be read by anybody who may read the state directory. Values of the environment are
 * not in it: only the 0600 env file has them, and only while a run needs them (design §4.2).
 */
export interface RecordedSpec {
  readonly schemaVersion: number;
  readonly runId: RunId;
  readonly session: SessionName;
  /** Number of the claim that the run has; null in a record that was made without. */
  readonly claim: number | null;
  readonly backend: BackendKind;
  /** argv with secrets replaced. */
  readonly command: readonly string[];
  /** False where something was replaced in `command`: then it cannot be run again from this record. */
  readonly commandComplete: boolean;
  readonly workingDir: string;
  readonly envNames: readonly string[];
  readonly secretEnv: readonly string[];
  readonly umask: number;
  readonly terminal: { readonly columns: number; readonly rows: number };
  readonly outputs: readonly OutputSpec[];
  readonly stop: { readonly signal?: string; readonly timeoutMs?: number };
  readonly onExit: readonly string[] | null;
  /** null under tmux, and in a record of a version that had no containers. */
  readonly container: ContainerSpec | null;
  readonly restart: RestartPolicy;
  readonly ready: ReadyCheck | null;
  /** Not in a record of a version that knew no limit. */
  readonly log?: LogLimit;
  /** The first attempt of this start: this run itself, as a rule. */
  readonly firstRunId: RunId;
  /** 1 for the first run of a start. */
  readonly attempt: number;
  /** Restarts in a row that led to this attempt: a run that lives long enough begins a new row. */
  readonly restarts: number;
  /** The attempt before this one; null for the first. */
  readonly previous: PreviousRun | null;
  /** ISO 8601, UTC. */
  readonly createdAt: string;
  readonly starter: Starter;
  /** Name of the machine, for people and receipts. */
  readonly hostname: string;
  /** Which operating system wrote the log: BSD's script has no header and no timing. */
  readonly platform: string;
}
