import { RUN_TAG } from '../launcher/index.ts';

/** What sh can assign and export. */
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/**
 * Valid names that a shell keeps for itself: assigning them fails (`UID: readonly variable`), or the job would get another
 * value. Each tried with dash 0.5.12, bash 5.2 (as sh) and busybox 1.35: what one of them cannot carry is here.
 */
const KEPT_BY_SHELLS: ReadonlySet<string> = new Set([
  ...['BASHOPTS', 'BASHPID', 'BASH_ARGV', 'BASH_COMMAND', 'BASH_SUBSHELL', 'BASH_VERSINFO', 'DIRSTACK', 'EPOCHREALTIME', 'EPOCHSECONDS'],
  ...['EUID', 'FUNCNAME', 'GROUPS', 'HISTCMD', 'LINENO', 'OPTIND', 'PPID', 'RANDOM', 'SECONDS', 'SHELLOPTS', 'SHLVL', 'SRANDOM', 'UID', '_'],
]);

/** They describe the caller's terminal and its place in a multiplexer; the job has a terminal of its own. */
const OF_THE_TERMINAL: ReadonlySet<string> = new Set(['TERM', 'TERMCAP', 'TMUX', 'TMUX_PANE', 'STY', 'WINDOW', 'WINDOWID', 'COLUMNS', 'LINES']);
const OF_THE_SHELL: ReadonlySet<string> = new Set(['_', 'SHLVL', 'PWD', 'OLDPWD']);
/** A job that starts another run must not hand its own tag on: a stop finds the processes of a run by it. */
const OF_THE_RUN: ReadonlySet<string> = new Set([RUN_TAG]);

/** Why a variable of this name cannot be set for a job, or null where it can. */
export function whyNotSettable(name: string): string | null {
  if (!NAME.test(name)) return 'sh can only carry names of letters, digits and _ that do not begin with a digit';
  if (OF_THE_RUN.has(name)) return 'Longhaul sets it itself';
  return KEPT_BY_SHELLS.has(name) ? 'a shell keeps this name for itself' : null;
}

/** Whether a job gets this variable of its caller: `left out` is worth a warning, `not meant` is nobody's loss. */
export function inheritance(name: string): 'inherited' | 'left out' | 'not meant' {
  if (OF_THE_TERMINAL.has(name) || OF_THE_SHELL.has(name) || OF_THE_RUN.has(name)) return 'not meant';
  return whyNotSettable(name) === null ? 'inherited' : 'left out';
}

/** Found in text that Node has made of other bytes than UTF-8: the replacement character, or half a surrogate pair. */
export const NOT_UTF8: RegExp = /\uFFFD|[\uD800-\uDFFF]/u;
