import { quoteForShell } from './shell-quote.ts';

/** Which script(1) a machine has: the flags differ, and only util-linux writes timing (design §4.2). */
export type ScriptForm = 'util-linux' | 'bsd';

/** What the launcher must know, beside command.sh. */
export interface LaunchConfig {
  readonly runId: string;
  /** Absolute path of the run's directory. */
  readonly runPath: string;
  readonly stateDir: string;
  /** Absolute path of the folder with the launcher's scripts. */
  readonly scripts: string;
  /** Absolute path of the POSIX shell that runs them. */
  readonly shell: string;
  readonly form: ScriptForm;
  readonly bootId: string;
  readonly envFile: string;
  readonly workingDir: string;
  /** The PATH on which the launcher finds `script`, `date`, `mv`, `dd`; not the job's. */
  readonly toolPath: string;
  readonly hook: 'yes' | 'no';
  /** Where a process's start time is read: /proc, or ps. */
  readonly processTable: 'proc' | 'ps';
}

const VARIABLES: Readonly<Record<keyof LaunchConfig, string>> = {
  runId: 'lh__id',
  runPath: 'lh__run',
  stateDir: 'lh_state',
  scripts: 'lh_lib',
  shell: 'lh_shell',
  form: 'lh_form',
  bootId: 'lh_boot',
  envFile: 'lh_env',
  workingDir: 'lh_dir',
  toolPath: 'lh_path',
  hook: 'lh_hook',
  processTable: 'lh_table',
};

/** The text of launch.conf: assignments for sh. Not exported, so that none of them reaches the job. */
export function formatLaunchConfig(config: LaunchConfig): string {
  const names = Object.keys(VARIABLES) as (keyof LaunchConfig)[];
  return names.map((name) => `${VARIABLES[name]}=${quoteForShell(config[name], name)}\n`).join('');
}
