import type { QueueStore } from '@longhaul/sync-queue';

/** A store under test: each test gets data of its own. */
export interface QueueStoreSubject {
  /** For the titles of the tests. */
  readonly name: string;
  /** Empty data. */
  create(): Promise<QueueStoreWorld>;
}

/** One queue's data, and the clock that its store goes by. */
export interface QueueStoreWorld extends AsyncDisposable {
  /** A further handle on the same data, as another process would have it. The world closes it. */
  open(): Promise<QueueStore>;
  /** Sets the store's clock forward. Milliseconds. */
  advance(ms: number): void | Promise<void>;
}
