import { SqliteQueueStore, SyncQueue, SyncWorker, Verifier } from '@longhaul/sync-queue';
import type { BandwidthNow, EnqueueRequest, Job, Owner, QueueStore, WorkerEvent, WorkerPolicy, WorkerPorts, WorkerRun } from '@longhaul/sync-queue';
import { rawPathFromText } from '@longhaul/sync-transports';
import type { PushRequest, RawPath, Seal, Transport } from '@longhaul/sync-transports';
import { FakeDestination } from './fake-destination.ts';
import type { FakeFolder } from './fake-source.ts';
import { FakeSealer } from './fake-source.ts';
import { FakeTransport } from './fake-transport.ts';
import { Life } from './life.ts';
import { VirtualClock } from './virtual-clock.ts';

export const HOST_ID = 'host-1';

interface Place {
  readonly destination: FakeDestination;
  readonly transport: FakeTransport;
}

export interface WorldOptions {
  readonly path?: string;
  readonly random?: () => number;
  /** The limit to a destination at a moment. */
  readonly bandwidth?: (destination: string, at: number) => BandwidthNow;
  /** A bug that is planted into every process, to see that it is found. */
  readonly mutant?: Mutant;
}

export interface Mutant {
  readonly store?: (store: QueueStore) => QueueStore;
  readonly transport?: (transport: Transport, destination: FakeDestination) => Transport;
}

export interface WorkerOptions {
  readonly life?: Life;
  readonly policy?: Partial<WorkerPolicy>;
  readonly ports?: Partial<WorkerPorts>;
}

/** A worker process of the world. */
export interface WorkerProcess {
  readonly worker: SyncWorker;
  readonly verifier: Verifier;
  /** What it was made with: for what else lives in the same process. */
  readonly ports: WorkerPorts;
  readonly owner: Owner;
  readonly life: Life;
  readonly events: WorkerEvent[];
}

/** Sources, destinations, a queue and workers in one process, in virtual time. */
export class World implements AsyncDisposable {
  readonly clock: VirtualClock;
  readonly store: SqliteQueueStore;
  readonly queue: SyncQueue;
  readonly sealer: FakeSealer;
  readonly seals: Map<string, Seal> = new Map<string, Seal>();
  readonly places: Map<string, Place> = new Map<string, Place>();
  /** Pids of what was ended as an orphan. */
  readonly ended: number[] = [];
  readonly #dead = new Set<number>();
  readonly #options: WorldOptions;
  readonly #random: () => number;
  #pids = 100;

  private constructor({ clock, store, options }: { readonly clock: VirtualClock; readonly store: SqliteQueueStore; readonly options: WorldOptions }) {
    this.clock = clock;
    this.store = store;
    this.#options = options;
    this.#random = options.random ?? (() => 0.5);
    this.sealer = new FakeSealer(() => clock.now());
    this.queue = new SyncQueue({ store, resolveSource: async (path) => this.sealer.resolve(path), hostId: HOST_ID, hostName: 'alpha', now: () => clock.now() });
  }

  static async create(options: WorldOptions = {}): Promise<World> {
    const { path = ':memory:' } = options;
    const clock = new VirtualClock();
    const ids = idSource();
    const store = await SqliteQueueStore.open({ path, now: () => clock.now(), random: ids });
    const world = new World({ clock, store, options });
    world.place('nas');
    return world;
  }

  /** A destination of that name; made when it is first asked for. */
  place(name = 'nas'): Place {
    const known = this.places.get(name);
    if (known !== undefined) return known;
    const destination = new FakeDestination({ pidsFrom: 1_000 + this.places.size * 1_000_000 });
    const transport = new FakeTransport({ destination, clock: this.clock, folderOf: (root) => this.sealer.folders.get(root) });
    const place = { destination, transport };
    this.places.set(name, place);
    return place;
  }

  folder(path: string, files: Readonly<Record<string, string>>): FakeFolder {
    return this.sealer.folder(path, files);
  }

  async enqueue(source: string, request: Partial<EnqueueRequest> = {}): Promise<Job> {
    return (await this.queue.enqueue({ source, destination: 'nas', ...request })).job;
  }

