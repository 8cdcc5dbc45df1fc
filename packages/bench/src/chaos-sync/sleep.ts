import { setTimeout as delay } from 'node:timers/promises';
import { waitFor } from '@longhaul/testbed';
import type { Killing, SyncRunWorld } from './sync-run.ts';

/** A lease is 60 s; its jobs are looked for every two. */
const TAKEN_OVER_WITHIN_MS = 150_000;

/**
 * A worker is stopped in the middle of its work, as where its machine sleeps, until another has taken over what it held; then it wakes beside that one,
 * believing that all is still its own. Gives what did not hold.
 */
export async function sleepThroughTheLease({ sync }: SyncRunWorld, { random, start, say }: Killing): Promise<readonly string[]> {
  const sleeper = start();
  await Promise.race([sleeper.saw(random.oneOf(['jobStarted', 'progress', 'verifying'])), delay(10_000)]);
  await delay(random.below(200));
  sleeper.process.kill('SIGSTOP');
  const held = await heldBy(sync, sleeper.process.pid);
  const other = start();
  const taken = await waitFor(async () => (await heldBy(sync, sleeper.process.pid)) === 0, { what: 'the end of its leases', deadline: TAKEN_OVER_WITHIN_MS, interval: 500 }).catch(() => false);
  await delay(random.below(1_000));
  sleeper.process.kill('SIGCONT');
  say(`slept with ${String(held)} jobs in hand`);
  await delay(random.below(3_000));
  for (const worker of [sleeper, other]) worker.process.kill('SIGKILL');
  await Promise.all([sleeper.ended, other.ended]);
  return taken ? [] : ['what a sleeping worker held was never taken over'];
}

async function heldBy({ store }: SyncRunWorld['sync'], pid: number | undefined): Promise<number> {
  return (await store.leases()).filter(({ owner }) => owner.pid === pid).length;
}
