import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { SqliteQueueStore, SyncQueue, SyncWorker } from '@longhaul/sync-queue';
import type { Destination, Job, WorkerPolicy, WorkerRun } from '@longhaul/sync-queue';
import { createSealer, LocalTransport, RsyncSshTransport, SealArchive } from '@longhaul/sync-transports';
import type { Sealer, Transport } from '@longhaul/sync-transports';
import { tempDir } from '@longhaul/testbed';
import type { Sshd } from '@longhaul/testbed';
import { onTestFinished } from 'vitest';

/** Short waits: what takes minutes in the field is shown in seconds, by the same code. */
const QUICK: Partial<WorkerPolicy> = {
  heartbeatMs: 200,
  pollMs: 200,
  probes: { network: [300], operator: [300], noSpace: [300], jitter: 0 },
  retry: { maxAttempts: 5, backoffMs: [100], jitter: 0, maxSeals: 5, quietMs: 100, interruptedMs: [0] },
};

export interface RealWorkerOptions extends Partial<WorkerRun> {
  readonly destination: Destination;
  readonly policy?: Partial<WorkerPolicy>;
}

/** A machine with a state directory of its own: real files, a real queue file, real transports. */
export class Machine {
  readonly name: string;
  readonly root: string;
  readonly store: SqliteQueueStore;
  readonly queue: SyncQueue;
  readonly #sealer: Sealer;

  private constructor(name: string, { root, store, sealer }: { readonly root: string; readonly store: SqliteQueueStore; readonly sealer: Sealer }) {
    this.name = name;
    this.root = root;
    this.store = store;
    this.#sealer = sealer;
    this.queue = new SyncQueue({ store, resolveSource: async (path) => sealer.resolve(path), hostId: `id-of-${name}`, hostName: name });
  }

  static async open(name = 'alpha'): Promise<Machine> {
    const dir = await tempDir();
    const store = await SqliteQueueStore.open({ path: dir.join('queue.db') });
    const sealer = createSealer({ stateDir: dir.path });
    onTestFinished(async () => {
      await store[Symbol.asyncDispose]();
      await sealer[Symbol.asyncDispose]();
      await dir[Symbol.asyncDispose]();
    });
    return new Machine(name, { root: dir.path, store, sealer });
  }

  /** A folder of this machine. */
  async folder(name: string): Promise<string> {
    const path = join(this.root, name);
    await mkdir(path, { recursive: true });
    return path;
  }

  async enqueue(source: string): Promise<Job> {
    return (await this.queue.enqueue({ source, destination: 'nas' })).job;
  }

  /** Works until all is settled, or until the signal. */
  async work({ destination, policy = {}, ...run }: RealWorkerOptions): Promise<void> {
    const worker = new SyncWorker({
      store: this.store,
      sealer: this.#sealer,
      seals: new SealArchive({ directory: join(this.root, 'seals') }),
      destinations: () => Promise.resolve(destination),
      owners: { self: { host: this.name, bootId: 'b', pid: process.pid, processStartTime: '1' }, isAlive: () => 'alive' },
      endProcess: () => Promise.resolve(),
      hostId: `id-of-${this.name}`,
      hostName: this.name,
      policy: { ...QUICK, ...policy },
    });
    await worker.run({ mode: 'drain', waitFor: 'held', ...run });
  }
}

/** A transport to a folder of this machine, by a mounted disk or through sshd; closed with the test. */
export function transportTo(place: string, through: { readonly sshd: Sshd; readonly port?: number; readonly knownHosts?: string } | null): Transport {
  const transport = through === null ? new LocalTransport({ path: place }) : overSsh(place, through);
  onTestFinished(async () => transport[Symbol.asyncDispose]());
  return transport;
}

function overSsh(place: string, { sshd, port = sshd.port, knownHosts = sshd.knownHosts }: { readonly sshd: Sshd; readonly port?: number; readonly knownHosts?: string }): Transport {
  return new RsyncSshTransport({ name: 'nas', target: sshd.target, path: place, port, sshKey: sshd.clientKey, knownHosts });
}
