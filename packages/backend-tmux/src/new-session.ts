import type { RunDirectory, SessionSpec } from '@longhaul/sessions';

import { RUN_OPTION } from './pane-list.ts';

/** Whose server it is. Options are set on Longhaul's own only: another one is somebody's, with a configuration of theirs. */
export type ServerOwner = 'longhaul' | 'shared';

/** What tmux made. */
export interface NewSession {
  readonly sessionId: string;
  readonly paneId: string;
  readonly serverPid: number;
  /** The launcher, before it can say so itself. */
  readonly panePid: number;
  readonly socketPath: string;
}

const CREATED_FORMAT = '#{session_id}\t#{pane_id}\t#{pid}\t#{pane_pid}\t#{socket_path}';

/**
 * Without `exit-empty off` the end of the last session and a start meet in a dying server (measured: 5 of 200). And a client's
 * DISPLAY or SSH_AUTH_SOCK has no business in the server's memory.
 */
const OWN_OPTIONS = ['set-option', '-s', 'exit-empty', 'off', ';', 'set-option', '-g', 'update-environment', '', ';'];

/**
 * One call: start the server where there is none, the session, its mark. Nothing of the user's goes through a tmux format: only the
 * checked name, two numbers and paths of ours (design §4.3).
 */
export function newSessionArgs(spec: Pick<SessionSpec, 'name' | 'terminal'>, run: Pick<RunDirectory, 'runId'>, { launcher, owner }: { readonly launcher: readonly string[]; readonly owner: ServerOwner }): readonly string[] {
  const { columns, rows } = spec.terminal;
  return [
    ...(owner === 'longhaul' ? OWN_OPTIONS : []),
    ...['new-session', '-d', '-P', '-F', CREATED_FORMAT, '-s', spec.name, '-x', String(columns), '-y', String(rows), ...launcher, ';'],
    ...['set-option', '-t', `=${spec.name}:`, RUN_OPTION, run.runId],
  ];
}

/**
 * A window for a launcher in a session that is there, before all others: the first pane of a session of ours stands for its job. A tmux before 3.2 does not know
 * `-b`; there it is put where the job's window was, unless somebody has moved others to that place.
 */
export function newWindowArgs(sessionId: string, launcher: readonly string[], place: 'first' | 'free'): readonly string[] {
  return ['new-window', '-d', '-P', '-F', CREATED_FORMAT, ...(place === 'first' ? ['-b', '-t', `${sessionId}:^`] : ['-t', `${sessionId}:`]), ...launcher];
}

/** What {@link newSessionArgs} and {@link newWindowArgs} make tmux print; null where it is something else. */
export function parseNewSession(stdout: string): NewSession | null {
  const [, sessionId, paneId, serverPid, panePid, socketPath] = /^(\$\d+)\t(%\d+)\t(\d+)\t(\d+)\t(.+)\n$/s.exec(stdout) ?? [];
  if (sessionId === undefined || paneId === undefined || socketPath === undefined) return null;
  return { sessionId, paneId, serverPid: Number(serverPid), panePid: Number(panePid), socketPath };
}