  worker({ life = new Life(), policy = {}, ports = {} }: WorkerOptions = {}): WorkerProcess {
    const pid = (this.#pids += 1);
    const owner = { host: 'alpha', bootId: 'boot-1', pid, processStartTime: String(pid) };
    life.onDeath.push(() => this.#dead.add(pid));
    const notes = new ProcessNotes();
    life.onDeath.push(() => {
      for (const lost of notes.unwritten()) for (const { destination } of this.places.values()) destination.endPusher(lost);
    });
    const { bandwidth, mutant } = this.#options;
    const all: WorkerPorts = {
      store: life.through(notes.watchStore(mutant?.store?.(this.store) ?? this.store)),
      sealer: life.through(this.sealer),
      seals: life.through({ put: (seal: Seal) => Promise.resolve(void this.seals.set(seal.id, seal)), get: (id: string) => Promise.resolve(this.seals.get(id) ?? null) }),
      destinations: (name) => {
        const place = this.places.get(name);
        if (place === undefined) return Promise.resolve(null);
        const transport = mutant?.transport?.(place.transport, place.destination) ?? place.transport;
        return Promise.resolve({ transport: life.through(notes.watchTransport(transport)), ...(bandwidth === undefined ? {} : { bandwidth: (at: number) => bandwidth(name, at) }) });
      },
      owners: { self: owner, isAlive: (other) => (this.#dead.has(other.pid) ? 'dead' : 'alive') },
      endProcess: ({ pid: orphan }) => {
        this.ended.push(orphan);
        for (const { destination } of this.places.values()) destination.endPusher(orphan);
        return Promise.resolve();
      },
      hostId: HOST_ID,
      hostName: 'alpha',
      clock: life.clock(this.clock),
      random: this.#random,
      lastChange: () => Promise.resolve(null),
      leftProofs: () => Promise.resolve([]),
      policy,
      ...ports,
    };
    const worker = new SyncWorker(all);
    const events: WorkerEvent[] = [];
    worker.on((event) => events.push(event));
    return { worker, verifier: new Verifier(all), ports: all, owner, life, events };
  }

  /** A worker in drain mode, in virtual time, to its end. */
  async drain(options: WorkerOptions & Partial<WorkerRun> = {}): Promise<WorkerProcess> {
    const { life: _life, policy: _policy, ports: _ports, ...run } = options;
    const process = this.worker(options);
    await this.clock.until(process.worker.run({ mode: 'drain', ...run }));
    return process;
  }

  /** What lies under a final name, as text by name. */
  published(finalName: string, place = 'nas'): Readonly<Record<string, string>> | null {
    const final = this.place(place).destination.finals.get(rawPathFromText(finalName));
    return final === undefined ? null : asText(final.tree);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.store[Symbol.asyncDispose]();
  }
}

export function asText(tree: ReadonlyMap<RawPath, string>): Readonly<Record<string, string>> {
  return Object.fromEntries([...tree].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Ids in the order they were made. */
function idSource(): () => number {
  let drawn = 0;
  return () => {
    // Sixteen draws make one id; the last ones count.
    const [id, place] = [Math.floor(drawn / 16), drawn % 16];
    drawn += 1;
    return (Math.floor(id / 32 ** (15 - place)) % 32) / 32;
  };
}

/**
 * Which programs of a worker the queue knows of. One that is started in the moment of its death is in no note; the broken pipe
 * to its dead parent ends that one (rsync and rclone both write their progress there).
 */
class ProcessNotes {
  readonly #started = new Set<number>();
  readonly #written = new Set<number>();

  unwritten(): readonly number[] {
    return [...this.#started].filter((pid) => !this.#written.has(pid));
  }

  watchStore(store: QueueStore): QueueStore {
    const recordProcess: QueueStore['recordProcess'] = async (lease, process) => {
      await store.recordProcess(lease, process);
      this.#written.add(process.pid);
    };
    return replaced(store, { recordProcess });
  }

  watchTransport(transport: Transport): Transport {
    const watched = ({ onProcess }: Pick<PushRequest, 'onProcess'>): Required<Pick<PushRequest, 'onProcess'>> => ({
      onProcess: (process) => {
        this.#started.add(process.pid);
        onProcess?.(process);
      },
    });
    const pushListing = transport.pushListing?.bind(transport);
    return replaced(transport, {
      push: async (request) => transport.push({ ...request, ...watched(request) }),
      ...(pushListing === undefined ? {} : { pushListing: async (request) => pushListing({ ...request, ...watched(request) }) }),
    });
  }
}

/** The same object with some of its methods replaced. */
export function replaced<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get: (object, name) => {
      const own: unknown = Reflect.get(methods, name);
      if (own !== undefined) return own;
      const member: unknown = Reflect.get(object, name, object);
      return typeof member === 'function' ? (member as (...args: unknown[]) => unknown).bind(object) : member;
    },
  });
}
