import { describe, expect, it, onTestFinished } from 'vitest';
import { pause } from '@longhaul/sync-queue';
import type { Sealer, Transport } from '@longhaul/sync-transports';
import { replaced, World } from './world/world.ts';

const HOUR = 3_600_000;

describe('what takes long and is no transfer', () => {
  it('is not mistaken for one that hangs: a seal, the hashing at the destination, a publish of hours', async () => {
    const world = await World.create();
    onTestFinished(async () => world[Symbol.asyncDispose]());
    world.folder('/data/results', { a: 'aaaa' });
    const { id } = await world.enqueue('/data/results');
    const slowly = async (): Promise<void> => pause(world.clock, 5 * HOUR);
    const { transport: plain } = world.place();
    const transport = replaced<Transport>(plain, {
      hashsum: async (request) => {
        await slowly();
        return plain.hashsum(request);
      },
      publish: async (request) => {
        await slowly();
        return plain.publish(request);
      },
    });
    const sealer = replaced<Sealer>(world.sealer, {
      seal: async (request) => {
        await slowly();
        return world.sealer.seal(request);
      },
    });
    await world.drain({ policy: { stallMs: 60_000 }, ports: { sealer, destinations: () => Promise.resolve({ transport }) } });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 0 });
    expect((await world.queue.history(id)).map(({ reason }) => reason).join()).not.toContain('nothing moved');
  });
});
