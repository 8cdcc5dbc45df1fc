import type { BandwidthNow } from '@longhaul/sync-queue';
import { describe, expect, it, onTestFinished } from 'vitest';
import { describeLimit } from '../src/worker/bandwidth-limit.ts';
import { stallLimit } from '../src/worker/stall-limit.ts';
import type { WorkerOptions } from './world/world.ts';
import { replaced, World } from './world/world.ts';

const HOUR = 3_600_000;
const FILES = { a: 'aaaa', b: 'bbbb', c: 'cccc', d: 'dddd' };

interface Bench {
  readonly world: World;
  readonly options: WorkerOptions;
  /** The limit of each push, in order. */
  readonly limits: (number | undefined)[];
}

/** A destination whose limits change at these moments, counted from now; `null` is no limit. */
async function bench(...plan: readonly { readonly from: number; readonly limit: number | null }[]): Promise<Bench> {
  const world = await World.create();
  onTestFinished(async () => world[Symbol.asyncDispose]());
  world.folder('/data/results', FILES);
  const start = world.clock.now();
  const bandwidth = (at: number): BandwidthNow => {
    const index = plan.findLastIndex(({ from }) => start + from <= at);
    const next = plan[index + 1];
    return { bytesPerSecond: plan[index]?.limit ?? null, until: next === undefined ? null : start + next.from };
  };
  const limits: (number | undefined)[] = [];
  const { transport } = world.place();
  const watched = replaced<typeof transport>(transport, {
    push: async (request) => (limits.push(request.bandwidth), transport.push(request)),
    pushListing: async (request) => (limits.push(request.bandwidth), transport.pushListing(request)),
  });
  return { world, limits, options: { ports: { destinations: () => Promise.resolve({ transport: watched, bandwidth }) } } };
}

describe('a limit of the bandwidth that changes', () => {
  it('during a push stops it and goes on with where it was, at no charge, and says so', async () => {
    const { world, options, limits } = await bench({ from: 0, limit: 1_250_000 }, { from: 250, limit: 6_250_000 });
    const { id } = await world.enqueue('/data/results');
    await world.drain(options);
    expect(limits).toEqual([1_250_000, 6_250_000]);
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 0 });
    expect(world.published('results')).toEqual(FILES);
    expect(world.place().destination.bytesReceived).toBe(16);
    expect((await world.queue.history(id)).map(({ reason }) => reason)).toContainEqual(expect.stringContaining('50 Mbit/s'));
  });

  it('to none, and back to one, is followed too', async () => {
    const { world, options, limits } = await bench({ from: 0, limit: 100 }, { from: 150, limit: null }, { from: 350, limit: 200 });
    await world.enqueue('/data/results');
    await world.drain(options);
    expect(limits).toEqual([100, undefined, 200]);
    expect(world.published('results')).toEqual(FILES);
  });

  it('is seen by a machine whose clock was set meanwhile', async () => {
    const { world, options, limits } = await bench({ from: 0, limit: 100 }, { from: 10 * HOUR, limit: 200 });
    world.place().transport.faults.push({ stall: true });
    await world.enqueue('/data/results');
    world.clock.after(1_000, () => world.clock.jump(11 * HOUR));
    await world.drain(options);
    expect(limits).toEqual([100, 200]);
    expect(world.published('results')).toEqual(FILES);
  });

  it('to nothing holds the job until the window ends: visible, with the time, at no charge; what was sent is not sent again', async () => {
    const { world, options, limits } = await bench({ from: 0, limit: 100 }, { from: 250, limit: 0 }, { from: 5 * HOUR, limit: 300 });
    const { id } = await world.enqueue('/data/results');
    const end = new Date(world.clock.now() + 5 * HOUR).toISOString();
    await world.drain(options);
    expect(await world.queue.get(id)).toMatchObject({ state: 'QUEUED', hold: 'bandwidth', holdDetail: expect.stringContaining(end) as string, nextAttemptAt: end, attempts: 0, errorKind: null });
    await world.drain({ ...options, waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 0, hold: null });
    expect(limits).toEqual([100, 300]);
    expect(world.place().destination.bytesReceived).toBe(16);
  });

  it('that is nothing already keeps the source from being sealed too early', async () => {
    const { world, options } = await bench({ from: 0, limit: 0 }, { from: HOUR, limit: null });
    const { id } = await world.enqueue('/data/results');
    await world.drain(options);
    expect(await world.queue.get(id)).toMatchObject({ state: 'QUEUED', hold: 'bandwidth', sealId: null });
    expect(world.sealer.hashed).toBe(0);
    await world.drain({ ...options, waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED' });
  });

  it('still lets a person cancel', async () => {
    const { world, options } = await bench({ from: 0, limit: 0 }, { from: HOUR, limit: null });
    const { id } = await world.enqueue('/data/results');
    await world.drain(options);
    expect(await world.queue.cancel(id)).toMatchObject({ kind: 'cancelled' });
  });

  it.each([
    [6_250_000, '50 Mbit/s'],
    [12_500, '0.1 Mbit/s'],
    [null, 'no limit'],
  ])('of %d bytes/s is told as %s', (bytesPerSecond, text) => {
    expect(describeLimit(() => ({ bytesPerSecond, until: null }), 0)).toBe(text);
  });
});

describe('the time that a push may move nothing', () => {
  it('grows with the largest file, which is read without a word before it is gone on with', async () => {
    const seal = async (size: number): Promise<number> => {
      const { world } = await bench();
      const { entries } = await world.sealer.seal({ source: await world.sealer.resolve('/data/results'), hashing: 'cached' });
      return stallLimit({ entries: entries.map((entry, index) => (entry.type === 'file' && index === 0 ? { ...entry, size } : entry)) }, 600_000);
    };
    expect(await seal(4)).toBe(600_000);
    // A terabyte at 50 MB/s.
    expect(await seal(1e12)).toBe(600_000 + 20_000_000);
  });
});
