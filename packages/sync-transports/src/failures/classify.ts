import type { Classification, FailedRun } from './failure-rule.ts';
import type { RuleMatch } from './match-rules.ts';
import { classificationOf, firstMatch, lines, unclassified } from './match-rules.ts';
import { logText } from '../rclone/json-log.ts';
import { RCLONE_CODE_FAILURES, RCLONE_TEXT_FAILURES } from './rclone-failures.ts';
import { REMOTE_SCRIPT_FAILURES } from './remote-script-failures.ts';
import { RSYNC_CODE_FAILURES, RSYNC_CONNECTION_CODES, RSYNC_LINE_FAILURES, RSYNC_SEVERITY, RSYNC_TEXT_FAILURES } from './rsync-failures.ts';
import { SSH_FAILURES } from './ssh-failures.ts';

const SILENT = 'The remote command was ended by a signal, without a word: look at the kernel log there (out of memory?)';
const UNKNOWN_HINT = 'This failure is in no table; the whole output is kept with the job';

/** Codes at which rsync names each file that failed in a line of its own. */
const BY_LINE: readonly number[] = [3, 11, 23, 24];

/** `ok`: rsync ended with a failure's code, but every line is one that costs nothing (chown as an ordinary user). */
export type RsyncVerdict = ({ readonly ok: false } & Classification) | { readonly ok: true; readonly evidence: string | null };

/**
 * What made rsync fail (design §5.3, failures.md). An exit code that no table knows is a failure, never a success.
 * Only to be asked about a run that did not end with 0.
 */
export function classifyRsync(run: FailedRun): RsyncVerdict {
  const text = BY_LINE.includes(run.returncode) ? worstLine(run) : firstMatch(RSYNC_TEXT_FAILURES, run);
  if (text?.rule.kind === 'warning') return { ok: true, evidence: text.line };
  if (text !== null) return { ok: false, ...classificationOf(text, run) };
  const match = saidBySsh(run) ?? firstMatch(RSYNC_CODE_FAILURES, run);
  return { ok: false, ...(match === null ? unclassified(run, UNKNOWN_HINT) : classificationOf(match, run)) };
}

/** What made an ssh command fail that ended with 255: ssh itself, not the command. */
export function classifySsh(run: FailedRun): Classification {
  const match = firstMatch(SSH_FAILURES, run);
  return match === null ? unclassified(run, SILENT) : classificationOf(match, run);
}

/**
 * What made rclone fail: `stderr` as it came with `--use-json-log`, lines of plain text among it. A code that no table knows is a failure, never a success.
 * Only to be asked about a run that did not end with 0.
 */
export function classifyRclone(run: FailedRun): Classification {
  const told = { ...run, stderr: logText(run.stderr) };
  const match = firstMatch(RCLONE_TEXT_FAILURES, told) ?? firstMatch(RCLONE_CODE_FAILURES, told);
  return match === null ? unclassified(told, UNKNOWN_HINT) : classificationOf(match, told);
}

/** What made one of our remote scripts fail: ssh (255), or a program of the script. */
export function classifyRemoteScript(run: FailedRun): Classification {
  if (run.returncode === 255) return classifySsh(run);
  const match = firstMatch(REMOTE_SCRIPT_FAILURES, run);
  return match === null ? unclassified(run, UNKNOWN_HINT) : classificationOf(match, run);
}

/** rsync's own lines follow ssh's and speak of closed connections and broken pipes whatever the cause was. */
function saidBySsh(run: FailedRun): RuleMatch | null {
  if (!RSYNC_CONNECTION_CODES.includes(run.returncode) || firstMatch(RSYNC_CODE_FAILURES, run)?.rule.id === 'rsync.stuck') return null;
  return firstMatch(SSH_FAILURES, { ...run, stderr: lines(run.stderr).filter((line) => !/^rsync(?: error)?: /.test(line)).join('\n') });
}

/**
 * Each line decides for itself, the most severe kind wins. `warning` only where at least one line is a warning about a
 * file and none is anything else: a line that no row knows is a failure.
 */
function worstLine(run: FailedRun): RuleMatch | null {
  const matches = lines(run.stderr).map((line): RuleMatch => firstMatch(RSYNC_LINE_FAILURES, { ...run, stderr: line }) ?? { rule: UNKNOWN_LINE, line });
  const failures = matches.filter(({ rule }) => rule.kind !== 'warning' && rule !== UNKNOWN_LINE);
  for (const kind of RSYNC_SEVERITY) {
    const match = failures.find(({ rule }) => rule.kind === kind);
    if (match !== undefined && !leftToTheCode(match, run)) return match;
  }
  if (failures.length > 0 || run.returncode !== 23) return null;
  const unknown = matches.find(({ rule }) => rule === UNKNOWN_LINE);
  return unknown ?? matches.find(({ rule }) => rule.kind === 'warning' && rule.id !== 'rsync.summary') ?? null;
}

/** 24 and 3 are decided by a look at the source (their rows in the table of codes). */
function leftToTheCode({ rule }: RuleMatch, { returncode }: FailedRun): boolean {
  return (returncode === 24 && rule.id === 'rsync.vanished') || (returncode === 3 && rule.id === 'rsync.source-vanished');
}

const UNKNOWN_LINE = { id: 'rsync.unknown-line', kind: 'unknown', hint: UNKNOWN_HINT } as const;
