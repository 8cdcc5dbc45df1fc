import { spawn } from 'node:child_process';
import { SqliteQueueStore, SyncWorker } from '@longhaul/sync-queue';
import type { PushRequest } from '@longhaul/sync-transports';
import { DiskTransport } from './disk-transport.ts';
import { diskSeals, namedSealer } from './memory-seals.ts';
import { procOwners, startTime } from './proc-owners.ts';

// A worker process as host would build one. Arguments: queue file, folder of the destination, `drain` or `hang`.
const [path = '', root = '', mode = 'drain'] = process.argv.slice(2);

/** A push that never ends, with a program that works for it. */
async function hang({ onProcess, placement }: PushRequest): Promise<void> {
  const child = spawn('sleep', ['600'], { stdio: 'ignore', detached: true });
  const pid = child.pid ?? 0;
  onProcess?.({ pid, startTime: startTime(pid) ?? '' });
  console.log(`hanging ${placement.jobId} ${pid}`);
  await new Promise<never>(() => undefined);
}

async function endProcess({ pid, startTime: started }: { readonly pid: number; readonly startTime: string }): Promise<void> {
  while (startTime(pid) === started) {
    process.kill(pid, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  console.log(`ended ${pid}`);
}

await using store = await SqliteQueueStore.open({ path });
const transport = new DiskTransport(root, mode === 'hang' ? hang : () => Promise.resolve());
const worker = new SyncWorker({
  store,
  sealer: namedSealer,
  seals: diskSeals(root),
  destinations: () => Promise.resolve({ transport }),
  owners: procOwners(),
  endProcess,
  hostId: 'host-1',
  hostName: 'alpha',
  policy: { slots: 100, maxRecoveries: 1_000 },
});
worker.on((event) => {
  if (event.type === 'problem') console.error(event.error);
  if (event.type === 'recovered') console.log(`recovered ${event.jobs.map(({ id }) => id).join(' ')}`);
});
const stop = new AbortController();
process.on('SIGTERM', () => stop.abort());
console.log('ready');
await worker.run({ mode: 'drain', waitFor: 'held', concurrency: 8, signal: stop.signal });
console.log('done');
