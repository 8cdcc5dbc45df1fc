import { setTimeout as delay } from 'node:timers/promises';

import type { AdoptedSettings, WorkerEvent } from '@longhaul/sync-queue';
import { Reaper, SyncWorker } from '@longhaul/sync-queue';

import { workerPolicy } from '../worker/worker-policy.ts';
import { reaperPorts, reclaimPolicy } from './reclaim-host.ts';
import type { SyncHostParts } from './sync-host.ts';
import { auditBudget } from './verifiable-jobs.ts';

/** How often other workers are looked at. Milliseconds. */
const IDLE_POLL_MS = 300;

/** How to work on the queue in this process. */
export interface WorkOptions {
  /** `idle`: until nothing is due and nothing runs, in other processes too; `settled`: also until nothing waits for a time or a destination; `aborted`: until the signal. */
  readonly until: 'idle' | 'settled' | 'aborted';
  readonly signal: AbortSignal;
  readonly onEvent?: (event: WorkerEvent) => void;
}

/** Workers, and what looks after reclaim, as long as they run in this process. */
export class QueueWork {
  readonly #workers = new Set<SyncWorker>();
  readonly #reapers = new Set<Reaper>();
  #parts: SyncHostParts;

  constructor(parts: SyncHostParts) {
    this.#parts = parts;
  }

  /** Another configuration from now on: whatever runs goes on with it. @throws ConfigError; then nothing has changed */
  async adopt(parts: SyncHostParts): Promise<void> {
    const settings = await workSettings(parts);
    this.#parts = parts;
    for (const worker of this.#workers) worker.adopt(settings);
    for (const reaper of this.#reapers) reaper.adopt(reclaimPolicy(parts.config));
  }

  /** @throws QueueStoreError when the queue cannot be used any more */
  async run({ until, signal, onEvent }: WorkOptions): Promise<void> {
    const { policy, concurrency, audit } = await workSettings(this.#parts);
    const worker = new SyncWorker({ ...this.#parts.worker, policy });
    if (onEvent !== undefined) worker.on(onEvent);
    this.#workers.add(worker);
    try {
      if (until !== 'aborted') await this.#drain(worker, { until, signal, onEvent, concurrency });
      else await together(signal, [async (both) => { await worker.run({ mode: 'forever', concurrency, signal: both, audit }); }, async (both) => { await this.#reclaim({ signal: both, onEvent }); }]);
    } finally {
      this.#workers.delete(worker);
    }
  }

  /** Until the signal. One that is told to end leaves what it does to the next. */
  async #reclaim({ signal, onEvent }: { readonly signal: AbortSignal; readonly onEvent: WorkOptions['onEvent'] | undefined }): Promise<void> {
    const reaper = this.reaper();
    if (onEvent !== undefined) reaper.on(onEvent);
    this.#reapers.add(reaper);
    try {
      await reaper.run(signal);
    } finally {
      this.#reapers.delete(reaper);
    }
  }

  async #drain(worker: SyncWorker, { until, signal, onEvent, concurrency }: { readonly until: 'idle' | 'settled'; readonly signal: AbortSignal; readonly onEvent: WorkOptions['onEvent'] | undefined; readonly concurrency: number }): Promise<void> {
    const reaper = this.reaper();
    if (onEvent !== undefined) reaper.on(onEvent);
    // What a reaper that died has begun keeps jobs of its source waiting: it comes first.
    await reaper.recover(signal);
    const run = async (): Promise<void> => {
      await worker.run({ mode: 'drain', waitFor: until === 'settled' ? 'held' : 'due', concurrency, signal, audit: until === 'idle' ? undefined : auditBudget(this.#parts.config.config) });
    };
    await run();
    // What another worker has in hand is not done yet, and may come back.
    while (until === 'idle' && !signal.aborted && (await this.#othersWork())) {
      await delay(IDLE_POLL_MS);
      await run();
    }
    if (!signal.aborted) await reaper.sweep(signal);
  }

  /** Who frees local copies, as the configuration wants it (design §5.6). */
  reaper(): Reaper {
    return new Reaper(reaperPorts(this.#parts));
  }

  async #othersWork(): Promise<boolean> {
    return (await this.#parts.queue.destinations()).some(({ running }) => running > 0);
  }
}

/** What the configuration says of a worker. */
async function workSettings(parts: SyncHostParts): Promise<AdoptedSettings & { readonly concurrency: number }> {
  const { config } = parts.config;
  return { policy: await workerPolicy(parts), concurrency: config.worker.concurrency, audit: auditBudget(config) };
}

/** Runs all until the signal, or until one fails: that ends the others. */
async function together(signal: AbortSignal, works: readonly ((both: AbortSignal) => Promise<void>)[]): Promise<void> {
  const failed = new AbortController();
  const both = AbortSignal.any([signal, failed.signal]);
  const tasks = works.map(async (work) => { await work(both); });
  try {
    await Promise.all(tasks);
  } finally {
    failed.abort();
    await Promise.allSettled(tasks);
  }
}
