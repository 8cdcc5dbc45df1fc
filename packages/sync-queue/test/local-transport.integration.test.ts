import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { SqliteQueueStore, SyncQueue, SyncWorker } from '@longhaul/sync-queue';
import type { Job, WorkerRun } from '@longhaul/sync-queue';
import { createSealer, LocalTransport, PUBLISH_STEPS, SealArchive } from '@longhaul/sync-transports';
import type { AfterPublishStep, Sealer } from '@longhaul/sync-transports';
import { tempDir } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Life } from './world/life.ts';
import { systemClock } from '../src/clock.ts';

const HOST = { hostId: 'host-1', hostName: 'alpha' };

/** A real source, a real destination, and workers that can die. */
class Bench {
  readonly queue: SyncQueue;
  readonly #dead = new Set<number>();
  #pids = 100;

  readonly root: string;
  readonly store: SqliteQueueStore;
  readonly sealer: Sealer;

  private constructor(root: string, store: SqliteQueueStore, sealer: Sealer) {
    this.root = root;
    this.store = store;
    this.sealer = sealer;
    this.queue = new SyncQueue({ store, resolveSource: async (path) => sealer.resolve(path), ...HOST });
  }

  static async open(): Promise<Bench> {
    const dir = await tempDir();
    for (const folder of ['source/deep', 'nas']) await mkdir(dir.join(folder), { recursive: true });
    const store = await SqliteQueueStore.open({ path: dir.join('queue.db') });
    const sealer = createSealer({ stateDir: dir.path });
    onTestFinished(async () => {
      await store[Symbol.asyncDispose]();
      await sealer[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    });
    const bench = new Bench(dir.path, store, sealer);
    await bench.write({ 'a.bin': 'first', 'deep/b.bin': 'second', 'name with\nnewline': 'third' });
    await symlink('a.bin', dir.join('source', 'link'));
    return bench;
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) await writeFile(`${this.root}/source/${name}`, content);
  }

  async enqueue(): Promise<Job> {
    return (await this.queue.enqueue({ source: `${this.root}/source`, destination: 'nas', finalNameTemplate: 'out/results' })).job;
  }

