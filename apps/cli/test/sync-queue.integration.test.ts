import { mkdirSync, readdirSync, rmSync } from 'node:fs';

import type { Job } from '@longhaul/sync-queue';
import { describe, expect, it } from 'vitest';

import { syncWorld } from './sync-world.ts';


describe('a queue that a person holds back', () => {
  it('is paused as a whole: list, show and why say so and what ends it; then the most urgent goes first', async () => {
    const world = await syncWorld({ type: 'local' });
    for (const name of ['later', 'first']) world.write(`${name}/file`, name);
    const call = async (...args: readonly string[]): Promise<string> => {
      const { code, stdout, stderr } = await world.longhaul(args);
      expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
      return stdout + stderr;
    };
    expect(await call('sync', 'destinations', 'pause', '--all')).toMatch(/whole queue is paused/);
    await call('sync', 'push', 'later', '--to', 'dest', '--no-worker');
    await call('sync', 'push', 'first', '--to', 'dest', '--no-worker', '--priority', '10');
    expect(await world.drain().ended).toMatchObject({ code: 0 });
    const { jobs } = await world.json<{ jobs: readonly Job[] }>(['sync', 'list']);
    expect(jobs).toMatchObject([{ state: 'QUEUED', hold: 'paused', priority: 10 }, { state: 'QUEUED', hold: 'paused', priority: 0 }]);
    expect(await call('sync', 'list')).toMatch(/is paused: the whole queue is paused since/);
    expect(await call('sync', 'show', 'first')).toMatch(/is paused: the whole queue[^]*priority +10/);
    expect(await call('why', jobs[0]?.id ?? '')).toMatch(/fix +longhaul sync destinations resume --all/);
    expect(await call('sync', 'destinations')).toMatch(/the whole queue is paused since .*resume --all/);

    await world.sync.queue.resumeAll();
    expect(await world.longhaul(['sync', 'work', '--drain'], { env: { LONGHAUL_WORKER_CONCURRENCY: '1' } })).toMatchObject({ code: 0 });
    const done = await Promise.all(jobs.map(async ({ id }) => await world.sync.queue.get(id)));
    expect(done.map(({ state }) => state)).toEqual(['VERIFIED', 'VERIFIED']);
    // Epochs grow with every claim: who has the lower was claimed before.
    expect(done[0]?.epoch ?? 0).toBeLessThan(done[1]?.epoch ?? 0);
  });

  it('sends nothing to a destination that was emptied until renew says that it was meant', async () => {
    const world = await syncWorld({ type: 'local' });
    const push = async (name: string): Promise<string> => {
      world.write(`${name}/file`, name);
      expect(await world.longhaul(['sync', 'push', name, '--to', 'dest', '--no-worker'])).toMatchObject({ code: 0 });
      await world.drain().ended;
      return (await world.sync.queue.list()).jobs[0]?.state ?? '';
    };
    expect(await push('one')).toBe('VERIFIED');
    rmSync(world.place, { recursive: true });
    mkdirSync(world.place);
    expect(await push('two')).toBe('QUEUED');
    expect(await world.longhaul(['sync', 'destinations', 'probe', 'dest'])).toMatchObject({ code: 6, stdout: expect.stringContaining('is its disk or share mounted') as string, stderr: expect.stringContaining('sync destinations renew dest') as string });
    expect(readdirSync(world.place)).toEqual([]);
    expect(await world.longhaul(['sync', 'destinations', 'renew', 'dest', '--dry-run'])).toMatchObject({ code: 2 });
    expect(await world.longhaul(['sync', 'destinations', 'renew', 'dest'])).toMatchObject({ code: 0 });
    await world.drain().ended;
    await expect.poll(async () => (await world.sync.queue.list()).jobs[0]?.state, { timeout: 60_000 }).toBe('VERIFIED');
  });

  it('refuses --all with a name, and a priority that is none', async () => {
    const world = await syncWorld({ type: 'local' });
    world.write('x/file', 'x');
    for (const args of [['destinations', 'pause', 'dest', '--all'], ['destinations', 'probe', '--all'], ['push', 'x', '--to', 'dest', '--priority', 'high']]) {
      expect(await world.longhaul(['sync', ...args])).toMatchObject({ code: 2 });
    }
    expect((await world.sync.queue.list()).jobs).toEqual([]);
  });
});
