import { SessionConfigError } from '@longhaul/errors';

import type { CurrentRun } from '../current-run.ts';
import { readCommand, readEnvironment, readOnExit } from '../launcher/read-launch-files.ts';
import type { RunDirectory } from '../run-directory.ts';
import { holdsName } from '../run-observation.ts';
import type { RunStore } from '../run-store.ts';
import type { SessionBackend } from '../session-backend.ts';
import type { SessionSpec, StopPolicy } from '../session-spec.ts';
import type { SessionStatus } from '../session-status.ts';
import { defaultRequester } from '../stop/stop-files.ts';
import { asRestart } from './restart-note.ts';
import { launchSpec } from './start-session.ts';

/** What a restart by hand needs. */
export interface RestartPorts {
  readonly runs: RunStore;
  readonly backend: SessionBackend;
  readonly policy: StopPolicy;
}

/**
 * Ends the job by the stop contract, where it goes on, and starts it again with the spec and the environment of its last start: not
 * those of whoever asks now (design §4.6). All that is needed is read before anything is stopped.
 *
 * @throws SessionConfigError where spec or environment are gone, SessionStopError, SessionStartError
 */
export async function restartSession(current: CurrentRun, { runs, backend, policy }: RestartPorts): Promise<SessionStatus> {
  const spec = recordedLaunch(current);
  const requestedBy = asRestart(policy.requestedBy ?? defaultRequester());
  if (holdsName(current)) await backend.stop(spec.name, { ...policy, requestedBy });
  return launchSpec(spec, { runs, backend });
}

/** The spec of the last start, secrets and all. @throws SessionConfigError */
function recordedLaunch({ reading, claim }: CurrentRun): SessionSpec {
  const { run, spec } = reading;
  if (spec === null) throw new SessionConfigError(`session "${claim.session}" cannot be started again as it was: its record cannot be read`, { hint: `Start it anew: longhaul start ${claim.session} -- COMMAND ARG…` });
  return {
    name: spec.session,
    backend: spec.backend,
    command: readCommand(run),
    workingDir: spec.workingDir,
    env: readEnvironment(run, spec.firstRunId),
    secretEnv: spec.secretEnv,
    umask: spec.umask,
    terminal: spec.terminal,
    outputs: spec.outputs,
    stop: spec.stop,
    onExit: hookOf(run, spec.onExit),
    container: spec.container,
    restart: spec.restart,
    ready: spec.ready,
    ...(spec.log === undefined ? {} : { log: spec.log }),
  };
}

/** As it was written; a file of an earlier version has another form, and then the record must do. */
function hookOf(run: RunDirectory, recorded: readonly string[] | null): readonly string[] | null {
  if (recorded === null) return null;
  const written = readOnExit(run);
  return written.length > 0 ? written : recorded;
}
