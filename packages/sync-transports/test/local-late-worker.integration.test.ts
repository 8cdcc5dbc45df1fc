import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { compareManifest, createSealer, displayPath, LocalTransport, PUBLISH_STEPS, sourceIdOf } from '@longhaul/sync-transports';
import type { Placement, PublishOutcome, PublishRequest, RawPath, Seal } from '@longhaul/sync-transports';
import { tempDir, writeTree } from '@longhaul/testbed';
import { expect, it, onTestFinished } from 'vitest';

const FINAL = 'results' as RawPath;

interface World {
  readonly destination: string;
  readonly seal: (name: string, content: string) => Promise<Seal>;
  readonly connect: (afterPublishStep?: (step: string) => Promise<void>) => LocalTransport;
}

async function world(): Promise<World> {
  const dir = await tempDir();
  const sealer = createSealer({ stateDir: dir.join('state') });
  const opened: AsyncDisposable[] = [sealer];
  onTestFinished(async () => {
    await Promise.all(opened.map(async (each) => each[Symbol.asyncDispose]()));
    await dir[Symbol.asyncDispose]();
  });
  mkdirSync(dir.join('destination'));
  return {
    destination: dir.join('destination'),
    seal: async (name, content) => {
      rmSync(dir.join(name), { recursive: true, force: true });
      writeTree(dir.join(name), [{ path: 'f', file: content }, { path: `only ${content}`, file: content }]);
      return sealer.seal({ source: await sealer.resolve(dir.join(name)), hashing: 'cached' });
    },
    connect: (afterPublishStep) => {
      const transport = new LocalTransport({ path: dir.join('destination'), ...(afterPublishStep === undefined ? {} : { afterPublishStep }) });
      opened.push(transport);
      return transport;
    },
  };
}

function request(seal: Seal, { epoch, generation = 1, jobId = 'job-1', hostId = 'host-1' }: { readonly epoch: number; readonly generation?: number; readonly jobId?: string; readonly hostId?: string }): PublishRequest {
  const placement: Placement = { jobId, epoch, hostId, finalName: FINAL };
  const at = '2026-11-22T10:00:00.000Z';
  return {
    seal, placement,
    receipt: {
      schemaVersion: 1, sealId: seal.id, sealDigest: seal.digest, generation, jobId, epoch, hostId, host: 'lab', source: displayPath(seal.source.root), sourceId: sourceIdOf(hostId, seal.source),
      publishedAt: at, totals: seal.totals, verified: { at, strength: 'sha256' }, run: null,
    },
  };
}

/** Publishes and stops after a step for as long as the caller likes. */
function pausing({ connect }: World, at: string, publish: PublishRequest): { readonly paused: Promise<void>; readonly resume: () => void; readonly ended: Promise<PublishOutcome | Error> } {
  const [paused, resumed] = [gate(), gate()];
  const transport = connect(async (step) => {
    if (step !== at) return;
    paused.open();
    await resumed.opened;
  });
  const ended = transport.publish(publish).catch((error: unknown) => error as Error);
  // One that ends before the step was reached would keep the test waiting.
  void ended.then(() => {
    paused.open();
  });
  return { paused: paused.opened, resume: resumed.open, ended };
}

function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

const STEPS = PUBLISH_STEPS.filter((step) => step !== 'sweep');

it.each(STEPS)('a worker that sleeps after "%s" and wakes when a later claim has published changes nothing', async (step) => {
  const here = await world();
  const first = await here.seal('source', 'first');
  const transport = here.connect();
  const early = request(first, { epoch: 1 });
  await transport.push(early);
  const late = pausing(here, step, early);
  await late.paused;
  // The source changed meanwhile: the later claim publishes another seal of the same job.
  const second = await here.seal('source', 'second');
  const later = request(second, { epoch: 2, generation: 2 });
  expect(await transport.push(later)).toMatchObject({ ok: true });
  const held = await transport.hashsum({ where: 'staging', placement: later.placement, seal: second });
  const { extra } = compareManifest(second, held);
  await transport.prune({ placement: later.placement, extras: extra });
  expect(await transport.publish(later)).toMatchObject({ kind: 'published' });
  late.resume();
  await late.ended;
  expect(readdirSync(`${here.destination}/results`).sort()).toEqual(['.longhaul', 'f', 'only second']);
  expect(readFileSync(`${here.destination}/results/f`, 'utf8')).toBe('second');
  expect(await transport.readReceipt({ finalName: FINAL })).toMatchObject({ kind: 'receipt', receipt: { sealId: second.id, epoch: 2 } });
});

