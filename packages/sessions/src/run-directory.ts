import { STATE_FOLDERS } from './run-files.ts';
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
  /** Absolute path of the 0600 environment file of the start that this run is the first attempt of; for later attempts see {@link envFileOf}. */
  readonly envFile: string;
}

/** Another run of the same session: the attempt that followed, say. */
export function siblingRun(run: RunDirectory, runId: RunId): RunDirectory {
  return { ...run, runId, path: `${run.path.slice(0, -run.runId.length)}${runId}`, envFile: envFileOf(run, runId) };
}

/**
 * The environment file of a start: `<state>/sessions/<name>/env.<first run>`. One for each start, so that one that fails takes
 * nothing from the start before.
 */
export function envFileOf({ stateDir, session }: Pick<RunDirectory, 'stateDir' | 'session'>, firstRunId: RunId): string {
  return `${stateDir}/${STATE_FOLDERS.sessions}/${session}/env.${firstRunId}`;
}

/** Where versions before kept the environment of the last start of a session, whichever that was. */
export function formerEnvFile({ stateDir, session }: Pick<RunDirectory, 'stateDir' | 'session'>): string {
  return `${stateDir}/${STATE_FOLDERS.sessions}/${session}/env`;
}
