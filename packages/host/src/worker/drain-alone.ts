import type { SyncHost } from '../sync/sync-host.ts';
import { describeWorkerEvent } from './describe-worker-event.ts';
import { serverLock, workerLock, workerLog } from './ensure-worker.ts';

/** How the detached worker is run. */
export interface DrainOptions {
  readonly signal: AbortSignal;
}

/** `busy`: another one works already. */
export type DrainOutcome = 'drained' | 'busy' | 'interrupted';

/**
 * Works until nothing is left, as the only detached worker of this state directory. After the lock is given back the queue is
 * looked at once more: a job that came while this worker was ending finds either this one or the next.
 */
export async function drainAlone(sync: SyncHost, stateDir: string, { signal }: DrainOptions): Promise<DrainOutcome> {
  const log = workerLog(stateDir);
  const lock = workerLock(stateDir);
  do {
    if (serverLock(stateDir).state().kind === 'held' || lock.tryAcquire() === 'held') return 'busy';
    log.line(`worker ${String(process.pid)} begins`);
    try {
      await sync.work({
        until: 'settled',
        signal,
        onEvent: (event) => {
          const text = describeWorkerEvent(event);
          if (text !== null) log.line(text);
        },
      });
    } finally {
      lock.release();
      log.line(`worker ${String(process.pid)} ends`);
    }
    if (signal.aborted) return 'interrupted';
  } while (await hasWork(sync));
  return 'drained';
}

async function hasWork({ queue }: SyncHost): Promise<boolean> {
  return (await queue.destinations()).some(({ paused, waiting }) => !paused && waiting > 0);
}
