import { quoteForShell } from './shell-quote.ts';

/** Which script(1) a machine has: the flags differ, and only util-linux writes timing (design §4.2). `none`: the job gets no terminal from it, an engine keeps it. */
export type ScriptForm = 'util-linux' | 'bsd' | 'none';

/** What the launcher must know, beside command.sh. */
export interface LaunchConfig {
  readonly runId: string;
  /** The run whose id the environment file ends with: the first attempt of a start. A launcher that comes up late never gets the values of another start. */
  readonly envRun: string;
  readonly stateDir: string;
  /** Absolute path of the folder with the launcher's scripts. */
  readonly scripts: string;
  /** Absolute path of the POSIX shell that runs them. */
  readonly shell: string;
  readonly form: ScriptForm;
  /** With the PID namespace, see `currentPlace`. */
  readonly bootId: string;
  readonly envFile: string;
  readonly workingDir: string;
  /** The PATH on which the launcher finds `script`, `date`, `mv`, `dd`; not the job's. */
  readonly toolPath: string;
  readonly hook: 'yes' | 'no';
  /** Whether finish.sh goes on with again.sh. */
  readonly restart: 'yes' | 'no';
  /** What again.sh starts the next attempt with: `sh <start> <run directory>`. */
  readonly start: string;
  /** Where a process's start time is read: /proc, or ps. */
  readonly processTable: 'proc' | 'ps';
}

const VARIABLES: Readonly<Record<keyof LaunchConfig, string>> = {
  runId: 'lh__id',
  envRun: 'lh__env',
  stateDir: 'lh_state',
  scripts: 'lh_lib',
  shell: 'lh_shell',
  form: 'lh_form',
  bootId: 'lh_boot',
  envFile: 'lh_env',
  workingDir: 'lh_dir',
  toolPath: 'lh_path',
  hook: 'lh_hook',
  restart: 'lh_restart',
  start: 'lh_start',
  processTable: 'lh_table',
};

/**
 * The text of launch.conf: assignments for sh. Not exported, so that none of them reaches the job. The first line is all that
 * differs from one attempt to the next.
 */
export function formatLaunchConfig(config: LaunchConfig): string {
  const names = Object.keys(VARIABLES) as (keyof LaunchConfig)[];
  const lines = names.map((name) => `${VARIABLES[name]}=${quoteForShell(config[name], name)}\n`);
  return `${lines.join('')}lh__run="$lh_state/runs/$lh__id"\n`;
}
