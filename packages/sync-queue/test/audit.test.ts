import type { AuditBudget, Job, VerifyReport } from '@longhaul/sync-queue';
import { separateOccasions } from '@longhaul/sync-queue';
import { readdirSync } from 'node:fs';
import { TransportError } from '@longhaul/errors';
import { rawPathFromText } from '@longhaul/sync-transports';
import type { ReceiptHead } from '@longhaul/sync-transports';
import { tempDir } from '@longhaul/testbed';
import { describe, expect, it, vi } from 'vitest';
import { flipped } from './world/fake-transport.ts';
import { asText, replaced, World } from './world/world.ts';

const FILES = { 'a.bin': 'aaaa', 'b.bin': 'bbbbbb', 'c.bin': 'cc' };
const DAY = 24 * 3_600_000;
const BUDGET: AuditBudget = { everyMs: 30 * DAY, maxFilesPerDay: null, maxBytesPerDay: null };

/** A world with one verified result at `nas`. */
async function withResult(): Promise<{ readonly world: World; readonly id: string }> {
  const world = await World.create();
  world.folder('/data/results', FILES);
  const { id } = await world.enqueue('/data/results');
  await world.drain();
  return { world, id };
}

/** The same at `nas` and at `disk`. */
async function withTwo(): Promise<{ readonly world: World; readonly id: string }> {
  const { world, id } = await withResult();
  world.place('disk');
  await world.enqueue('/data/results', { destination: 'disk' });
  await world.drain();
  return { world, id };
}

/** What lies there can be brought back to this machine. */
function offerFetch(world: World, place: string): void {
  const { transport, destination } = world.place(place);
  transport.fetch = async ({ finalName, into }) => {
    await transport.readReceipt({ finalName });
    world.folder(into, asText(destination.finals.get(finalName)!.tree));
    return into;
  };
}

function damage(world: World, name: string, place = 'nas', finalName = 'results'): void {
  const tree = world.place(place).destination.finals.get(rawPathFromText(finalName))!.tree;
  tree.set(rawPathFromText(name), flipped(tree.get(rawPathFromText(name))!));
}

async function verify(world: World, id: string): Promise<VerifyReport> {
  return world.clock.until(world.worker().verifier.verify(id));
}

async function job(world: World, id: string): Promise<Job> {
  return world.queue.get(id);
}

async function lastReason(world: World, id: string): Promise<string | undefined> {
  return (await world.queue.history(id)).at(-1)?.reason;
}

