import { parseDuration, parseSize } from '@longhaul/config';

import { UsageError } from './usage-error.ts';

/** @throws UsageError for anything but a whole number of at least 0 */
export function wholeNumber(text: string, flag: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new UsageError(`${flag} must be a whole number, such as 100`);
}

/** Milliseconds. @throws UsageError naming the flag */
export function durationMs(text: string, flag: string): number {
  const ms = parseDuration(text);
  if (ms !== null) return ms;
  throw new UsageError(`${flag} must be a duration such as 90s, 10m, 24h or 7d`);
}

/** Bytes. @throws UsageError naming the flag */
export function byteCount(text: string, flag: string): number {
  const bytes = parseSize(text);
  if (bytes !== null) return bytes;
  throw new UsageError(`${flag} must be a size such as 500MB or 2GiB`);
}

/** A moment: an ISO date and time, or a duration before `now`. @throws UsageError naming the flag */
export function moment(text: string, flag: string, now: number): Date {
  const ms = parseDuration(text);
  if (ms !== null) return new Date(now - ms);
  const date = /^\d{4}-\d{2}-\d{2}/.test(text) ? new Date(text) : new Date(Number.NaN);
  if (!Number.isNaN(date.getTime())) return date;
  throw new UsageError(`${flag} must be a time such as 2026-11-22T09:30, or how long ago: 10m, 2h`);
}
