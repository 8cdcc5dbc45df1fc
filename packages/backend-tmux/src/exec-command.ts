import { accessSync, constants, statSync } from 'node:fs';
import { resolve } from 'node:path';

import { SessionAttachError, SessionConfigError } from '@longhaul/errors';
import type { AttachCommand, CurrentRun, ExecOptions } from '@longhaul/sessions';
import { besideArgv, environmentFile, mayLive } from '@longhaul/sessions';

/** Where a program beside the job runs, and whose terminal type it has. */
export interface ExecPlace extends ExecOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Constant: what the caller gives are its arguments. */
const ENTER = 'cd -- "$1" || exit 125; shift; exec "$@"';

/**
 * The command that runs a program beside the job of a run. What would keep it from running is looked for first, so that
 * codes of the program and failures of ours stay apart.
 *
 * @throws SessionAttachError where the session has ended or its environment is gone, SessionConfigError for a directory that cannot be entered
 */
export function execCommand({ reading: { run, spec }, verdict }: CurrentRun, argv: readonly string[], { workingDir, env }: ExecPlace): AttachCommand {
  if (!mayLive(verdict)) throw SessionAttachError.ended(run.session, 'tmux');
  if (!isReadable(environmentFile(run, spec?.firstRunId ?? run.runId))) throw new SessionAttachError(run.session, 'tmux', 'its environment cannot be read any more');
  const base = spec?.workingDir ?? '/';
  const folder = resolve(base, workingDir ?? '.');
  if (!isDirectory(folder)) throw new SessionConfigError(`the working directory ${JSON.stringify(folder)} cannot be entered`, { hint: `-C is relative to the job's own directory, ${base}` });
  const inner = workingDir === undefined ? argv : ['/bin/sh', '-c', ENTER, 'longhaul', folder, ...argv];
  const [program = '', ...args] = besideArgv(run, inner);
  const { PATH, TERM } = env;
  return { program, args, env: { ...(PATH === undefined ? {} : { PATH }), ...(TERM === undefined ? {} : { TERM }) } };
}

function isReadable(file: string): boolean {
  try {
    accessSync(file, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
