import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { bandwidthAt } from '../src/index.ts';
import type { BandwidthPlan, BandwidthWindow } from '../src/index.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const BERLIN = 'Europe/Berlin';
const ALL = [0, 1, 2, 3, 4, 5, 6];
const WEEKDAYS = [1, 2, 3, 4, 5];

function window(from: string, to: string, changes: Partial<BandwidthWindow> = {}): BandwidthWindow {
  const minutes = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3));
  return { days: ALL, from: minutes(from), to: minutes(to), bytesPerSecond: 100, ...changes };
}

function plan(...windows: readonly BandwidthWindow[]): BandwidthPlan {
  return { bytesPerSecond: 1000, windows };
}

/** What holds at a moment, and when that ends, as text in UTC. */
function at(what: BandwidthPlan, moment: string, zone: string = BERLIN): { readonly limit: number | null; readonly until: string | null } {
  const { bytesPerSecond, until } = bandwidthAt(what, Date.parse(moment), zone);
  return { limit: bytesPerSecond, until: until === null ? null : new Date(until).toISOString().replace(':00.000Z', 'Z') };
}

describe('the limit of the bandwidth at a moment', () => {
  it('is one number for ever where there is no window', () => {
    expect(at({ bytesPerSecond: 6_250_000, windows: [] }, '2026-11-22T12:00Z')).toEqual({ limit: 6_250_000, until: null });
    expect(at({ bytesPerSecond: null, windows: [] }, '2026-11-22T12:00Z')).toEqual({ limit: null, until: null });
  });

  it('is that of the window in local time, from its first minute and before its last', () => {
    const office = plan(window('08:00', '18:00', { days: WEEKDAYS }));
    // 2026-11-23 is a Monday; Berlin is an hour ahead of UTC.
    expect(at(office, '2026-11-23T06:59:59.999Z')).toEqual({ limit: 1000, until: '2026-11-23T07:00Z' });
    expect(at(office, '2026-11-23T07:00Z')).toEqual({ limit: 100, until: '2026-11-23T17:00Z' });
    expect(at(office, '2026-11-23T16:59:59.999Z')).toEqual({ limit: 100, until: '2026-11-23T17:00Z' });
    expect(at(office, '2026-11-23T17:00Z')).toEqual({ limit: 1000, until: '2026-11-24T07:00Z' });
  });

  it('knows the days, and that the weekend has none', () => {
    const office = plan(window('08:00', '18:00', { days: WEEKDAYS }));
    expect(at(office, '2026-11-27T17:00Z')).toEqual({ limit: 1000, until: '2026-11-30T07:00Z' });
    expect(at(office, '2026-11-28T12:00Z')).toEqual({ limit: 1000, until: '2026-11-30T07:00Z' });
  });

  it('goes on over midnight: the day is the one on which the window began', () => {
    const night = plan(window('22:00', '06:00', { days: [5] }));
    expect(at(night, '2026-11-27T21:00Z')).toEqual({ limit: 100, until: '2026-11-28T05:00Z' });
    expect(at(night, '2026-11-28T04:59Z')).toEqual({ limit: 100, until: '2026-11-28T05:00Z' });
    expect(at(night, '2026-11-28T22:00Z')).toEqual({ limit: 1000, until: '2026-12-04T21:00Z' });
    // Not the morning of the day itself.
    expect(at(night, '2026-11-27T04:00Z').limit).toBe(1000);
  });

  it('is nothing where a window says 0, and says when it goes on', () => {
    expect(at(plan(window('08:00', '18:00', { bytesPerSecond: 0 })), '2026-11-23T12:00Z')).toEqual({ limit: 0, until: '2026-11-23T17:00Z' });
    expect(at(plan(window('00:00', '24:00', { bytesPerSecond: 0 })), '2026-11-23T12:00Z')).toEqual({ limit: 0, until: null });
  });

  it('takes the first window that fits, and sees no edge where the limit stays', () => {
    const two = plan(window('12:00', '13:00', { bytesPerSecond: 500 }), window('08:00', '18:00'), window('18:00', '20:00'));
    expect(at(two, '2026-11-23T10:59Z')).toEqual({ limit: 100, until: '2026-11-23T11:00Z' });
    expect(at(two, '2026-11-23T11:30Z')).toEqual({ limit: 500, until: '2026-11-23T12:00Z' });
    expect(at(two, '2026-11-23T13:00Z')).toEqual({ limit: 100, until: '2026-11-23T19:00Z' });
  });

  it('finds edges that are on no quarter of an hour', () => {
    expect(at(plan(window('08:07', '08:08')), '2026-11-23T00:00Z')).toEqual({ limit: 1000, until: '2026-11-23T07:07Z' });
    expect(at(plan(window('08:07', '08:08')), '2026-11-23T07:07:30Z')).toEqual({ limit: 100, until: '2026-11-23T07:08Z' });
  });

  it('where clocks are set forward, the window is shorter, or left out', () => {
    // Berlin, 2026-03-29: 02:00 becomes 03:00, at 01:00 UTC.
    expect(at(plan(window('00:00', '06:00')), '2026-03-28T23:00Z')).toEqual({ limit: 100, until: '2026-03-29T04:00Z' });
    expect(at(plan(window('01:30', '02:30')), '2026-03-29T00:30Z')).toEqual({ limit: 100, until: '2026-03-29T01:00Z' });
    expect(at(plan(window('02:00', '03:00')), '2026-03-29T00:00Z')).toEqual({ limit: 1000, until: '2026-03-30T00:00Z' });
    // It would have begun at 02:30, which there is not: it begins at 03:00.
    expect(at(plan(window('02:30', '04:00')), '2026-03-29T00:00Z')).toEqual({ limit: 1000, until: '2026-03-29T01:00Z' });
  });

  it('where clocks are set back, the window is longer, or comes twice', () => {
    // Berlin, 2026-10-25: 03:00 becomes 02:00, at 01:00 UTC.
    expect(at(plan(window('00:00', '06:00')), '2026-10-24T22:00Z')).toEqual({ limit: 100, until: '2026-10-25T05:00Z' });
    const twice = plan(window('02:15', '02:45'));
    expect(at(twice, '2026-10-25T00:00Z')).toEqual({ limit: 1000, until: '2026-10-25T00:15Z' });
    expect(at(twice, '2026-10-25T00:15Z')).toEqual({ limit: 100, until: '2026-10-25T00:45Z' });
    expect(at(twice, '2026-10-25T00:45Z')).toEqual({ limit: 1000, until: '2026-10-25T01:15Z' });
    expect(at(twice, '2026-10-25T01:15Z')).toEqual({ limit: 100, until: '2026-10-25T01:45Z' });
  });

  it('holds in zones that are off by a part of an hour, and change by half of one', () => {
    // Kathmandu: 5:45 ahead. Lord Howe, 2026-10-04: half an hour forward at 02:00, 15:30 UTC of the day before.
    expect(at(plan(window('08:00', '09:00')), '2026-11-23T00:00Z', 'Asia/Kathmandu')).toEqual({ limit: 1000, until: '2026-11-23T02:15Z' });
    expect(at(plan(window('02:00', '02:30')), '2026-10-03T15:00Z', 'Australia/Lord_Howe')).toEqual({ limit: 1000, until: '2026-10-04T15:00Z' });
  });

  it('holds until the edge that it names, minute by minute, whatever the plan', () => {
    const minuteOfDay = fc.integer({ min: 0, max: 1439 });
    const someWindow = fc
      .record({ days: fc.uniqueArray(fc.integer({ min: 0, max: 6 }), { minLength: 1 }), from: minuteOfDay, to: fc.integer({ min: 1, max: 1440 }), bytesPerSecond: fc.constantFrom(0, 100, 200) })
      .filter(({ from, to }) => from !== to);
    const moment = fc.integer({ min: Date.parse('2026-03-25T00:00Z') / MINUTE, max: Date.parse('2026-03-31T00:00Z') / MINUTE }).map((minutes) => minutes * MINUTE);
    const zone = fc.constantFrom(BERLIN, 'UTC', 'America/New_York', 'Australia/Lord_Howe');
    fc.assert(
      fc.property(fc.array(someWindow, { minLength: 1, maxLength: 3 }), moment, zone, (windows, start, timeZone) => {
        const what = plan(...windows);
        const { bytesPerSecond, until } = bandwidthAt(what, start, timeZone);
        const end = Math.min(until ?? Number.POSITIVE_INFINITY, start + 3 * HOUR);
        for (let time = start; time < end; time += 7 * MINUTE) expect(bandwidthAt(what, time, timeZone)).toEqual({ bytesPerSecond, until: time + 8 * 24 * HOUR < (until ?? 0) ? null : until });
        if (until !== null) expect(bandwidthAt(what, until, timeZone).bytesPerSecond).not.toBe(bytesPerSecond);
      }),
      { numRuns: 15 },
    );
  });
});