  /** Runs a worker to the end of its work, or of its life. */
  async work({ life = new Life(), afterPublishStep, ...run }: Partial<WorkerRun> & { readonly life?: Life; readonly afterPublishStep?: AfterPublishStep } = {}): Promise<void> {
    const pid = (this.#pids += 1);
    const died = new Promise<void>((resolve) => life.onDeath.push(resolve));
    life.onDeath.push(() => this.#dead.add(pid));
    await using transport = new LocalTransport({ path: `${this.root}/nas`, ...(afterPublishStep === undefined ? {} : { afterPublishStep }) });
    const worker = new SyncWorker({
      store: life.through(this.store),
      sealer: life.through(this.sealer),
      seals: life.through(new SealArchive({ directory: `${this.root}/seals` })),
      destinations: () => Promise.resolve({ transport: life.through(transport) }),
      owners: { self: { host: 'alpha', bootId: 'b', pid, processStartTime: '1' }, isAlive: (owner) => (this.#dead.has(owner.pid) ? 'dead' : 'alive') },
      endProcess: () => Promise.resolve(),
      clock: life.clock(systemClock),
      policy: { maxRecoveries: 100 },
      ...HOST,
    });
    const problems: unknown[] = [];
    worker.on((event) => {
      if (event.type === 'problem') problems.push(event.error);
    });
    await Promise.race([worker.run({ mode: 'drain', ...run }), died]);
    expect(problems).toEqual([]);
  }

  /** What the destination shows to readers, and whether its own checksums agree. */
  async published(): Promise<Readonly<Record<string, string>>> {
    const folder = `${this.root}/nas/out/results`;
    execFileSync('sha256sum', ['--quiet', '-c', '.longhaul/checksums.sha256'], { cwd: folder });
    const names = (await readdir(folder, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map((entry) => `${entry.parentPath}/${entry.name}`.slice(folder.length + 1));
    const own = names.filter((name) => !name.startsWith('.longhaul/'));
    const contents = await Promise.all(own.sort().map(async (name) => [name, await readFile(`${folder}/${name}`, 'utf8')] as const));
    return Object.fromEntries(contents);
  }

  /** Everything below the destination's own folder, but for the empty parents. */
  async leftovers(): Promise<readonly string[]> {
    const names = await readdir(`${this.root}/nas/.longhaul-incoming`, { recursive: true }).catch(() => []);
    return names.filter((name) => name !== '.locks');
  }
}

const FILES = { 'a.bin': 'first', 'deep/b.bin': 'second', 'name with\nnewline': 'third' };

/** Steps in which the earlier result is in danger. */
const MOVING_STEPS = ['stage-in', 'old-aside', 'reveal', 'unlock'] as const;

async function assertDone(bench: Bench, id: string, files: Readonly<Record<string, string>> = FILES): Promise<void> {
  expect(await bench.queue.get(id)).toMatchObject({ state: 'VERIFIED', attempts: 0 });
  expect(await bench.published()).toEqual(files);
  expect(await bench.queue.proofs(id)).toMatchObject([{ strength: 'sha256', files: 3 }]);
  expect(await bench.leftovers()).toEqual([]);
}

describe('a job to a real folder', () => {
  it('arrives, is proven there, and a second generation replaces the first', async () => {
    const bench = await Bench.open();
    const first = await bench.enqueue();
    await bench.work();
    await assertDone(bench, first.id);
    await bench.write({ 'a.bin': 'changed' });
    const second = await bench.enqueue();
    await bench.work();
    await assertDone(bench, second.id, { ...FILES, 'a.bin': 'changed' });
    expect(await bench.queue.get(second.id)).toMatchObject({ generation: 2 });
    const third = await bench.enqueue();
    await bench.work();
    expect((await bench.queue.history(third.id)).some(({ reason }) => reason.endsWith('nothing to send'))).toBe(true);
  });

  it.each([...PUBLISH_STEPS.map((step) => ({ step, generation: 1 })), ...MOVING_STEPS.map((step) => ({ step, generation: 2 }))])('whose worker dies after the step $step of publishing generation $generation is finished by the next', async ({ step, generation }) => {
    const bench = await Bench.open();
    let { id } = await bench.enqueue();
    if (generation === 2) {
      await bench.work();
      await bench.write({ 'a.bin': 'changed' });
      ({ id } = await bench.enqueue());
    }
    const life = new Life();
    await bench.work({
      life,
      afterPublishStep: async (done) => {
        if (done !== step) return;
        life.kill();
        await new Promise(() => undefined);
      },
    });
    expect(life.dead).toBe(true);
    await bench.work({ waitFor: 'held' });
    await assertDone(bench, id, generation === 1 ? FILES : { ...FILES, 'a.bin': 'changed' });
  });

  it('whose worker dies at any call to the outside is finished by the next', { timeout: 240_000 }, async () => {
    for (let call = 1; ; call += 1) {
      const bench = await Bench.open();
      const { id } = await bench.enqueue();
      // The simulation tries both moments of every call; here, where it is real and slow, they take turns.
      const life = new Life({ call, moment: call % 2 === 0 ? 'before' : 'after' });
      await bench.work({ life });
      await bench.work({ waitFor: 'held' });
      await assertDone(bench, id);
      await rm(bench.root, { recursive: true, force: true });
      // So many calls does a life need that comes to its end.
      if (!life.dead) break;
    }
  });

  it('that is damaged on the way is sent again, and its damage is never shown', async () => {
    const bench = await Bench.open();
    const { id } = await bench.enqueue();
    const life = new Life();
    await bench.work({ life, afterPublishStep: () => life.kill() });
    const [staging = ''] = await readdir(`${bench.root}/nas/.longhaul-incoming`).then((names) => names.filter((name) => name !== '.locks'));
    await writeFile(`${bench.root}/nas/.longhaul-incoming/${staging}/tree/a.bin`, 'FIRST');
    await bench.work({ waitFor: 'held' });
    expect(await bench.queue.get(id)).toMatchObject({ state: 'VERIFIED' });
    expect(await bench.published()).toEqual(FILES);
  });
});
