import { Reaper } from '@longhaul/sync-queue';
import type { Job, ReaperPorts } from '@longhaul/sync-queue';
import { describe, expect, it, onTestFinished } from 'vitest';
import { FakeJournals, FakeSourceFiles } from './world/fake-reclaim.ts';
import { World } from './world/world.ts';

const INSIDE = 60;
const RULES = { reclaim: 'on', when: 'always', diskFreeBelow: null, minVerifyPasses: 1, minAgeMs: 1_000, metadata: 'keep', occasionMs: 1 } as const;

interface Bench {
  readonly world: World;
  readonly around: Job;
  readonly reaper: (ports?: Partial<ReaperPorts>) => Reaper;
}

/** A folder with many sources inside, all of them proven. */
async function bench(): Promise<Bench> {
  const world = await World.create();
  onTestFinished(async () => world[Symbol.asyncDispose]());
  world.folder('/data', {});
  for (let index = 0; index < INSIDE; index += 1) world.folder(`/data/run-${String(index)}`, { f: `content ${String(index)}` });
  const jobs: Job[] = [];
  for (const source of world.sealer.folders.keys()) jobs.push(await world.enqueue(source));
  const { ports, life } = await world.drain();
  const files = new FakeSourceFiles({ folders: world.sealer.folders, life, read: () => Promise.resolve(), onDelete: () => Promise.resolve() });
  return { world, around: jobs[0]!, reaper: (changes) => new Reaper({ ...ports, reclaim: RULES, journals: new FakeJournals().through(life), files, ...changes }) };
}

/** In virtual time, also where it has its turns with everything else in between. */
async function settled<T>(work: Promise<T>, world: World): Promise<T> {
  let state: 'under way' | 'over' = 'under way';
  const over = work.finally(() => (state = 'over'));
  over.catch(() => undefined);
  while ((state as string) !== 'over') await world.clock.pass(10);
  return over;
}

describe('a folder around many sources', () => {
  it('is freed when all of them are proven, asking for no more than four results at a time, and once for each rule', async () => {
    const { world, around, reaper } = await bench();
    await world.clock.pass(2_000);
    let [rules, now, most] = [0, 0, 0];
    const { verifier } = world.worker();
    const freeing = reaper({
      rules: () => {
        rules += 1;
        return Promise.resolve({});
      },
      lastCheck: async (jobId, signal) => {
        now += 1;
        most = Math.max(most, now);
        const report = await verifier.verify(jobId, { occasion: 'reclaim', signal });
        now -= 1;
        return report;
      },
    });
    expect(await settled(freeing.reclaim({ sourceId: around.sourceId, askedBy: 'person' }), world)).toMatchObject({ kind: 'done', files: INSIDE });
    expect(most).toBe(4);
    // Of its own place, and of those around it before and after it was begun.
    expect(rules).toBe(3);
  });

  it('is told about the first that stand in its way, not about thousands', async () => {
    const { world, around, reaper } = await bench();
    // The seals of all others are lost.
    const own = (await world.queue.get(around.id)).sealId;
    const seals = { put: () => Promise.resolve(), get: (id: string) => Promise.resolve(id === own ? (world.seals.get(id) ?? null) : null) };
    await world.clock.pass(2_000);
    const plan = await reaper({ seals }).plan({ sourceId: around.sourceId, askedBy: 'person' });
    expect(plan?.blockers).toHaveLength(20);
    expect(new Set(plan?.blockers.map((blocker) => (blocker.kind === 'neighbour' ? blocker.blocker.kind : blocker.kind)))).toEqual(new Set(['seal_lost']));
  });
});
