import { describe, expect, it, vi } from 'vitest';
import { World } from './world/world.ts';

vi.setConfig({ testTimeout: 30_000 });

const SOURCE = '/data/results';

async function world(): Promise<World> {
  const made = await World.create();
  made.folder(SOURCE, { 'a.csv': 'aaaa', 'b.tmp': 'bb' });
  return made;
}

const ONLY_CSV = { include: ['*.csv'] };

describe('a job with a filter', () => {
  it('seals the source through it and says so', async () => {
    await using w = await world();
    const asked = vi.spyOn(w.sealer, 'seal');
    const { id } = await w.enqueue(SOURCE, { filter: { exclude: ['*.tmp'] } });
    await w.drain();
    expect(asked.mock.calls.map(([{ source }]) => source.filter)).toEqual([{ include: [], exclude: ['*.tmp'] }]);
    expect(await w.queue.get(id)).toMatchObject({ state: 'VERIFIED', filter: { include: [], exclude: ['*.tmp'] } });
  });

  it('is refused for a single file, and where a pattern means nothing', async () => {
    await using w = await world();
    vi.spyOn(w.sealer, 'resolve').mockResolvedValueOnce({ ...(await w.sealer.resolve(SOURCE)), kind: 'file' });
    await expect(w.enqueue(SOURCE, { filter: ONLY_CSV })).rejects.toMatchObject({ code: 'CONFIG', message: expect.stringContaining('single file') as string });
    await expect(w.enqueue(SOURCE, { filter: { include: ['!x'] } })).rejects.toMatchObject({ code: 'CONFIG' });
    expect((await w.queue.list()).jobs).toEqual([]);
  });

  it('is sealed by the filter that was asked for last while it waits', async () => {
    await using w = await world();
    await w.enqueue(SOURCE, { filter: ONLY_CSV });
    const again = await w.queue.enqueue({ source: SOURCE, destination: 'nas' });
    expect(again).toMatchObject({ kind: 'duplicate', because: 'active' });
    await w.drain();
    expect(await w.queue.get(again.job.id)).toMatchObject({ state: 'VERIFIED', filter: null });
    expect((await w.queue.list()).jobs).toHaveLength(1);
  });

  it('is followed by a generation with the other filter where one was asked for while it was on its way', async () => {
    await using w = await world();
    const first = await w.enqueue(SOURCE);
    w.sealer.onSeal = async () => {
      w.sealer.onSeal = null;
      expect(await w.queue.enqueue({ source: SOURCE, destination: 'nas', filter: ONLY_CSV })).toMatchObject({ kind: 'duplicate' });
    };
    await w.drain();
    const { jobs } = await w.queue.list();
    expect(jobs.map(({ state, filter, generation }) => ({ state, filter, generation }))).toEqual([
      { state: 'VERIFIED', filter: { include: ['*.csv'], exclude: [] }, generation: 2 },
      { state: 'VERIFIED', filter: null, generation: 1 },
    ]);
    expect(jobs[1]?.id).toBe(first.id);
  });

  it('takes the filter that was asked for last after it had failed', async () => {
    await using w = await world();
    const { id } = await w.enqueue(SOURCE, { filter: ONLY_CSV });
    w.place().transport.push = () => Promise.resolve({ ok: false, errorKind: 'permission', stderr: 'Permission denied', stdout: '', returncode: 23, evidence: 'Permission denied', hint: null, retryAfterMs: null } as never);
    await w.drain();
    expect(await w.queue.get(id)).toMatchObject({ state: 'FAILED' });
    expect(await w.queue.enqueue({ source: SOURCE, destination: 'nas', filter: { exclude: ['b*'] } })).toMatchObject({ kind: 'duplicate', because: 'failed' });
    await w.drain();
    expect(await w.queue.get(id)).toMatchObject({ filter: { include: [], exclude: ['b*'] } });
  });
});

describe('a fan-out', () => {
  it('reads the source once for all who want the same, and again for who wants another part of it', async () => {
    await using w = await world();
    for (const name of ['one', 'two', 'three']) w.place(name);
    const asked = vi.spyOn(w.sealer, 'seal');
    await w.enqueue(SOURCE, { destination: 'one', filter: ONLY_CSV });
    await w.enqueue(SOURCE, { destination: 'two', filter: ONLY_CSV });
    await w.enqueue(SOURCE, { destination: 'three' });
    await w.drain({ concurrency: 3 });
    expect((await w.queue.list()).jobs.map(({ state }) => state)).toEqual(['VERIFIED', 'VERIFIED', 'VERIFIED']);
    // The jobs take turns at the seal; the newest one is looked at first.
    expect(asked.mock.calls.length).toBeGreaterThanOrEqual(2);
    expect(asked.mock.calls.length).toBeLessThanOrEqual(3);
    const seals = await Promise.all((await w.queue.list()).jobs.map(async ({ id }) => (await w.queue.get(id)).sealId));
    expect(new Set(seals).size).toBe(asked.mock.calls.length);
  });

  it('takes one seal for two destinations at once', async () => {
    await using w = await world();
    w.place('one');
    w.place('two');
    const asked = vi.spyOn(w.sealer, 'seal');
    await w.enqueue(SOURCE, { destination: 'one' });
    await w.enqueue(SOURCE, { destination: 'two' });
    await w.drain({ concurrency: 2 });
    expect(asked).toHaveBeenCalledTimes(1);
    expect(w.sealer.hashed).toBe('aaaabb'.length);
    const { jobs } = await w.queue.list();
    expect(jobs.map(({ state, destination }) => [destination, state])).toEqual([['two', 'VERIFIED'], ['one', 'VERIFIED']]);
    expect(new Set(jobs.map(({ sealId }) => sealId)).size).toBe(1);
  });
});
