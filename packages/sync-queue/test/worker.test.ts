import { SourceChangedError } from '@longhaul/errors';
import type { QueueStore } from '@longhaul/sync-queue';
import { rawPathFromText } from '@longhaul/sync-transports';
import type { Sealer } from '@longhaul/sync-transports';
import { describe, expect, it, vi } from 'vitest';
import { replaced, World } from './world/world.ts';

const FILES = { 'a.bin': 'aaaa', 'b.bin': 'bbbbbb', 'c.bin': 'cc' };

describe('a job', () => {
  it('is sealed, pushed, verified, published and proven', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    const { id } = await world.enqueue('/data/results');
    const { events } = await world.drain();
    const job = await world.queue.get(id);
    expect(job).toMatchObject({ state: 'VERIFIED', attempts: 0, filesTotal: 3, bytesTotal: 12, progress: { bytesDone: 12, filesDone: 3, bytesSent: 12 }, owner: null, errorKind: null });
    expect(world.published('results')).toEqual(FILES);
    expect(await world.queue.proofs(id)).toMatchObject([{ sealDigest: job.sealDigest, strength: 'sha256', files: 3, bytes: 12 }]);
    expect(events.filter(({ type }) => type === 'transition').map((event) => 'from' in event && `${event.from} ${event.job.state}`)).toEqual(['RUNNING AWAITING_VERIFY', 'AWAITING_VERIFY VERIFIED']);
    const { receipt } = world.place().destination.finals.get(rawPathFromText('results'))!;
    expect(receipt).toMatchObject({ jobId: id, sealDigest: job.sealDigest, generation: 1, hostId: 'host-1', source: '/data/results', run: null, verified: { strength: 'sha256' } });
    expect(world.place().destination).toMatchObject({ violations: [], staging: new Map() });
  });

  it('writes every intent before its effect', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    const { id } = await world.enqueue('/data/results');
    await world.drain();
    const reasons = (await world.queue.history(id)).map(({ reason }) => reason);
    expect(reasons).toEqual([
      'enqueued',
      'claimed',
      'sealing the source',
      'sealed',
      'pushing 3 files, 12 bytes',
      'pushed',
      'verifying what the destination holds',
      'publishing as results',
      'proven and published',
    ]);
  });

  it.each([
    { sealingMs: 1_000, looks: 'once', before: ['look', 'seal', 'push'] },
    { sealingMs: 60_000, looks: 'again after it', before: ['look', 'seal', 'push', 'look'] },
  ])('looks at what is in place while it seals, and where that took $sealingMs ms $looks', async ({ sealingMs, before }) => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    const { transport } = world.place();
    const steps: string[] = [];
    const readReceipt = transport.readReceipt.bind(transport);
    const push = transport.push.bind(transport);
    vi.spyOn(transport, 'readReceipt').mockImplementation(async (request) => (steps.push('look'), readReceipt(request)));
    vi.spyOn(transport, 'push').mockImplementation(async (request) => (steps.push('push'), push(request)));
    world.sealer.onSeal = async () => {
      steps.push('seal');
      await new Promise<void>((resolve) => world.clock.after(sealingMs, resolve));
    };
    await world.enqueue('/data/results');
    await world.drain();
    expect(steps.slice(0, before.length)).toEqual(before);
    expect(world.published('results')).toEqual(FILES);
  });

  it('is sent while its source is still hashed', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    const arrived = signalled();
    world.place().transport.onFile = (path) => { if (path === 'c.bin') arrived.give(); };
    world.sealer.onSeal = async () => arrived.signal;
    const { id } = await world.enqueue('/data/results');
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 0, progress: { bytesDone: 12, bytesSent: 12 } });
    expect(world.published('results')).toEqual(FILES);
  });

  it('says that it is still hashed where everything is sent before', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    world.sealer.onSeal = async () => new Promise<void>((resolve) => world.clock.after(60_000, resolve));
    const { id } = await world.enqueue('/data/results');
    await world.drain();
    const intents = (await world.queue.history(id)).map(({ reason }) => reason).slice(2, 6);
    expect(intents).toEqual(['sealing the source', 'pushing 3 files, 12 bytes', 'all of it is sent: hashing what is left of the source', 'sealed']);
  });

  it('says how far it is hashed where sending has broken off before', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    world.place().transport.faults.push({ kind: 'network', afterFiles: 1 });
    const hashed: number[] = [];
    const sealer = replaced<Sealer>(world.sealer, {
      seal: async (request) => world.sealer.seal({
        ...request,
        onListed: (listing) => {
          request.onListed?.(listing);
          world.clock.after(30_000, () => request.onProgress?.({ filesDone: 2, filesTotal: 3, bytesDone: 8, bytesTotal: 12 }));
        },
      }),
    });
    world.sealer.onSeal = async () => new Promise<void>((resolve) => world.clock.after(60_000, resolve));
    const { id } = await world.enqueue('/data/results');
    const { worker } = world.worker({ ports: { sealer } });
    worker.on((event) => { if (event.type === 'sealing') hashed.push(event.bytesDone); });
    await world.clock.until(worker.run({ mode: 'drain' }));
    expect(hashed).toContain(8);
    const intents = (await world.queue.history(id)).map(({ reason }) => reason).slice(2, 6);
    expect(intents).toEqual(['sealing the source', 'pushing 3 files, 12 bytes', 'sending has broken off: hashing what is left of the source first', 'sealed']);
    expect(await world.queue.get(id)).toMatchObject({ state: 'QUEUED', errorKind: 'network' });
  });

  it('publishes nothing of what was sent where its source could not be sealed, and ends that push', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    const { transport, destination } = world.place();
    const arrived = signalled();
    transport.onFile = () => { arrived.give(); };
    world.sealer.onSeal = async () => {
      await arrived.signal;
      throw new SourceChangedError('/data/results', ['b.bin']);
    };
    const { id } = await world.enqueue('/data/results');
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'QUEUED', hold: 'source_changed' });
    expect([...destination.pushers].every(({ ended }) => ended)).toBe(true);
    expect(world.published('results')).toBe(null);
    world.sealer.onSeal = null;
    await world.drain({ waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED' });
    expect(world.published('results')).toEqual(FILES);
    expect(destination.violations).toEqual([]);
  });

  it('is not sent ahead where an earlier generation is in place: what it holds is known only after the seal', async () => {
    await using world = await World.create();
    const folder = world.folder('/data/results', FILES);
    await world.enqueue('/data/results');
    await world.drain();
    const { transport } = world.place();
    const ahead = vi.spyOn(transport, 'pushListing');
    folder.write('b.bin', 'changed');
    await world.enqueue('/data/results');
    await world.drain();
    expect(ahead).not.toHaveBeenCalled();
    expect(world.published('results')).toEqual({ ...FILES, 'b.bin': 'changed' });
  });

  it('sends nothing when the destination holds the same content already, and says so', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    await world.enqueue('/data/results');
    await world.drain();
    const again = await world.enqueue('/data/results');
    await world.drain();
    const { transport, destination } = world.place();
    expect({ pushes: transport.pushes, received: destination.bytesReceived, hashed: world.sealer.hashed }).toEqual({ pushes: 1, received: 12, hashed: 12 });
    expect(await world.queue.get(again.id)).toMatchObject({ state: 'VERIFIED', generation: 2 });
    expect((await world.queue.history(again.id)).map(({ reason }) => reason)).toContain('the destination holds this content already (generation 1): nothing to send');
    expect(await world.queue.proofs(again.id)).toHaveLength(1);
  });

  it('replaces its own earlier generation with changed content', async () => {
    await using world = await World.create();
    const folder = world.folder('/data/results', FILES);
    await world.enqueue('/data/results');
    await world.drain();
    folder.write('a.bin', 'AAAA');
    folder.delete('c.bin');
    const { id } = await world.enqueue('/data/results');
    await world.drain();
    expect(world.published('results')).toEqual({ 'a.bin': 'AAAA', 'b.bin': 'bbbbbb' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', generation: 2 });
  });

  it('repairs what is damaged under its final name when it is pushed again', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    await world.enqueue('/data/results');
    await world.drain();
    world.place().destination.finals.get(rawPathFromText('results'))!.tree.set(rawPathFromText('a.bin'), 'aaab');
    const { id } = await world.enqueue('/data/results');
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED' });
    expect(world.published('results')).toEqual(FILES);
  });

  it('seals a source once for several destinations', async () => {
    await using world = await World.create();
    world.place('disk');
    world.folder('/data/results', FILES);
    const jobs = [await world.enqueue('/data/results'), await world.enqueue('/data/results', { destination: 'disk' })];
    await world.drain();
    const seals = await Promise.all(jobs.map(async ({ id }) => (await world.queue.get(id)).sealId));
    expect(new Set(seals).size).toBe(1);
    expect(world.sealer.hashed).toBe(12);
    expect([world.published('results'), world.published('results', 'disk')]).toEqual([FILES, FILES]);
  });

  it('is refused where something else lies, naming the flag that helps, before the first byte', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    world.folder('/other/results', FILES);
    await world.enqueue('/other/results');
    await world.drain();
    const { id } = await world.enqueue('/data/results');
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'FAILED', errorKind: 'config', attempts: 1 });
    expect((await world.queue.get(id)).hint).toMatch(/--as/);
    expect(world.place().transport.pushes).toBe(1);
    world.place().destination.finals.set(rawPathFromText('mine'), { tree: new Map(), receipt: null });
    const foreign = await world.enqueue('/data/results', { finalNameTemplate: 'mine' });
    await world.drain();
    expect(await world.queue.get(foreign.id)).toMatchObject({ state: 'FAILED', errorKind: 'config' });
  });

  it('goes on from the generation that is in place when the queue was made anew', async () => {
    await using world = await World.create();
    const folder = world.folder('/data/results', FILES);
    await world.enqueue('/data/results');
    await world.drain();
    const final = world.place().destination.finals.get(rawPathFromText('results'))!;
    world.place().destination.finals.set(rawPathFromText('results'), { ...final, receipt: { ...final.receipt!, generation: 7 } });
    folder.write('a.bin', 'AAAA');
    const { id } = await world.enqueue('/data/results');
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', generation: 8 });
  });

  it('is followed by a new generation when the source changed after it was sealed and was enqueued again', async () => {
    await using world = await World.create();
    const folder = world.folder('/data/results', FILES);
    const { id } = await world.enqueue('/data/results');
    world.place().transport.onPublish = async (moment) => {
      if (moment === 'before') world.place().transport.onPublish = null;
      folder.write('a.bin', 'AAAA');
      expect(await world.queue.enqueue({ source: '/data/results', destination: 'nas' })).toMatchObject({ kind: 'duplicate', job: { id } });
    };
    await world.drain();
    expect(world.published('results')).toMatchObject({ 'a.bin': 'AAAA' });
    expect((await world.queue.list()).jobs.map(({ state, generation }) => ({ state, generation }))).toEqual([
      { state: 'VERIFIED', generation: 2 },
      { state: 'VERIFIED', generation: 1 },
    ]);
  });

  it('answers every request that came while it ran when the source is still what was sealed', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    await world.enqueue('/data/results');
    world.place().transport.onPublish = async () => {
      await world.enqueue('/data/results');
    };
    await world.drain();
    expect((await world.queue.list()).jobs).toHaveLength(1);
  });

  it('waits while its source is busy, with that reason, and is not charged', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    const { id } = await world.enqueue('/data/results');
    let busy: string | null = 'session train still runs';
    const ports = { sourceBusy: () => Promise.resolve(busy) };
    await world.drain({ ports });
    expect(await world.queue.get(id)).toMatchObject({ state: 'QUEUED', hold: 'source_busy', holdDetail: 'session train still runs', attempts: 0, sealId: null });
    busy = null;
    await world.drain({ ports, waitFor: 'held' });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 0 });
  });

  it('tells a destination that the configuration does not have', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    const { id } = await world.enqueue('/data/results', { destination: 'nowhere' });
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'FAILED', errorKind: 'config', lastError: 'the configuration has no destination "nowhere"' });
  });

  it('passes the bandwidth of its destination on', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    await world.enqueue('/data/results');
    const { transport } = world.place();
    const asked: (number | undefined)[] = [];
    const push = transport.push.bind(transport);
    transport.push = async (request) => {
      asked.push(request.bandwidth);
      return push(request);
    };
    await world.drain({ ports: { destinations: () => Promise.resolve({ transport, bandwidth: () => ({ bytesPerSecond: 6_250_000, until: null }) }) } });
    expect(asked).toEqual([6_250_000]);
  });

  it('writes its progress at most once a second, and never loses the last', async () => {
    await using world = await World.create();
    world.folder('/data/results', Object.fromEntries(Array.from({ length: 35 }, (_, index) => [`f${index}`, 'x'])));
    const { id } = await world.enqueue('/data/results');
    let writes = 0;
    const store = replaced<QueueStore>(world.store, {
      progress: async (lease, progress) => {
        writes += 1;
        await world.store.progress(lease, progress);
      },
    });
    const { events } = await world.drain({ ports: { store } });
    expect(events.filter(({ type }) => type === 'progress')).toHaveLength(35);
    expect(writes).toBeLessThanOrEqual(5);
    expect((await world.queue.get(id)).progress).toMatchObject({ filesDone: 35, bytesDone: 35 });
  });
});

