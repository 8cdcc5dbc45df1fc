import type { QueueStore } from '@longhaul/sync-queue';
import { onTestFinished } from 'vitest';
import type { QueueStoreSubject, QueueStoreWorld } from './subject.ts';

/** What each test of the suite starts with: two handles on the same empty data. */
export interface Bench {
  readonly world: QueueStoreWorld;
  readonly store: QueueStore;
  /** What another process sees. */
  readonly other: QueueStore;
}

/** Makes the bench of one test, and puts it away after it. */
export async function bench(subject: QueueStoreSubject): Promise<Bench> {
  const world = await subject.create();
  onTestFinished(async () => world[Symbol.asyncDispose]());
  return { world, store: await world.open(), other: await world.open() };
}
