import { describe, expect, it } from 'vitest';
import { pause } from '../src/clock.ts';
import { Freshness } from '../src/reclaim/freshness.ts';
import { VirtualClock } from './world/virtual-clock.ts';

const MINUTE = 60_000;

/** A check that takes so long, in which something happens half-way. */
async function checked(ms: number, halfWay: (clock: VirtualClock) => void = () => undefined): Promise<{ readonly clock: VirtualClock; readonly freshness: Freshness }> {
  const clock = new VirtualClock();
  const freshness = new Freshness(clock, { leastMs: 10 * MINUTE });
  const check = async (): Promise<void> => {
    await pause(clock, ms / 2);
    halfWay(clock);
    await pause(clock, ms / 2);
  };
  await clock.until(freshness.renew(check));
  return { clock, freshness };
}

describe('the word of the destinations', () => {
  it('counts for ten minutes after it, or for as long as it took to read it all', async () => {
    for (const [took, lasts] of [[MINUTE, 10 * MINUTE], [120 * MINUTE, 120 * MINUTE]] as const) {
      const { clock, freshness } = await checked(took);
      await clock.pass(lasts - 1);
      expect(freshness.isFresh()).toBe(true);
      await clock.pass(1);
      expect(freshness.isFresh()).toBe(false);
    }
  });

  it('is old after the machine slept, whichever of its clocks went on', async () => {
    for (const sleep of [(clock: VirtualClock) => clock.jump(11 * MINUTE), (clock: VirtualClock) => clock.oversleep(11 * MINUTE)]) {
      const { clock, freshness } = await checked(1_000);
      sleep(clock);
      expect(freshness.isFresh()).toBe(false);
    }
  });

  it('is old where the machine slept, or the process was stopped, while it was read', async () => {
    for (const sleep of [(clock: VirtualClock) => clock.jump(60 * MINUTE), (clock: VirtualClock) => clock.oversleep(60 * MINUTE)]) {
      const { freshness } = await checked(30_000, sleep);
      expect(freshness.isFresh()).toBe(false);
    }
  });
});