it.each(STEPS)('a worker that sleeps after "%s" and wakes while a later claim verifies moves nothing away from it', async (step) => {
  const here = await world();
  const seal = await here.seal('source', 'content');
  const transport = here.connect();
  const early = request(seal, { epoch: 1 });
  await transport.push(early);
  const late = pausing(here, step, early);
  await late.paused;
  const later = request(seal, { epoch: 2 });
  await transport.push(later);
  const before = compareManifest(seal, await transport.hashsum({ where: 'staging', placement: later.placement, seal }));
  expect(before).toMatchObject({ missing: [], extra: [], mismatched: [] });
  late.resume();
  await late.ended;
  const after = compareManifest(seal, await transport.hashsum({ where: 'staging', placement: later.placement, seal }));
  expect(after).toMatchObject({ missing: [], extra: [], mismatched: [] });
  expect(await transport.publish(later)).toMatchObject({ kind: 'published' });
  expect(readFileSync(`${here.destination}/results/f`, 'utf8')).toBe('content');
});

it.each(STEPS.filter((step) => ['lock', 'judge', 'parents', 'stage-in', 'old-aside', 'reveal'].includes(step)))('a second host that publishes while the first is in "%s" waits or loses, never both', async (step) => {
  const here = await world();
  const [mine, theirs] = [await here.seal('mine', 'mine'), await here.seal('theirs', 'theirs')];
  const transport = here.connect();
  const first = request(mine, { epoch: 1 });
  const second = request(theirs, { epoch: 1, jobId: 'job-2', hostId: 'host-2' });
  await transport.push(first);
  await transport.push(second);
  const slow = pausing(here, step, first);
  await slow.paused;
  expect(await transport.publish(second)).toMatchObject({ kind: 'locked' });
  slow.resume();
  expect(await slow.ended).toEqual({ kind: 'published' });
  expect(await transport.publish(second)).toMatchObject({ kind: 'conflict', holder: { hostId: 'host-1' } });
  expect(readFileSync(`${here.destination}/results/f`, 'utf8')).toBe('mine');
});

it('a call of the same claim waits for the one that is still running, and may go on where one has failed', async () => {
  const here = await world();
  const seal = await here.seal('source', 'content');
  const transport = here.connect();
  const publish = request(seal, { epoch: 1 });
  await transport.push(publish);
  const slow = pausing(here, 'lock', publish);
  await slow.paused;
  expect(await transport.publish(publish)).toMatchObject({ kind: 'locked' });
  slow.resume();
  expect(await slow.ended).toEqual({ kind: 'published' });
  expect(await transport.publish(publish)).toEqual({ kind: 'published' });
});

it('many hosts that publish one name at once leave one whole result', async () => {
  const here = await world();
  const jobs = await Promise.all(Array.from({ length: 6 }, async (_, index) => {
    const seal = await here.seal(`source${String(index)}`, `content ${String(index)}`);
    const publish = request(seal, { epoch: 1, jobId: `job-${String(index)}`, hostId: `host-${String(index)}` });
    await here.connect().push(publish);
    return publish;
  }));
  const outcomes = await Promise.all(jobs.map(async (publish) => here.connect().publish(publish)));
  const won = outcomes.findIndex(({ kind }) => kind === 'published');
  expect(outcomes.filter(({ kind }) => kind === 'published')).toHaveLength(1);
  expect(outcomes.every(({ kind }) => kind === 'published' || kind === 'conflict' || kind === 'locked')).toBe(true);
  expect(readdirSync(`${here.destination}/results`).sort()).toEqual(['.longhaul', 'f', `only content ${String(won)}`]);
  expect(readdirSync(`${here.destination}/.longhaul-incoming/.locks`)).toEqual([]);
});