describe('a verify pass', () => {
  it('leaves a further proof of what is whole', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    expect(await verify(world, id)).toMatchObject({ kind: 'looked', job: { state: 'VERIFIED' }, outcome: { kind: 'proven', evidence: '3 files, 12 bytes, by sha256' } });
    expect(await world.queue.proofs(id)).toMatchObject([{ occasion: 'publish' }, { occasion: 'verify', strength: 'sha256', files: 3, bytes: 12, voidedAt: null }]);
  });

  it('finds one changed byte, and the next worker mends it from the local copy', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    damage(world, 'b.bin');
    const { outcome } = (await verify(world, id)) as Extract<VerifyReport, { kind: 'looked' }>;
    expect(outcome).toEqual({ kind: 'damaged', evidence: 'different: b.bin', repair: { kind: 'requeue' } });
    expect(await job(world, id)).toMatchObject({ state: 'QUEUED', damage: 'different: b.bin' });
    await world.drain();
    expect(world.published('results')).toEqual(FILES);
    expect(await job(world, id)).toMatchObject({ state: 'VERIFIED', damage: null });
    expect((await world.queue.proofs(id)).map(({ voidedAt }) => voidedAt === null)).toEqual([false, true]);
  });

  it('finds a file that is gone', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    world.place().destination.finals.get(rawPathFromText('results'))!.tree.delete(rawPathFromText('c.bin'));
    expect(await verify(world, id)).toMatchObject({ outcome: { kind: 'damaged', evidence: 'missing: c.bin' } });
    await world.drain();
    expect(world.published('results')).toEqual(FILES);
  });

  it('finds the whole result gone, and sends it again', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    world.place().destination.finals.clear();
    expect(await verify(world, id)).toMatchObject({ outcome: { kind: 'damaged', repair: { kind: 'requeue' } } });
    await world.drain();
    expect(world.published('results')).toEqual(FILES);
  });

  it('does not take an empty folder for damage where nothing of ours is at all: the disk may not be mounted', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    world.place().destination.finals.clear();
    const receiptHead = (): Promise<ReceiptHead> => Promise.resolve({ kind: 'untouched' });
    const bare = replaced(world.place().transport, { receiptHead });
    const { verifier } = world.worker({ ports: { destinations: () => Promise.resolve({ transport: bare }) } });
    expect(await world.clock.until(verifier.verify(id))).toMatchObject({ job: { state: 'VERIFIED', damage: null }, outcome: { kind: 'unknown' } });
  });

  it('of a destination that does not answer is neither proof nor damage, although it is damaged there', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    damage(world, 'a.bin');
    world.place().destination.down = 'network';
    const before = await world.queue.proofs(id);
    expect(await verify(world, id)).toMatchObject({ job: { state: 'VERIFIED', damage: null }, outcome: { kind: 'unknown', evidence: 'fake: network' } });
    expect(await world.queue.proofs(id)).toEqual(before);
  });

  it('whose line goes dead half-way is neither, too', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    damage(world, 'a.bin');
    vi.spyOn(world.place().transport, 'hashsum').mockRejectedValue(new TransportError('connection reset', { errorKind: 'network' }));
    expect(await verify(world, id)).toMatchObject({ job: { state: 'VERIFIED' }, outcome: { kind: 'unknown', evidence: 'connection reset' } });
  });

  it('sends nothing over a damaged result when the local copy has rotted, too, and names the destination that has it', async () => {
    const { world, id } = await withTwo();
    await using _ = world;
    damage(world, 'a.bin');
    world.sealer.folders.get('/data/results')!.rot('c.bin', 'xx');
    const { outcome } = (await verify(world, id)) as Extract<VerifyReport, { kind: 'looked' }>;
    expect(outcome).toMatchObject({ kind: 'damaged', repair: { kind: 'stay', why: expect.stringMatching(/is not what was sealed any more\. disk holds it, proven 2026.*, but it cannot be fetched by Longhaul\. To bring it back: copy "results" from disk to \/data\/results; then: longhaul sync verify/) as string } });
    expect(await job(world, id)).toMatchObject({ state: 'VERIFIED', damage: 'different: a.bin' });
    await world.drain();
    expect(world.published('results')).toMatchObject({ 'c.bin': 'cc' });
  });

  it('is mended with the copy of another destination when the local one is gone, also after it was reclaimed', async () => {
    const { world, id } = await withTwo();
    await using _ = world;
    await using dir = await tempDir('lh-mend-');
    for (const to of ['CLEANUP_ELIGIBLE', 'CLEANED'] as const) await world.store.move(id, { from: to === 'CLEANED' ? 'CLEANUP_ELIGIBLE' : 'VERIFIED', to, reason: 'x' });
    world.sealer.folders.delete('/data/results');
    damage(world, 'a.bin');
    offerFetch(world, 'disk');
    const report = await world.clock.until(world.worker({ ports: { repairDir: dir.path } }).verifier.verify(id));
    expect(report).toMatchObject({ job: { state: 'CLEANED', damage: null }, outcome: { kind: 'damaged', evidence: 'different: a.bin', repair: { kind: 'mended', from: 'disk', proof: { strength: 'sha256', files: 3 } } } });
    expect(world.published('results')).toEqual(FILES);
    expect(world.place().destination).toMatchObject({ violations: [], staging: new Map() });
    expect((await world.queue.proofs(id)).map(({ voidedAt }) => voidedAt === null)).toEqual([false, true]);
    expect(await lastReason(world, id)).toBe('mended with the copy of disk, and proven');
    expect(readdirSync(dir.path)).toEqual([]);
    expect(await verify(world, id)).toMatchObject({ outcome: { kind: 'proven' } });
  });

  it.each([
    { what: 'what is fetched is damaged, too', spoil: (world: World) => { damage(world, 'c.bin', 'disk'); }, problem: 'what was fetched from there is not what was sealed' },
    { what: 'the push breaks off', spoil: (world: World) => { world.place().transport.faults.push({ kind: 'network', evidence: 'the line went dead' }); }, problem: 'it could not be sent to nas: the line went dead' },
    { what: 'the other one does not answer', spoil: (world: World) => { world.place('disk').destination.down = 'network'; }, problem: 'fake: network' },
  ])('leaves a damaged result as it is where $what, and says so', async ({ spoil, problem }) => {
    const { world, id } = await withTwo();
    await using _ = world;
    await using dir = await tempDir('lh-mend-');
    world.sealer.folders.delete('/data/results');
    damage(world, 'a.bin');
    const before = world.published('results');
    offerFetch(world, 'disk');
    spoil(world);
    const report = await world.clock.until(world.worker({ ports: { repairDir: dir.path } }).verifier.verify(id));
    expect(report).toMatchObject({ job: { state: 'VERIFIED', damage: 'different: a.bin' }, outcome: { repair: { kind: 'stay', why: expect.stringContaining(`but ${problem}. To bring it back:`) as string } } });
    expect(world.published('results')).toEqual(before);
    expect([world.place().destination.staging.size, readdirSync(dir.path)]).toEqual([0, []]);
  });

  it('mends a result when its local copy was brought back', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    damage(world, 'a.bin');
    const folder = world.sealer.folders.get('/data/results')!;
    world.sealer.folders.delete('/data/results');
    expect(await verify(world, id)).toMatchObject({ outcome: { repair: { kind: 'stay', why: expect.stringContaining('is gone, and no other destination is known to hold it') as string } } });
    world.sealer.folders.set('/data/results', folder);
    expect(await verify(world, id)).toMatchObject({ job: { state: 'QUEUED' } });
    await world.drain();
    expect(world.published('results')).toEqual(FILES);
    expect((await job(world, id)).damage).toBeNull();
  });

  it('puts nothing over the result of somebody else, and says what to do', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    const { finals } = world.place().destination;
    const name = rawPathFromText('results');
    finals.set(name, { ...finals.get(name)!, receipt: null });
    expect(await verify(world, id)).toMatchObject({ job: { state: 'VERIFIED' }, outcome: { kind: 'damaged', repair: { kind: 'stay', why: expect.stringContaining('Move it away') as string } } });
  });

  it('leaves a newer generation in its place alone', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    world.sealer.folders.get('/data/results')!.write('a.bin', 'new!');
    await world.enqueue('/data/results');
    await world.drain();
    expect(await verify(world, id)).toMatchObject({ job: { state: 'VERIFIED', provenAt: null }, outcome: { kind: 'superseded' } });
  });

  it('tells who looks at it already, and that nothing is there yet', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    const first = world.worker();
    const passes = Promise.all([first.verifier.verify(id), world.worker().verifier.verify(id)]);
    expect(await world.clock.until(passes)).toMatchObject([{ kind: 'looked' }, { kind: 'busy', owner: first.owner }]);
    const waiting = await world.enqueue('/data/results');
    expect(await verify(world, waiting.id)).toMatchObject({ kind: 'not_there', job: { state: 'QUEUED' } });
  });

  it('of a person who goes away is free for the next one', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    const stop = new AbortController();
    const pass = world.worker().verifier.verify(id, { signal: stop.signal });
    await world.clock.pass(50);
    stop.abort();
    await expect(world.clock.until(pass)).rejects.toThrow();
    expect(await verify(world, id)).toMatchObject({ outcome: { kind: 'proven' } });
  });
});

