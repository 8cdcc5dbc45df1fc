import { SessionConfigError } from '@longhaul/errors';

import type { RunId } from '../run-record.ts';
import type { BackendKind, EnvEntry } from '../session-spec.ts';
import { quoteForShell } from './shell-quote.ts';

/** The variable by which every process of a run can be told: the sweep of a stop looks for it (design §4.5). */
export const RUN_TAG = 'LONGHAUL_RUN_ID';

const SHELL_NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Names that say something about the caller's own terminal, directory or shell, which would be a lie in the job: TERM comes from
 * the job's terminal, its size from the terminal itself, PWD from the job's directory.
 */
const NOT_CARRIED: ReadonlySet<string> = new Set(['TERM', 'TMUX', 'TMUX_PANE', 'TERM_PROGRAM', 'TERM_PROGRAM_VERSION', 'COLUMNS', 'LINES', 'PWD', '_', RUN_TAG]);

/** Names that some shell treats as its own: read-only in bash, checked in dash. To set them may end the shell, so it is tried in a subshell first. */
const SHELL_OWNED: ReadonlySet<string> = new Set(['UID', 'EUID', 'PPID', 'SHELLOPTS', 'BASHOPTS', 'BASH_VERSINFO', 'OPTIND', 'LINENO', 'GROUPS', 'FUNCNAME', 'DIRSTACK', 'SECONDS', 'RANDOM']);

/** Names that the launcher's own environment has, and that a caller who lacks them must not find in the job. */
const LAUNCHER_OWNED = ['PATH', 'SHELL', 'OLDPWD', 'SHLVL', 'lh_launcher', 'lh_turn'];

/** Whether sh can carry a variable of this name. */
export function isShellName(name: string): boolean {
  return SHELL_NAME.test(name);
}

/**
 * The text of the 0600 environment file, for `.` of sh: the job's whole environment and the run's tag.
 *
 * @throws SessionConfigError for a name that sh cannot carry, or a value with a NUL; never with the value.
 */
export function formatEnvFile(entries: readonly EnvEntry[], runId: RunId, backend: BackendKind = 'tmux'): string {
  // What a container has was asked for by name: none of it is the caller's own by accident.
  const carried = entries.filter(({ name }) => (backend === 'container' ? name !== RUN_TAG : !NOT_CARRIED.has(name)));
  const lines = [`unset ${LAUNCHER_OWNED.join(' ')}`, ...carried.map(formatEntry), `export ${RUN_TAG}=${quoteForShell(runId)}`];
  return `${lines.join('\n')}\n`;
}

function formatEntry({ name, value }: EnvEntry): string {
  if (!isShellName(name)) {
    throw new SessionConfigError(`the environment variable ${JSON.stringify(name)} has a name that sh cannot carry`, { hint: 'use letters, digits and _ and do not begin with a digit' });
  }
  const assignment = `${name}=${quoteForShell(value, `the environment variable ${name}`)}`;
  return SHELL_OWNED.has(name) ? `( ${assignment} ) 2>/dev/null && export ${assignment}` : `export ${assignment}`;
}
