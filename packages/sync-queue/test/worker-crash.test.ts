import { rawPathFromText } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import { Life } from './world/life.ts';
import { World } from './world/world.ts';

const FILES = { 'a.bin': 'aaaa', 'b.bin': 'bbbbbb', 'c.bin': 'cc' };

async function waitingJob(): Promise<{ readonly world: World; readonly id: string }> {
  const world = await World.create();
  world.folder('/data/results', FILES);
  const { id } = await world.enqueue('/data/results');
  return { world, id };
}

describe('a worker that dies', () => {
  it('while pushing leaves a job that another takes over within two seconds, and a process that is ended first', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const { transport, destination } = world.place();
    const life = new Life();
    let diedAt = 0;
    transport.onFile = () => {
      transport.onFile = null;
      diedAt = world.clock.monotonic();
      life.kill();
    };
    // The second worker is there already when the first dies.
    const first = world.worker({ life });
    void first.worker.run({ mode: 'forever' });
    await world.clock.when(() => world.place().transport.pushes === 1);
    const second = world.worker();
    let recoveredAt = 0;
    second.worker.on(({ type }) => {
      if (type === 'recovered') recoveredAt = world.clock.monotonic();
    });
    const stop = new AbortController();
    const run = second.worker.run({ mode: 'forever', signal: stop.signal });
    await world.clock.when(async () => (await world.queue.get(id)).state === 'VERIFIED');
    stop.abort();
    await world.clock.until(run);
    expect(recoveredAt - diedAt).toBeLessThanOrEqual(2_000);
    expect(world.ended).toHaveLength(1);
    expect(destination.violations).toEqual([]);
    // What had arrived was not sent again.
    expect(destination.bytesReceived).toBe(12);
    expect(await world.queue.get(id)).toMatchObject({ attempts: 0, recoveries: 0 });
    expect((await world.queue.history(id)).find(({ from, to }) => from === 'RUNNING' && to === 'QUEUED')).toMatchObject({ reason: 'its worker is gone: tried again, no attempt charged', evidence: expect.stringContaining('while pushing') as string });
  });

  it('leaves a process that is ended first also when somebody else took the job back', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const life = new Life();
    const first = world.worker({ life });
    void first.worker.run({ mode: 'drain' });
    await world.clock.when(() => world.place().destination.bytesReceived > 0);
    // The next worker has looked for the dead already, and will not do so again for long.
    const second = world.worker({ policy: { recoveryMs: 10_000_000 } });
    const run = second.worker.run({ mode: 'drain', waitFor: 'held' });
    await world.clock.pass(0);
    life.kill();
    await world.store.recover({ dead: [first.owner], lapsed: 'leave', maxRecoveries: 3 });
    await world.clock.until(run);
    expect(world.ended).toHaveLength(1);
    expect(world.place().destination.violations).toEqual([]);
    expect((await world.queue.get(id)).state).toBe('VERIFIED');
  });

  it('between the rename and VERIFIED leaves a job that is proven where it lies, and published once', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const { transport, destination } = world.place();
    const life = new Life();
    transport.onPublish = (moment) => {
      if (moment === 'after') life.kill();
    };
    void world.worker({ life }).worker.run({ mode: 'drain' });
    await world.clock.when(() => life.dead);
    transport.onPublish = null;
    expect(await world.queue.get(id)).toMatchObject({ state: 'AWAITING_VERIFY', phase: 'publishing' });
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED' });
    expect(destination.reveals).toHaveLength(1);
    expect(transport.pushes).toBe(1);
  });

  it('right before the rename leaves a job that is published by the next one', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const { transport, destination } = world.place();
    const life = new Life();
    transport.onPublish = async (moment) => {
      if (moment === 'after' || life.dead) return;
      life.kill();
      await new Promise(() => undefined);
    };
    void world.worker({ life }).worker.run({ mode: 'drain' });
    await world.clock.when(() => life.dead);
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED' });
    expect(destination).toMatchObject({ violations: [], reveals: [{ jobId: id }] });
  });

  it('and wakes up late is stopped by its epoch: at the queue and at the destination', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const { transport, destination } = world.place();
    const { promise: thaw, resolve: letGo } = gate();
    transport.onPublish = async (moment) => {
      if (moment !== 'before') return;
      transport.onPublish = null;
      await thaw;
    };
    // Frozen in the middle of publish: no heartbeat, and nobody can say it is dead.
    const frozen = world.worker({ policy: { heartbeatMs: 10_000_000 } });
    const late = frozen.worker.run({ mode: 'drain' });
    await world.clock.when(async () => (await world.queue.get(id)).phase === 'publishing');
    await world.clock.pass(61_000);
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', epoch: 2 });
    letGo();
    await world.clock.until(late);
    expect(frozen.events.some(({ type }) => type === 'leaseLost')).toBe(true);
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', owner: null });
    expect(destination.reveals).toHaveLength(1);
  });

  it('is not taken for dead while it renews its lease, however long a file takes', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.onFile = async () => new Promise<void>((resolve) => world.clock.after(300_000, resolve));
    const slow = world.worker();
    const run = slow.worker.run({ mode: 'drain' });
    await world.clock.pass(1_000);
    const rival = world.worker();
    const stop = new AbortController();
    const rivalRun = rival.worker.run({ mode: 'forever', signal: stop.signal });
    await world.clock.until(run);
    stop.abort();
    await world.clock.until(rivalRun);
    expect(rival.events).toEqual([]);
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', epoch: 1, recoveries: 0 });
  });

  it('is not taken for dead when the machine has slept', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.onFile = async () => new Promise<void>((resolve) => world.clock.after(30_000, resolve));
    const run = world.worker({ policy: { heartbeatMs: 5_000 } }).worker.run({ mode: 'drain' });
    const rival = world.worker();
    const stop = new AbortController();
    const rivalRun = rival.worker.run({ mode: 'forever', signal: stop.signal });
    await world.clock.pass(3_500);
    world.clock.jump(8 * 3_600_000);
    await world.clock.until(run);
    stop.abort();
    await world.clock.until(rivalRun);
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', recoveries: 0, epoch: 1 });
  });

  it('three times over the same job parks it, and ends what it left', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const { transport } = world.place();
    for (let crash = 0; crash < 3; crash += 1) {
      const life = new Life();
      transport.onFile = () => life.kill();
      void world.worker({ life }).worker.run({ mode: 'drain' });
      await world.clock.when(() => life.dead);
    }
    transport.onFile = null;
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'FAILED', recoveries: 3, attempts: 0 });
    expect(world.ended).toHaveLength(3);
    await world.queue.retry(id);
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED' });
  });

  it('after a person cancelled its job leaves it CANCELLED, its process ended, its staging removed', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const { transport, destination } = world.place();
    const life = new Life();
    transport.onFile = async () => {
      transport.onFile = null;
      await world.queue.cancel(id);
      life.kill();
    };
    void world.worker({ life }).worker.run({ mode: 'drain' });
    await world.clock.when(() => life.dead);
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'CANCELLED' });
    expect(world.ended).toHaveLength(1);
    expect(destination.staging.size).toBe(0);
    expect(world.published('results')).toBeNull();
  });

  it('does not take the seal along: what was sealed is not hashed again', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const life = new Life();
    world.place().transport.onFile = () => life.kill();
    void world.worker({ life }).worker.run({ mode: 'drain' });
    await world.clock.when(() => life.dead);
    world.place().transport.onFile = null;
    await world.drain();
    expect((await world.queue.get(id)).state).toBe('VERIFIED');
    expect(world.sealer.hashed).toBe(12);
  });

  it('with the seals of its machine lost leaves a job that is sealed again', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const life = new Life();
    world.place().transport.onPublish = () => life.kill();
    void world.worker({ life }).worker.run({ mode: 'drain' });
    await world.clock.when(() => life.dead);
    world.place().transport.onPublish = null;
    world.seals.clear();
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED' });
    expect(world.published('results')).toEqual(FILES);
    expect(world.place().destination.finals.get(rawPathFromText('results'))?.receipt?.jobId).toBe(id);
  });
});

function gate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
