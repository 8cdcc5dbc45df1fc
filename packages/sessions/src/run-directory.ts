import type { RunId } from './run-record.ts';
import type { SessionName } from './session-name.ts';

/** Paths of one prepared run (design §4.2): `<state>/runs/<runId>/`, 0700. */
export interface RunDirectory {
  readonly runId: RunId;
  readonly session: SessionName;
  /** Absolute path of `<state>`. */
  readonly stateDir: string;
  /** Absolute path of the run's directory. */
  readonly path: string;
  /** Absolute path of the 0600 environment file: `<state>/sessions/<name>/env`. */
  readonly envFile: string;
}

/** Another run of the same session: the attempt that followed, say. */
export function siblingRun(run: RunDirectory, runId: RunId): RunDirectory {
  return { ...run, runId, path: `${run.path.slice(0, -run.runId.length)}${runId}` };
}
