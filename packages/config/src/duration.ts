const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 };
const WHOLE = /^(?:\d+(?:\.\d+)?(?:ms|[smhdw]))+$/;
const PART = /(\d+(?:\.\d+)?)(ms|[smhdw])/g;
/** A thousand years: what is longer is a slip of the keyboard, and would not fit the timers. */
const MAX_MS = 1000 * 365 * 86_400_000;

/** How a duration is written, for messages. */
export const DURATION_EXAMPLES = '90s, 10m, 24h, 1h30m or 7d';

/** Reads `90s`, `10m`, `24h`, `1h30m`, `7d`, `250ms` as milliseconds. Gives null for anything else: a number alone has no unit. */
export function parseDuration(text: string): number | null {
  if (!WHOLE.test(text)) return null;
  let total = 0;
  for (const [, amount = '', unit = ''] of text.matchAll(PART)) total += Number(amount) * (UNITS[unit] ?? Number.NaN);
  const ms = Math.round(total);
  return ms <= MAX_MS ? ms : null;
}

const NAMED = ['d', 'h', 'm', 's', 'ms'] as const;

/** The shortest exact way to write a duration: 5400000 is `1h30m`. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  let rest = ms;
  let text = '';
  for (const unit of NAMED) {
    const size = UNITS[unit] ?? 1;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${String(count)}${unit}`;
    rest -= count * size;
  }
  return text;
}
