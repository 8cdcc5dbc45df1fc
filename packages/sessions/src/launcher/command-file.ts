import { SessionConfigError } from '@longhaul/errors';

import type { RunDirectory } from '../run-directory.ts';
import type { SessionSpec } from '../session-spec.ts';
import { quoteArgv, quoteForShell } from './shell-quote.ts';

/**
 * The text of command.sh: directory, environment, umask and argv of one run. It ends in `exec`, so that no shell stands between
 * the job and its parent and hides the job's own code (design §4.2). job.sh reads it twice: once to see whether it can be done
 * (`lh__ready` ends that), once to do it.
 *
 * @throws SessionConfigError for a command that sh cannot be given.
 */
export function formatCommandFile({ backend, command, workingDir, umask }: SessionSpec, { envFile }: RunDirectory): string {
  // What stands in a container's file is not executed: an engine is given the argv, and has no such rules.
  if (backend !== 'container') refuseUnusable(command);
  const directory = quoteForShell(workingDir, 'the working directory');
  return [
    '# What this run executes. Written once, read by the launcher.',
    `cd ${directory} || lh__refuse 'the working directory cannot be entered: '${directory}`,
    `. ${quoteForShell(envFile, 'the path of the state directory')} 2>/dev/null`,
    `umask ${umask.toString(8).padStart(4, '0')}`,
    `set -- ${quoteArgv(command)}`,
    'lh__ready "$1"',
    'exec "$@"',
    '',
  ].join('\n');
}

function refuseUnusable([program]: readonly string[]): void {
  if (program === undefined || program === '') throw new SessionConfigError('the command is empty', { hint: 'give a program after --' });
  // sh would take it for an option of exec, and has no way to say otherwise that all shells know.
  if (program.startsWith('-')) throw new SessionConfigError(`the command ${JSON.stringify(program)} begins with a dash`, { hint: `write ./${program}` });
}

/** The text of on-exit.sh: the hook with the job's directory and environment, without the tag that a stop sweeps by. The run's id, its own argument, is the last one of the hook's. */
export function formatOnExitFile(onExit: readonly string[], { workingDir }: SessionSpec, { envFile }: RunDirectory): string {
  return [
    '# What is executed after the end of this run.',
    `cd ${quoteForShell(workingDir, 'the working directory')} 2>/dev/null || cd /`,
    `[ -r ${quoteForShell(envFile)} ] && . ${quoteForShell(envFile)} 2>/dev/null`,
    'unset LONGHAUL_RUN_ID',
    `exec ${quoteArgv(onExit)} "$1"`,
    '',
  ].join('\n');
}
