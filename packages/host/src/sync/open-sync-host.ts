// This file loads the queue (better-sqlite3) and the transports: it is imported only when sync is needed.
import { hostname } from 'node:os';
import path from 'node:path';

import { SqliteQueueStore, SyncQueue } from '@longhaul/sync-queue';
import { createSealer, SealArchive } from '@longhaul/sync-transports';

import { hostId as readHostId } from '../host-id.ts';
import { endTransfer } from '../worker/end-transfer.ts';
import { queueOwners } from '../worker/queue-owners.ts';
import { sourceBusy } from './source-busy.ts';
import type { SyncHostParts } from './sync-host.ts';
import { SyncHost } from './sync-host.ts';
import { TransportPool } from './transport-pool.ts';

/** What is known of the machine before sync is opened. */
export type SyncHostOptions = Pick<SyncHostParts, 'config' | 'stateDir' | 'env' | 'program' | 'runner' | 'runs' | 'destinations'>;

/** Opens the queue and what works on it. Nothing is started: threads and connections come with the first use. @throws QueueStoreError */
export async function openSyncHost(options: SyncHostOptions): Promise<SyncHost> {
  const { stateDir, destinations, runner, runs } = options;
  const hostId = readHostId(stateDir);
  const store = await SqliteQueueStore.open({ path: path.join(stateDir, 'queue.db') });
  const sealer = createSealer({ stateDir });
  const transports = new TransportPool({ destinations, stateDir, runner });
  const queue = new SyncQueue({ store, resolveSource: async (source) => await sealer.resolve(source), hostId, hostName: hostname() });
  return new SyncHost({
    ...options,
    store,
    queue,
    transports,
    surveyor: sealer,
    worker: {
      store,
      sealer,
      seals: new SealArchive({ directory: path.join(stateDir, 'seals') }),
      destinations: async (id) => await transports.find(id),
      owners: queueOwners(),
      endProcess: endTransfer,
      hostId,
      hostName: hostname(),
      repairDir: path.join(stateDir, 'repair'),
      sourceBusy: async (job) => await sourceBusy(job, runs),
    },
    close: async () => {
      await sealer[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  });
}
