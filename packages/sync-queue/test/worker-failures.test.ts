import { TransportErrorKind } from '@longhaul/errors';
import { rawPathFromText } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import { World } from './world/world.ts';

const FILES = { 'a.bin': 'aaaa', 'b.bin': 'bbbbbb', 'c.bin': 'cc' };
const HOUR = 3_600_000;

/** A job from /data/results to nas. */
async function waitingJob(): Promise<{ readonly world: World; readonly id: string }> {
  const world = await World.create();
  world.folder('/data/results', FILES);
  const { id } = await world.enqueue('/data/results');
  return { world, id };
}

describe('a push that fails while its destination answers', () => {
  it.each(['network', 'unknown', 'throttled'] as const)('is tried again with growing pauses, five times at most: %s', async (kind) => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.faults.push(...Array.from({ length: 9 }, () => ({ kind, evidence: `it said ${kind}` })));
    const pauses: number[] = [];
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      await world.drain();
      const job = await world.queue.get(id);
      expect(job).toMatchObject({ state: 'QUEUED', attempts: attempt, hold: 'backoff', errorKind: kind, evidence: `it said ${kind}` });
      const pause = Date.parse(job.nextAttemptAt!) - world.clock.now();
      pauses.push(pause);
      await world.clock.pass(pause);
    }
    // The middle of the jitter is the table itself: 30 s, 2 m, 8 m, 30 m.
    expect(pauses).toEqual([30_000, 120_000, 480_000, 1_800_000]);
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'FAILED', attempts: 5, errorKind: kind });
    expect(world.place().transport.pushes).toBe(5);
  });

  it('waits as long as the other side asked for', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.faults.push({ kind: 'throttled', retryAfterMs: 600_000 });
    await world.drain();
    const { nextAttemptAt } = await world.queue.get(id);
    expect(Date.parse(nextAttemptAt!) - world.clock.now()).toBe(660_000);
  });

  it.each(['auth', 'host_key', 'permission', 'config', 'local_file_vanished'] as const)('is FAILED at once for a person to look at: %s', async (kind) => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.faults.push({ kind });
    await world.drain({ waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'FAILED', attempts: 1, errorKind: kind });
    expect((await world.queue.history(id)).at(-1)).toMatchObject({ from: 'RUNNING', to: 'FAILED', evidence: `fake: ${kind}` });
    expect(world.place().transport.pushes).toBe(1);
  });

  it('is repeated once at once when the program is missing, then FAILED', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.faults.push({ kind: null }, { kind: null }, { kind: null });
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'FAILED', attempts: 2, errorKind: null, lastError: 'the push to nas failed: fake: no program' });
    expect(world.place().transport.pushes).toBe(2);
  });

  it('is put back at no charge when it was interrupted', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.faults.push({ kind: 'interrupted' });
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 0 });
  });

  it('is not put back in a busy loop when it is interrupted each time', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.faults.push(...Array.from({ length: 6 }, () => ({ kind: 'interrupted' }) as const));
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'QUEUED', hold: 'backoff', attempts: 0 });
    await world.drain({ waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 0 });
    // 0, 5 s, 30 s, then 2 minutes each.
    expect(world.clock.monotonic()).toBeGreaterThan(6.5 * 60_000);
  });

  it('begins anew after a person’s retry', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.faults.push({ kind: 'config' });
    await world.drain();
    await world.queue.retry(id);
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 0, errorKind: null, lastError: null });
  });

  it('sends only what is missing when it is tried again', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.faults.push({ kind: 'network', afterFiles: 2 });
    await world.drain({ waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 1 });
    expect(world.place().destination.bytesReceived).toBe(12);
  });

  it('is retried by filter, each for itself', async () => {
    const world = await World.create();
    await using _ = world;
    for (const name of ['a', 'b', 'c']) {
      world.folder(`/data/${name}`, FILES);
      await world.enqueue(`/data/${name}`);
      world.place().transport.faults.push({ kind: 'config' });
    }
    await world.drain({ concurrency: 1 });
    await world.queue.enqueue({ source: '/data/b', destination: 'nas', dedupKey: 'newer' });
    const { retried, refused } = await world.queue.retryAll({ destination: 'nas' });
    expect(retried.map(({ source }) => source)).toEqual(['/data/a', '/data/c']);
    expect(refused).toMatchObject([{ job: { source: '/data/b' }, error: { code: 'JOB_CONFLICT' } }]);
  });

  it('that stands still is ended, and counts as the network', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.faults.push({ stall: true });
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'QUEUED', hold: 'backoff', attempts: 1, errorKind: 'network', lastError: 'nothing moved on the way to nas for 600 s' });
    await world.drain({ waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED' });
  });

  it('knows a name that never resolved for a mistake in the settings, and one that did for the network', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const fault = { kind: 'network', evidence: 'ssh: Could not resolve hostname nsa: Name or service not known' } as const;
    world.place().transport.faults.push(fault);
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'FAILED', errorKind: 'config' });
    await world.queue.retry(id);
    await world.drain();
    world.folder('/data/more', FILES);
    const more = await world.enqueue('/data/more');
    world.place().transport.faults.push(fault);
    await world.drain();
    expect(await world.queue.get(more.id)).toMatchObject({ state: 'QUEUED', errorKind: 'network', hold: 'backoff' });
  });
});

