/** A megabit is a million bits, a byte has eight of them (design §5.7). */
const BYTES_PER_MEGABIT = 1_000_000 / 8;

/** Megabits per second as bytes per second: 50 Mbit/s are 6250000 bytes/s. Never below one byte, which would mean "no limit" to some tools. */
export function bytesPerSecond(megabitsPerSecond: number): number {
  return Math.max(1, Math.round(megabitsPerSecond * BYTES_PER_MEGABIT));
}

/** A part of the week with a limit of its own, in local time (design §5.7). */
export interface BandwidthWindow {
  /** On which days it begins: 0 is Sunday. */
  readonly days: readonly number[];
  /** Minutes after midnight, 0 to 1439. */
  readonly from: number;
  /** Minutes after midnight, 1 to 1440. Not after `from`: it ends on the day after. */
  readonly to: number;
  /** 0: nothing is sent. */
  readonly bytesPerSecond: number;
}

/** How fast a destination may be sent to. */
export interface BandwidthPlan {
  /** Outside all windows; null: no limit. */
  readonly bytesPerSecond: number | null;
  /** The first that fits counts. */
  readonly windows: readonly BandwidthWindow[];
}

/** What holds at a moment. */
export interface BandwidthNow {
  /** null: no limit. 0: nothing is sent. */
  readonly bytesPerSecond: number | null;
  /** When it changes, milliseconds since 1970; null: not within the next eight days, so never. */
  readonly until: number | null;
}

const MINUTE = 60_000;
const MINUTES_OF_DAY = 1440;
/** Clocks are set forward and back on quarters of an hour of UTC, everywhere: within one, local minutes follow each other. */
const QUARTER = 15;
const HORIZON_MINUTES = 8 * MINUTES_OF_DAY;

/**
 * The limit at a moment, and when another one begins: a pure function of the plan, the moment and the time zone (the machine's if not
 * given). A window runs by the clock on the wall: on the day that clocks are set forward it may be an hour shorter or be left out, on
 * the other day longer or come twice.
 */
export function bandwidthAt({ bytesPerSecond: base, windows }: BandwidthPlan, at: number, timeZone?: string): BandwidthNow {
  if (windows.length === 0) return { bytesPerSecond: base, until: null };
  const wall = new WallClock(timeZone);
  const limitAt = (moment: number): number | null => limitOn(windows, wall.read(moment), base);
  const now = limitAt(at);
  const quarter = QUARTER * MINUTE;
  for (let from = Math.floor(at / quarter) * quarter; from < at + HORIZON_MINUTES * MINUTE; from += quarter) {
    const edge = edgesWithin(windows, { from, minute: wall.read(from).minute }).find((moment) => moment > at && limitAt(moment) !== now);
    if (edge !== undefined) return { bytesPerSecond: now, until: edge };
  }
  return { bytesPerSecond: now, until: null };
}

/** The moments of a quarter at which the limit may change: its beginning (the clock may have been set), and the edges of windows. */
function edgesWithin(windows: readonly BandwidthWindow[], { from, minute }: { readonly from: number; readonly minute: number }): readonly number[] {
  const minutes = windows.flatMap((window) => [window.from, window.to % MINUTES_OF_DAY]);
  const inside = minutes.map((edge) => (edge - minute + MINUTES_OF_DAY) % MINUTES_OF_DAY).filter((after) => after < QUARTER);
  return [...new Set([0, ...inside])].sort((a, b) => a - b).map((after) => from + after * MINUTE);
}

interface WallTime {
  /** 0 is Sunday. */
  readonly day: number;
  /** After midnight. */
  readonly minute: number;
}

function limitOn(windows: readonly BandwidthWindow[], wall: WallTime, base: number | null): number | null {
  const window = windows.find((candidate) => covers(candidate, wall));
  return window === undefined ? base : window.bytesPerSecond;
}

function covers({ days, from, to }: BandwidthWindow, { day, minute }: WallTime): boolean {
  if (from < to) return days.includes(day) && minute >= from && minute < to;
  // Over midnight: what began yesterday still holds in the morning.
  return (days.includes(day) && minute >= from) || (days.includes((day + 6) % 7) && minute < to);
}

const WEEKDAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

/** What the clock on the wall shows. */
class WallClock {
  readonly #format: Intl.DateTimeFormat;

  constructor(timeZone: string | undefined) {
    this.#format = new Intl.DateTimeFormat('en-US', { weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', ...(timeZone === undefined ? {} : { timeZone }) });
  }

  read(moment: number): WallTime {
    const parts = new Map(this.#format.formatToParts(moment).map(({ type, value }) => [type, value]));
    return { day: WEEKDAYS.indexOf(parts.get('weekday') ?? ''), minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')) };
  }
}

const TIME = /^([01]\d|2[0-3]):([0-5]\d)$/;

/** Reads `08:30` as minutes after midnight; `24:00` is the end of a day. null for anything else. */
export function parseTimeOfDay(text: string): number | null {
  if (text === '24:00') return MINUTES_OF_DAY;
  const match = TIME.exec(text);
  return match === null ? null : Number(match[1]) * 60 + Number(match[2]);
}

/** How days are written. */
export const DAY_WORDS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'weekdays', 'weekend', 'all'] as const;

/** Reads `mon`, `weekdays`, `weekend`, `all` as numbers of days. */
export function daysOf(words: readonly (typeof DAY_WORDS)[number][]): readonly number[] {
  const numbers = words.flatMap((word) => {
    if (word === 'all') return [0, 1, 2, 3, 4, 5, 6];
    if (word === 'weekdays') return [1, 2, 3, 4, 5];
    return word === 'weekend' ? [0, 6] : [DAY_WORDS.indexOf(word)];
  });
  return [...new Set(numbers)].sort((a, b) => a - b);
}