describe('a worker', () => {
  it('runs as many jobs at once as it may, and no more than a destination has slots for', async () => {
    await using world = await World.create();
    world.place('disk');
    const now = { nas: 0, disk: 0 };
    const most = { nas: 0, disk: 0, all: 0 };
    for (let index = 0; index < 12; index += 1) {
      world.folder(`/data/${index}`, FILES);
      await world.enqueue(`/data/${index}`, { destination: index % 3 === 0 ? 'disk' : 'nas' });
    }
    const process = world.worker({ policy: { slots: 2 } });
    process.worker.on((event) => {
      const job = event.type === 'jobStarted' || event.type === 'transition' ? event.job : null;
      if (job === null) return;
      const place = job.destination as 'nas' | 'disk';
      if (event.type === 'jobStarted') now[place] += 1;
      else if (job.state === 'VERIFIED') now[place] -= 1;
      most[place] = Math.max(most[place], now[place]);
      most.all = Math.max(most.all, now.nas + now.disk);
    });
    await world.clock.until(process.worker.run({ mode: 'drain', concurrency: 3 }));
    expect(most).toMatchObject({ nas: 2, all: 3 });
    expect(most.disk).toBeLessThanOrEqual(2);
    expect((await world.store.counts()).map(({ state, jobs }) => ({ state, jobs }))).toEqual([
      { state: 'VERIFIED', jobs: 4 },
      { state: 'VERIFIED', jobs: 8 },
    ]);
  });

  it('ends at once when there is nothing to do', async () => {
    await using world = await World.create();
    const { events } = await world.drain();
    expect(events).toEqual([]);
  });

  it('goes on for ever until it is told to stop, and finds what is enqueued meanwhile', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    const stop = new AbortController();
    const running = world.worker().worker.run({ mode: 'forever', signal: stop.signal });
    await world.clock.pass(60_000);
    const { id } = await world.enqueue('/data/results');
    await world.clock.when(async () => (await world.queue.get(id)).state === 'VERIFIED');
    stop.abort();
    await world.clock.until(running);
  });

  it('puts back what it was doing, uncharged, when it is told to stop', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    const { id } = await world.enqueue('/data/results');
    const stop = new AbortController();
    world.place().transport.onFile = () => stop.abort();
    await world.drain({ signal: stop.signal });
    expect(await world.queue.get(id)).toMatchObject({ state: 'QUEUED', attempts: 0, recoveries: 0, hold: null, owner: null });
    world.place().transport.onFile = null;
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 0 });
  });

  it('lets running jobs finish within the grace', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    const { id } = await world.enqueue('/data/results');
    const stop = new AbortController();
    world.place().transport.onFile = () => stop.abort();
    await world.drain({ signal: stop.signal, policy: { shutdownGraceMs: 30_000 } });
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED' });
  });

  it('notices a cancel within a heartbeat, ends the push and has the staging removed', async () => {
    await using world = await World.create();
    world.folder('/data/results', Object.fromEntries(Array.from({ length: 200 }, (_, index) => [`f${index}`, 'x'])));
    const { id } = await world.enqueue('/data/results');
    let cancelledAt = 0;
    world.place().transport.onFile = async () => {
      if (cancelledAt > 0) return;
      cancelledAt = world.clock.monotonic();
      expect((await world.queue.cancel(id)).kind).toBe('requested');
    };
    const process = world.worker();
    let settledAt = 0;
    process.worker.on((event) => {
      if (event.type === 'transition') settledAt = world.clock.monotonic();
    });
    await world.clock.until(process.worker.run({ mode: 'drain' }));
    expect(await world.queue.get(id)).toMatchObject({ state: 'CANCELLED' });
    expect(settledAt - cancelledAt).toBeLessThanOrEqual(2_200);
    expect(world.place().destination.staging.size).toBe(0);
    expect(world.published('results')).toBeNull();
  });

  it('decides a cancel that comes during publish after the rename', async () => {
    await using world = await World.create();
    world.folder('/data/results', FILES);
    const { id } = await world.enqueue('/data/results');
    world.place().transport.onPublish = async (moment) => {
      if (moment === 'before') await world.queue.cancel(id);
      // Long enough for several heartbeats to see it.
      await new Promise<void>((resolve) => world.clock.after(10_000, resolve));
    };
    await world.drain();
    expect(await world.queue.get(id)).toMatchObject({ state: 'VERIFIED' });
    expect((await world.queue.history(id)).at(-1)?.reason).toMatch(/too late/);
    expect(world.published('results')).toEqual(FILES);
  });
});

/** A promise, and what fulfils it. */
function signalled(): { readonly signal: Promise<void>; readonly give: () => void } {
  let give = (): void => undefined;
  const signal = new Promise<void>((resolve) => (give = resolve));
  return { signal, give: () => { give(); } };
}