describe('a destination that is down', () => {
  it('keeps its jobs waiting through a night at no charge, and has them done in the morning', async () => {
    const world = await World.create();
    await using _ = world;
    for (let index = 0; index < 10; index += 1) {
      world.folder(`/data/${index}`, FILES);
      await world.enqueue(`/data/${index}`);
    }
    const { destination, transport } = world.place();
    destination.down = 'network';
    const process = world.worker();
    const run = process.worker.run({ mode: 'drain', waitFor: 'held' });
    await world.clock.pass(8 * HOUR);
    expect((await world.queue.list()).jobs.every(({ state, attempts, hold }) => state === 'QUEUED' && attempts === 0 && hold === 'breaker')).toBe(true);
    expect((await world.queue.destinations())[0]).toMatchObject({ block: { reason: 'breaker', errorKind: 'network' }, lastProbe: { reachable: false, evidence: 'fake: network' } });
    // The schedule ends at five minutes, so eight hours are some hundred probes.
    expect(transport.probes).toBeLessThan(150);
    destination.down = null;
    await world.clock.until(run);
    expect((await world.queue.list()).jobs.every(({ state, attempts }) => state === 'VERIFIED' && attempts === 0)).toBe(true);
    expect(process.events.some(({ type }) => type === 'destinationDown')).toBe(true);
    expect(process.events.some(({ type }) => type === 'destinationUp')).toBe(true);
  });

  it('does not keep other destinations waiting', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place('disk');
    world.place().destination.down = 'network';
    const other = await world.enqueue('/data/results', { destination: 'disk' });
    await world.drain();
    expect((await world.queue.get(id)).state).toBe('QUEUED');
    expect((await world.queue.get(other.id)).state).toBe('VERIFIED');
  });

  it.each(['auth', 'host_key', 'permission', 'config'] as const)('fails the job it refused, keeps the others, and has each tried once more when it answers again: %s', async (kind) => {
    const world = await World.create();
    await using _ = world;
    for (const name of ['a', 'b', 'c']) {
      world.folder(`/data/${name}`, FILES);
      await world.enqueue(`/data/${name}`);
    }
    world.place().destination.down = kind;
    await world.drain({ concurrency: 1 });
    expect((await world.queue.list()).jobs.map(({ state }) => state).sort()).toEqual(['FAILED', 'QUEUED', 'QUEUED']);
    world.place().destination.down = null;
    await world.clock.pass(HOUR);
    await world.drain({ waitFor: 'held' });
    expect((await world.queue.list()).jobs.map(({ state, attempts }) => ({ state, attempts }))).toEqual(Array.from({ length: 3 }, () => ({ state: 'VERIFIED', attempts: 0 })));
  });

  it('that takes its time to be probed keeps nobody else waiting', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const { destination, transport } = world.place();
    world.place('disk');
    destination.down = 'network';
    await world.drain();
    const probe = transport.probe.bind(transport);
    transport.probe = async () => {
      await new Promise<void>((resolve) => world.clock.after(90_000, resolve));
      return probe();
    };
    await world.clock.pass(HOUR);
    const { worker } = world.worker();
    const run = worker.run({ mode: 'drain', waitFor: 'held' });
    await world.clock.pass(5_000);
    const other = await world.enqueue('/data/results', { destination: 'disk' });
    await world.clock.pass(10_000);
    expect((await world.queue.get(other.id)).state).toBe('VERIFIED');
    destination.down = null;
    await world.clock.until(run);
    expect((await world.queue.get(id)).state).toBe('VERIFIED');
  });

  it('does not fail what only waits to be verified', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const { transport, destination } = world.place();
    transport.onFile = (path) => {
      if (path === rawPathFromText('c.bin')) world.clock.after(50, () => (destination.down = 'network'));
    };
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'AWAITING_VERIFY', hold: 'breaker', attempts: 0 });
    destination.down = null;
    await world.drain({ waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 0 });
    expect(transport.pushes).toBe(1);
  });

  it('is asked at once when a person retries', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().destination.down = 'auth';
    await world.drain();
    expect((await world.queue.get(id)).state).toBe('FAILED');
    world.place().destination.down = null;
    await world.queue.retry(id);
    await world.drain();
    expect((await world.queue.get(id)).state).toBe('VERIFIED');
  });
});