describe('the rolling audit', () => {
  it('finds damage by itself, mends it and proves it, when its time has come and not before', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    damage(world, 'b.bin');
    world.clock.jump(29 * DAY);
    await world.drain({ audit: BUDGET });
    expect((await job(world, id)).damage).toBeNull();
    world.clock.jump(2 * DAY);
    await world.drain({ audit: BUDGET });
    expect(world.published('results')).toEqual(FILES);
    expect((await world.queue.history(id)).map(({ reason }) => reason)).toContain('the audit found damage');
    expect(await job(world, id)).toMatchObject({ state: 'VERIFIED', damage: null });
  });

  it('waits while there is something to push, and keeps no push waiting', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    world.clock.jump(31 * DAY);
    world.folder('/data/next', FILES);
    await world.enqueue('/data/next');
    const { events } = await world.drain({ audit: BUDGET });
    const order = events.filter(({ type }) => type === 'jobStarted' || type === 'verifyPassStarted').map((event) => 'job' in event && event.job.source);
    expect(order).toEqual(['/data/next', '/data/results']);
    expect(await lastReason(world, id)).toBe('the audit proved it again');
  });

  it('lets a push begin beside a pass that takes long', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    world.clock.jump(31 * DAY);
    const hashsum = world.place().transport.hashsum.bind(world.place().transport);
    let release = (): void => undefined;
    const gate = new Promise<void>((resolve) => (release = resolve));
    vi.spyOn(world.place().transport, 'hashsum').mockImplementation(async (request) => (request.placement.jobId === id ? gate.then(async () => hashsum(request)) : hashsum(request)));
    world.folder('/data/next', FILES);
    const stop = new AbortController();
    const { worker, events } = world.worker();
    const run = worker.run({ mode: 'forever', audit: BUDGET, signal: stop.signal });
    await world.clock.when(() => events.some(({ type }) => type === 'verifyPassStarted'));
    const next = await world.enqueue('/data/next');
    await world.clock.when(async () => (await job(world, next.id)).state === 'VERIFIED');
    expect(events.some(({ type }) => type === 'verifyPassEnded')).toBe(false);
    // The pass has held its lease all the while.
    await world.clock.pass(5 * 60_000);
    release();
    await world.clock.when(() => events.some(({ type }) => type === 'verifyPassEnded'));
    expect(await lastReason(world, id)).toBe('the audit proved it again');
    stop.abort();
    await world.clock.until(run);
  });

  it('comes back to a destination that was away, after an hour', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    world.clock.jump(31 * DAY);
    world.place().destination.down = 'network';
    await world.drain({ audit: BUDGET });
    expect(await lastReason(world, id)).toBe('the audit could not look: neither proven nor damaged');
    world.place().destination.down = null;
    await world.drain({ audit: BUDGET });
    expect(await lastReason(world, id)).toBe('the audit could not look: neither proven nor damaged');
    world.clock.jump(3_600_000);
    await world.drain({ audit: BUDGET });
    expect(await lastReason(world, id)).toBe('the audit proved it again');
  });

  it('goes on where a worker that died left it', async () => {
    const { world, id } = await withResult();
    await using _ = world;
    world.clock.jump(31 * DAY);
    const { worker, life, events } = world.worker();
    void worker.run({ mode: 'forever', audit: BUDGET });
    await world.clock.when(() => events.some(({ type }) => type === 'verifyPassStarted'));
    life.kill();
    world.clock.jump(61_000);
    await world.drain({ audit: BUDGET });
    expect((await world.queue.history(id)).map(({ reason }) => reason)).toContain('the audit proved it again');
  });
});

describe('separate occasions', () => {
  const proof = { jobId: 'j', sealId: 's', sealDigest: 'd', destination: 'nas', strength: 'sha256', files: 1, bytes: 1, occasion: 'verify', voidedAt: null } as const;
  const at = (minutes: number): string => new Date(Date.UTC(2026, 10, 22) + minutes * 60_000).toISOString();

  it('are apart in time, of the wanted content, by its bytes, and not void', () => {
    const proofs = [
      { ...proof, at: at(0) },
      { ...proof, at: at(30) },
      { ...proof, at: at(60) },
      { ...proof, at: at(200), strength: 'size' as const },
      { ...proof, at: at(200), sealDigest: 'other' },
      { ...proof, at: at(200), voidedAt: at(300) },
      { ...proof, at: at(119) },
    ];
    expect(separateOccasions(proofs, { sealDigest: 'd', apartMs: 3_600_000 }).map((counted) => counted.at)).toEqual([at(0), at(60)]);
  });
});
