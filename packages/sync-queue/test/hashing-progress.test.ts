import { describe, expect, it, onTestFinished } from 'vitest';
import { pause } from '@longhaul/sync-queue';
import type { HashingProgress, WorkerEvent } from '@longhaul/sync-queue';
import type { HashsumProgress, Sealer, Transport } from '@longhaul/sync-transports';
import { replaced, World } from './world/world.ts';

const TOTAL = { filesTotal: 4, bytesTotal: 400 };
const steps = [0, 1, 2, 3, 4].map((filesDone): HashsumProgress => ({ ...TOTAL, filesDone, bytesDone: filesDone * 100 }));

describe('a person who looks at a job while it is hashed', () => {
  it('sees how far it is, here and at the destination, and afterwards nothing of it', async () => {
    const world = await World.create();
    onTestFinished(async () => world[Symbol.asyncDispose]());
    world.folder('/data/results', { a: 'aaaa' });
    const { id } = await world.enqueue('/data/results');
    const seen: (HashingProgress | null)[] = [];
    const told: string[] = [];
    // Two seconds for each step: a write a second is allowed.
    const slowly = async (onProgress: ((progress: HashsumProgress) => void) | undefined): Promise<void> => {
      for (const step of steps) {
        onProgress?.(step);
        await pause(world.clock, 2000);
        seen.push((await world.queue.get(id)).hashing);
      }
    };
    const { transport: plain } = world.place();
    const transport = replaced<Transport>(plain, {
      hashsum: async (request) => {
        await slowly(request.onProgress);
        return plain.hashsum(request);
      },
    });
    const sealer = replaced<Sealer>(world.sealer, {
      seal: async (request) => {
        await slowly(request.onProgress);
        return world.sealer.seal({ ...request, onProgress: () => undefined });
      },
    });
    const { worker } = world.worker({ ports: { sealer, destinations: () => Promise.resolve({ transport }) } });
    worker.on((event: WorkerEvent) => {
      if (event.type === 'sealing' || event.type === 'verifying') told.push(`${event.type} ${String(event.bytesDone)}`);
    });
    await world.clock.until(worker.run({ mode: 'drain' }));

    const shown = seen.map((hashing) => (hashing === null ? null : `${hashing.phase} ${String(hashing.filesDone)}/${String(hashing.filesTotal)} ${String(hashing.bytesDone)}/${String(hashing.bytesTotal)}`));
    // What takes less than a second is not written, and the last step is overtaken by what comes next.
    const far = (phase: string): readonly (string | null)[] => [null, `${phase} 1/4 100/400`, `${phase} 2/4 200/400`, `${phase} 3/4 300/400`, `${phase} 3/4 300/400`];
    expect(shown).toEqual([...far('sealing'), ...far('verifying')]);
    expect(told).toEqual(['sealing', 'verifying'].flatMap((type) => steps.map(({ bytesDone }) => `${type} ${String(bytesDone)}`)));
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', hashing: null, progress: { bytesDone: 4, bytesSent: 4 } });
  });
});