describe('a destination that is full', () => {
  it('is held until there is room, at no charge', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const { destination, transport } = world.place();
    destination.freeBytes = 5;
    const run = world.worker().worker.run({ mode: 'drain', waitFor: 'held' });
    await world.clock.pass(3 * HOUR);
    expect(await world.queue.get(id)).toMatchObject({ state: 'QUEUED', hold: 'no_space', attempts: 0 });
    expect((await world.queue.destinations())[0]?.block).toMatchObject({ reason: 'no_space', neededBytes: 8 });
    expect(transport.pushes).toBe(1);
    destination.freeBytes = 1_000;
    await world.clock.until(run);
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 0 });
    expect(destination.bytesReceived).toBe(12);
  });

  it('fails a seal that is larger than the whole disk', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const { destination, transport } = world.place();
    destination.freeBytes = 5;
    const probe = transport.probe.bind(transport);
    transport.probe = async () => ({ ...(await probe()), totalBytes: 10 });
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'FAILED', errorKind: 'no_space', attempts: 0 });
  });

  it('is asked less and less often when nobody tells how much room there is', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const { transport } = world.place();
    transport.faults.push(...Array.from({ length: 6 }, () => ({ kind: 'no_space' }) as const));
    await world.drain({ waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 0 });
    // 1, 2, 5, 10, 10, 10 minutes: a probe that says nothing does not reset the schedule, only a push does.
    expect(world.clock.monotonic()).toBeGreaterThan(37 * 60_000);
    expect(transport.pushes).toBe(7);
  });
});

describe('what arrives damaged', () => {
  it('is sent once more past sizes and times, and verified', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.faults.push({ corrupt: rawPathFromText('b.bin') });
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', mismatches: 0, errorKind: null });
    expect(world.published('results')).toEqual(FILES);
    expect(world.place().destination).toMatchObject({ bytesReceived: 18, violations: [] });
    const story = (await world.queue.history(id)).filter(({ from, to }) => from !== to).map(({ to }) => to);
    expect(story).toEqual(['QUEUED', 'RUNNING', 'AWAITING_VERIFY', 'QUEUED', 'RUNNING', 'AWAITING_VERIFY', 'VERIFIED']);
    expect((await world.queue.history(id)).find(({ from, to }) => from === 'AWAITING_VERIFY' && to === 'QUEUED')?.evidence).toBe('different: b.bin');
    // The source was hashed again past the cache before the destination was blamed.
    expect(world.sealer.hashed).toBe(24);
  });

  it('every time is FAILED, and never published', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const corrupt = { corrupt: rawPathFromText('b.bin') } as const;
    world.place().transport.faults.push(corrupt, corrupt, corrupt);
    await world.drain({ waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'FAILED', errorKind: TransportErrorKind.HASH_MISMATCH, evidence: 'different: b.bin', attempts: 2 });
    expect(world.published('results')).toBeNull();
  });

  it('is the source’s fault where its content changed and no time told: it is sealed anew', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    // The seal believes the cache, the push sends what is there.
    await world.sealer.seal({ source: await world.sealer.resolve('/data/results'), hashing: 'cached' });
    world.sealer.folders.get('/data/results')!.rot('b.bin', 'BBBBBB');
    await world.drain({ waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', reseals: 1, generation: 2 });
    expect(world.published('results')).toEqual({ ...FILES, 'b.bin': 'BBBBBB' });
  });

  it('loses what was not sealed before it is published', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.onFile = () => {
      for (const staging of world.place().destination.staging.values()) staging.tree?.set(rawPathFromText('stray'), 'x');
    };
    await world.drain();
    expect((await world.queue.get(id)).state).toBe('VERIFIED');
    expect(world.published('results')).toEqual(FILES);
  });

  it('under its final name, beside what somebody else put there, is proven all the same and the stranger is left', async () => {
    const { world } = await waitingJob();
    await using _ = world;
    await world.drain();
    world.place().destination.finals.get(rawPathFromText('results'))!.tree.set(rawPathFromText('notes.txt'), 'mine');
    const { id } = await world.enqueue('/data/results');
    await world.drain();
    expect((await world.queue.get(id)).state).toBe('VERIFIED');
    expect(world.published('results')).toEqual({ ...FILES, 'notes.txt': 'mine' });
  });
});

