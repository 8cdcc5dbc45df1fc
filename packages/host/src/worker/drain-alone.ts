import { setTimeout as delay } from 'node:timers/promises';

import type { ProcessIdentity } from '@longhaul/exec';
import { identityOf, isAlive } from '@longhaul/exec';

import type { SyncHost } from '../sync/sync-host.ts';
import { describeWorkerEvent } from './describe-worker-event.ts';
import { serverLock, workerLock, workerLog } from './ensure-worker.ts';

/** How the detached worker is run. */
export interface DrainOptions {
  readonly signal: AbortSignal;
  /** Number of a process that is about to put something into the queue: it is waited for while that lives, and not for long. */
  readonly expect?: number | undefined;
}

/** Somebody who takes longer to put something into the queue starts a worker then. Milliseconds. */
const EXPECT_MS = 10_000;
const LOOK_EVERY_MS = 20;

/** `busy`: another one works already. */
export type DrainOutcome = 'drained' | 'busy' | 'interrupted';

/**
 * Works until nothing is left, as the only detached worker of this state directory. After the lock is given back the queue is
 * looked at once more: a job that came while this worker was ending finds either this one or the next.
 */
export async function drainAlone(sync: SyncHost, stateDir: string, { signal, expect }: DrainOptions): Promise<DrainOutcome> {
  const log = workerLog(stateDir);
  const lock = workerLock(stateDir);
  do {
    if (serverLock(stateDir).state().kind === 'held' || lock.tryAcquire() === 'held') return 'busy';
    log.line(`worker ${String(process.pid)} begins`);
    try {
      if (expect !== undefined) await arrival(sync, { signal, caller: identityOf(expect) });
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

/** Until something is there to be done, or nobody is left who would bring it. */
async function arrival(sync: SyncHost, { signal, caller }: { readonly signal: AbortSignal; readonly caller: ProcessIdentity | null }): Promise<void> {
  const end = performance.now() + EXPECT_MS;
  const isExpected = (): boolean => caller !== null && isAlive(caller) === 'alive' && performance.now() < end && !signal.aborted;
  // Whoever is gone has brought it before: looked at once more behind that.
  while (isExpected() && !(await hasWork(sync))) await delay(LOOK_EVERY_MS);
}

async function hasWork({ queue }: SyncHost): Promise<boolean> {
  return (await queue.destinations()).some(({ paused, waiting }) => !paused && waiting > 0);
}
