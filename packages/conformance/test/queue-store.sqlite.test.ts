import type { QueueStoreSubject } from '@longhaul/conformance';
import { queueStoreConformance } from '@longhaul/conformance';
import { SqliteQueueStore } from '@longhaul/sync-queue';
import { tempDir } from '@longhaul/testbed';

const sqlite: QueueStoreSubject = {
  name: 'SqliteQueueStore',
  create: async () => {
    const dir = await tempDir();
    const opened: SqliteQueueStore[] = [];
    let now = Date.UTC(2026, 10, 22);
    return {
      open: async () => {
        const store = await SqliteQueueStore.open({ path: dir.join('queue.db'), now: () => now });
        opened.push(store);
        return store;
      },
      advance: (ms) => {
        now += ms;
      },
      [Symbol.asyncDispose]: async () => {
        await Promise.all(opened.map(async (store) => store[Symbol.asyncDispose]()));
        await dir[Symbol.asyncDispose]();
      },
    };
  },
};

queueStoreConformance(sqlite);