describe('a source that changes under the push', () => {
  it('is sealed again when it is quiet, and what arrives is the final content', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const folder = world.sealer.folders.get('/data/results')!;
    world.place().transport.onFile = (path) => {
      if (path !== rawPathFromText('a.bin')) return;
      world.place().transport.onFile = null;
      folder.write('a.bin', 'a2a2');
    };
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'QUEUED', hold: 'source_changed', reseals: 1, attempts: 0 });
    await world.drain({ waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', generation: 2 });
    expect(world.published('results')).toEqual({ ...FILES, 'a.bin': 'a2a2' });
    expect(world.place().destination.violations).toEqual([]);
  });

  it('is left alone as long as somebody writes, however long that takes, without a seal being spent', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const folder = world.sealer.folders.get('/data/results')!;
    let last = 0;
    const write = (): void => {
      folder.write('a.bin', `${last}`.padStart(4, '0'));
      last = world.clock.now();
    };
    for (let second = 0; second < 120; second += 3) world.clock.after(200 + second * 1000, write);
    await world.drain({ waitFor: 'held', ports: { lastChange: () => Promise.resolve(last) } });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', reseals: 1 });
    expect(world.published('results')?.['a.bin']).toBe(folder.contents().get(rawPathFromText('a.bin')));
  });

  it('by what this very job stages is no source of that destination: it says so at once', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.onFile = () => world.sealer.folders.get('/data/results')!.write(`backup/.longhaul-incoming/${id}/tree/a.bin`, 'a');
    await world.drain({ waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'FAILED', errorKind: 'config', lastError: expect.stringContaining('lies in the source') as string, reseals: 0 });
  });

  it('five times is FAILED', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const folder = world.sealer.folders.get('/data/results')!;
    let writes = 0;
    world.place().transport.onFile = () => folder.write('a.bin', `${(writes += 1)}`.padStart(4, '0'));
    await world.drain({ waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'FAILED', errorKind: 'source_changed', attempts: 0, reseals: 4, generation: 5 });
    expect(world.published('results')).toBeNull();
    expect(world.place().transport.pushes).toBe(5);
  });

  it('while it is being read is sealed again too', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.sealer.onSeal = () => {
      world.sealer.onSeal = null;
      world.sealer.folders.get('/data/results')!.write('a.bin', 'a2a2');
    };
    await world.drain({ waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', reseals: 1 });
  });

  it('by losing a file is FAILED, naming it', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.onFile = () => world.sealer.folders.get('/data/results')!.delete('a.bin');
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'FAILED', errorKind: 'local_file_vanished', evidence: 'a.bin' });
    world.place().transport.onFile = null;
    await world.queue.retry(id);
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED' });
    expect(world.published('results')).toEqual({ 'b.bin': 'bbbbbb', 'c.bin': 'cc' });
  });

  it('by being gone altogether is FAILED', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.sealer.folders.delete('/data/results');
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'FAILED', errorKind: 'local_file_vanished', lastError: 'source "/data/results" does not exist' });
  });

  it('while the job waits in the queue is sealed as it is when its turn comes', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    world.place().transport.faults.push({ kind: 'network' });
    await world.drain();
    world.sealer.folders.get('/data/results')!.write('a.bin', 'later');
    await world.drain({ waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', reseals: 0, generation: 2 });
    expect(world.published('results')).toEqual({ ...FILES, 'a.bin': 'later' });
  });
});

describe('a publish', () => {
  it('waits a little for another one of the same name, and then comes back to it', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const { destination, transport } = world.place();
    destination.lockedBy = 'host beta, job X';
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'AWAITING_VERIFY', hold: 'backoff', attempts: 1, errorKind: 'unknown' });
    expect((await world.queue.get(id)).lastError).toMatch(/locked by host beta, job X/);
    destination.lockedBy = null;
    await world.drain({ waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED' });
    expect(transport.pushes).toBe(1);
  });

  it('that another host was quicker with is a conflict, not a replacement', async () => {
    const { world, id } = await waitingJob();
    await using _ = world;
    const { destination, transport } = world.place();
    transport.onPublish = () => {
      destination.finals.set(rawPathFromText('results'), { tree: new Map([[rawPathFromText('theirs'), 'x']]), receipt: null });
    };
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'FAILED', errorKind: 'config' });
    expect(world.published('results')).toEqual({ theirs: 'x' });
  });
});
