import path from 'node:path';

import { DURATION_EXAMPLES, parseDuration } from './duration.ts';
import { homeFolder } from './home-folder.ts';
import { parseSize, SIZE_EXAMPLES } from './size.ts';

/** What a setting can hold once it is read: durations in milliseconds, sizes in bytes. */
export type SettingValue = string | number | boolean | null;

/** One plain setting: where it stands in a file, which variable overrides it, how its text is read. */
export interface Setting {
  /** `tmux.socket` as it stands in the file. */
  readonly path: string;
  readonly env: string;
  readonly default: SettingValue;
  /** What a text must be, for messages. */
  readonly expected: string;
  /** null: the text cannot be used. */
  readonly read: (text: string) => SettingValue;
}

const SOCKET_NAME = /^[A-Za-z0-9][\w.-]*$/;
const SIGNAL = /^(?:SIG)?[A-Z][A-Z0-9]{1,9}$/;

/** Expands a leading `~` or `~/`; other people's homes (`~name`) are left as they are. */
export function expandHome(text: string, home: string = homeFolder()): string {
  return text === '~' || text.startsWith('~/') ? path.join(home, text.slice(1)) : text;
}

function socket(text: string): SettingValue {
  const expanded = expandHome(text);
  return SOCKET_NAME.test(expanded) || path.isAbsolute(expanded) ? expanded : null;
}

function wholeNumber(min: number, max: number): (text: string) => SettingValue {
  return (text) => (/^\d{1,9}$/.test(text) && Number(text) >= min && Number(text) <= max ? Number(text) : null);
}

function yesOrNo(text: string): SettingValue {
  return text === 'true' || text === '1' ? true : text === 'false' || text === '0' ? false : null;
}

const SECOND = 1000;
const DAY = 24 * 3600 * SECOND;

function fromOneSecond(text: string): SettingValue {
  return atLeast(parseDuration(text), SECOND);
}

function fromOneDay(text: string): SettingValue {
  return atLeast(parseDuration(text), DAY);
}

function atLeast(ms: number | null, least: number): number | null {
  return ms !== null && ms >= least ? ms : null;
}

const duration = { expected: `a duration such as ${DURATION_EXAMPLES}`, read: parseDuration } as const;

/** All plain settings (design §7). Sessions and destinations are read as wholes, by their names. */
export const SETTINGS: readonly Setting[] = [
  { path: 'tmux.socket', env: 'LONGHAUL_TMUX_SOCKET', default: 'longhaul', expected: 'a socket name or an absolute path', read: socket },
  { path: 'attach.protect', env: 'LONGHAUL_ATTACH_PROTECT', default: false, expected: 'true or false', read: yesOrNo },
  { path: 'stop.signal', env: 'LONGHAUL_STOP_SIGNAL', default: null, expected: 'the name of a signal, such as INT', read: (text) => (SIGNAL.test(text) ? text : null) },
  { path: 'stop.timeout', env: 'LONGHAUL_STOP_TIMEOUT', default: null, ...duration },
  { path: 'retention.maxRuns', env: 'LONGHAUL_RETENTION_MAX_RUNS', default: null, expected: 'a whole number from 1', read: wholeNumber(1, 999_999_999) },
  { path: 'retention.maxAge', env: 'LONGHAUL_RETENTION_MAX_AGE', default: null, ...duration },
  { path: 'retention.maxBytes', env: 'LONGHAUL_RETENTION_MAX_BYTES', default: null, expected: `a size such as ${SIZE_EXAMPLES}`, read: parseSize },
  { path: 'worker.concurrency', env: 'LONGHAUL_WORKER_CONCURRENCY', default: 2, expected: 'a whole number from 1 to 64', read: wholeNumber(1, 64) },
  { path: 'worker.stallTimeout', env: 'LONGHAUL_WORKER_STALL_TIMEOUT', default: 600_000, expected: `a duration from 1s, such as ${DURATION_EXAMPLES}`, read: fromOneSecond },
  { path: 'history.details', env: 'LONGHAUL_HISTORY_DETAILS', default: 90 * DAY, expected: `a duration from 1d, such as 90d`, read: fromOneDay },
  { path: 'history.jobs', env: 'LONGHAUL_HISTORY_JOBS', default: 365 * DAY, expected: `a duration from 1d, such as 365d`, read: fromOneDay },
  { path: 'audit.enabled', env: 'LONGHAUL_AUDIT_ENABLED', default: true, expected: 'true or false', read: yesOrNo },
  { path: 'audit.every', env: 'LONGHAUL_AUDIT_EVERY', default: 30 * DAY, expected: `a duration from 1s, such as 30d`, read: fromOneSecond },
  { path: 'audit.maxFilesPerDay', env: 'LONGHAUL_AUDIT_MAX_FILES_PER_DAY', default: 2_000_000, expected: 'a whole number from 1', read: wholeNumber(1, 999_999_999) },
  { path: 'audit.maxBytesPerDay', env: 'LONGHAUL_AUDIT_MAX_BYTES_PER_DAY', default: 200e9, expected: `a size such as ${SIZE_EXAMPLES}`, read: parseSize },
  { path: 'reclaim.enabled', env: 'LONGHAUL_RECLAIM_ENABLED', default: false, expected: 'true or false', read: yesOrNo },
  { path: 'reclaim.automatic', env: 'LONGHAUL_RECLAIM_AUTOMATIC', default: true, expected: 'true or false', read: yesOrNo },
  { path: 'reclaim.minVerifyPasses', env: 'LONGHAUL_RECLAIM_MIN_VERIFY_PASSES', default: 2, expected: 'a whole number from 1 to 100', read: wholeNumber(1, 100) },
  { path: 'reclaim.minAge', env: 'LONGHAUL_RECLAIM_MIN_AGE', default: 86_400_000, ...duration },
  { path: 'reclaim.keepMetadata', env: 'LONGHAUL_RECLAIM_KEEP_METADATA', default: true, expected: 'true or false', read: yesOrNo },
  { path: 'reclaim.when.diskFreeBelow', env: 'LONGHAUL_RECLAIM_WHEN_DISK_FREE_BELOW', default: null, expected: `a size such as ${SIZE_EXAMPLES}`, read: parseSize },
];
