import { existsSync, lstatSync, readdirSync } from 'node:fs';
import { mkdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { JournalFolder, Reaper, SqliteQueueStore, SyncQueue, SyncWorker, Verifier } from '@longhaul/sync-queue';
import type { Job, Owner, ReaperPorts, ReclaimAsk, ReclaimPolicy, ReclaimResult, WorkerPorts } from '@longhaul/sync-queue';
import { createSealer, LocalTransport, SealArchive } from '@longhaul/sync-transports';
import type { Sealer, Transport } from '@longhaul/sync-transports';
import { tempDir } from '@longhaul/testbed';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';

export const HOUR: number = 60 * 60_000;
const HOST = { hostId: 'host-1', hostName: 'alpha' };

export const POLICY: ReclaimPolicy = { reclaim: 'on', when: 'always', diskFreeBelow: null, minVerifyPasses: 2, minAgeMs: 24 * HOUR, metadata: 'keep', occasionMs: 10 * 60_000 };

/** Names that a text would not survive. */
export const FILES: Readonly<Record<string, string>> = { 'a.bin': 'first', 'deep/b.bin': 'second', 'deep/er/c.bin': 'third', 'name with\nnewline': 'fourth' };

/** A real source, real destinations, a clock that can be set forward. */
export class ReclaimBench {
  readonly root: string;
  readonly store: SqliteQueueStore;
  readonly sealer: Sealer;
  readonly queue: SyncQueue;
  readonly transports: Map<string, Transport> = new Map<string, Transport>();
  #offset: { ms: number };

  private constructor(root: string, { store, sealer, offset }: { readonly store: SqliteQueueStore; readonly sealer: Sealer; readonly offset: { ms: number } }) {
    this.root = root;
    this.store = store;
    this.sealer = sealer;
    this.#offset = offset;
    this.queue = new SyncQueue({ store, resolveSource: async (path) => sealer.resolve(path), ...HOST });
  }

  static async open(): Promise<ReclaimBench> {
    const dir = await tempDir();
    const offset = { ms: 0 };
    const store = await SqliteQueueStore.open({ path: dir.join('queue.db'), now: () => Date.now() + offset.ms });
    const sealer = createSealer({ stateDir: dir.path });
    const bench = new ReclaimBench(dir.path, { store, sealer, offset });
    onTestFinished(async () => {
      await store[Symbol.asyncDispose]();
      await sealer[Symbol.asyncDispose]();
      for (const transport of bench.transports.values()) await transport[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    });
    await fill(bench.source);
    for (const place of ['nas', 'disk']) await bench.place(place);
    return bench;
  }

  get source(): string {
    return `${this.root}/source`;
  }

  async place(name: string): Promise<void> {
    await mkdir(`${this.root}/${name}`);
    this.transports.set(name, new LocalTransport({ path: `${this.root}/${name}` }));
  }

  async write(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) await writeFile(`${this.source}/${name}`, content);
  }

  /** A source of its own with the same files. It goes where its name says. */
  async anotherSource(name: string): Promise<{ readonly name: string; readonly path: string; write(file: string, content: string): Promise<void>; left(): readonly string[] }> {
    const path = `${this.root}/${name}`;
    await fill(path);
    return { name, path, write: async (file, content) => writeFile(`${path}/${file}`, content), left: () => filesBelow(path).filter((file) => !file.startsWith('.longhaul/')) };
  }

  /** One byte of a file, and its time set back. */
  async damage(path: string): Promise<void> {
    const { atime, mtime } = await stat(`${this.root}/${path}`);
    const content = await readFile(`${this.root}/${path}`);
    await writeFile(`${this.root}/${path}`, content.map((byte, index) => (index === 1 ? byte ^ 1 : byte)));
    await utimes(`${this.root}/${path}`, atime, mtime);
  }

  /** How far its clock is before the machine's. Milliseconds. */
  get ahead(): number {
    return this.#offset.ms;
  }

  advance(ms: number): void {
    this.#offset.ms += ms;
  }

  ports(owner: Owner = { host: 'alpha', bootId: 'b', pid: 1, processStartTime: '1' }): WorkerPorts {
    return {
      store: this.store,
      sealer: this.sealer,
      seals: new SealArchive({ directory: `${this.root}/seals` }),
      destinations: async (name) => Promise.resolve(this.transports.has(name) ? { transport: this.transports.get(name)! } : null),
      owners: { self: owner, isAlive: (other) => (other.pid === owner.pid ? 'alive' : 'dead') },
      endProcess: () => Promise.resolve(),
      clock: { ...systemClock, now: () => Date.now() + this.#offset.ms },
      ...HOST,
    };
  }

  /** Pushed, and proven at publish. */
  async push(destinations: readonly string[] = ['nas'], source: string = this.source): Promise<Job> {
    const jobs: Job[] = [];
    for (const destination of destinations) jobs.push((await this.queue.enqueue({ source, destination, finalNameTemplate: source === this.source ? 'out/results' : '{name}' })).job);
    await new SyncWorker(this.ports()).run({ mode: 'drain' });
    return jobs[0]!;
  }

  /** Pushed, proven twice, and old enough. */
  async ripe(destinations: readonly string[] = ['nas'], source: string = this.source): Promise<Job> {
    const job = await this.push(destinations, source);
    await this.#ripen();
    return this.job(job.id);
  }

  /** The same for sources of one's own, all at once. */
  async ripeAll(sources: readonly string[]): Promise<readonly Job[]> {
    const jobs: Job[] = [];
    for (const source of sources) jobs.push((await this.queue.enqueue({ source, destination: 'nas', finalNameTemplate: '{name}' })).job);
    await new SyncWorker(this.ports()).run({ mode: 'drain' });
    await this.#ripen();
    return Promise.all(jobs.map(async ({ id }) => this.job(id)));
  }

  async #ripen(): Promise<void> {
    this.advance(HOUR);
    for (const { id } of (await this.store.list({ states: ['VERIFIED'] })).jobs) await new Verifier(this.ports()).verify(id);
    this.advance(25 * HOUR);
  }

  reaper(changes: Partial<ReaperPorts> = {}, owner?: Owner): Reaper {
    return new Reaper({ ...this.ports(owner), reclaim: POLICY, journals: new JournalFolder({ directory: `${this.root}/journals` }), ...changes });
  }

  /** Asks the reaper for the source of a job. */
  async reclaim(job: Job, changes: Partial<ReaperPorts> & { readonly ask?: Partial<ReclaimAsk> } = {}): Promise<ReclaimResult> {
    const { ask, ...ports } = changes;
    const result = await this.reaper(ports).reclaim({ sourceId: job.sourceId, askedBy: 'person', ...ask });
    if (result === null) throw new Error('no such source');
    return result;
  }

  async job(id: string): Promise<Job> {
    return this.queue.get(id);
  }

  /** What lies in the source, files and symlinks, as bytes in latin1; without what reclaim leaves behind. */
  left(): readonly string[] {
    return filesBelow(this.source).filter((path) => !path.startsWith('.longhaul/'));
  }

  exists(path: string): boolean {
    return existsSync(`${this.root}/${path}`);
  }

  async linkAway(path: string, target: string): Promise<void> {
    await rm(`${this.source}/${path}`, { recursive: true });
    await symlink(target, `${this.source}/${path}`);
  }
}

async function fill(source: string): Promise<void> {
  for (const folder of ['deep/er', 'empty']) await mkdir(`${source}/${folder}`, { recursive: true });
  for (const [name, content] of Object.entries(FILES)) await writeFile(`${source}/${name}`, content);
  await writeFile(Buffer.from(`${source}/not-utf8-\xff`, 'latin1'), 'fifth');
}

export function filesBelow(folder: string, below = ''): readonly string[] {
  return readdirSync(Buffer.from(`${folder}/${below}`, 'latin1'), { encoding: 'latin1' })
    .sort()
    .flatMap((name) => {
      const path = below === '' ? name : `${below}/${name}`;
      return lstatSync(Buffer.from(`${folder}/${path}`, 'latin1')).isDirectory() ? filesBelow(folder, path) : [path];
    });
}

/** What was not allowed, by kind. */
export function kinds(result: ReclaimResult): readonly string[] {
  return 'blockers' in result ? result.blockers.map(({ kind }) => kind) : [result.kind];
}
