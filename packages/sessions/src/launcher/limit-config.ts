import { quoteArgv } from './shell-quote.ts';

/** How often a log is held against its limit where nobody reads it. Seconds: a job that prints a megabyte a second exceeds it by 30 MB. */
const EVERY_S = 30;

/** The text of limit.conf: from how many KiB on disk on the head of a log is to go, and what does that, as a function of sh. */
export function formatLimitConfig(maxBytes: number, holdLogs: readonly string[]): string {
  return `lh_limit=${String(Math.ceil(maxBytes / 1024))}\nlh_every=${String(EVERY_S)}\nlh_hold() {\n  exec env -i PATH="$PATH" ${quoteArgv(holdLogs)}\n}\n`;
}
