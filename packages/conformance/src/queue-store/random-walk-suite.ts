import type { ClaimedJob, Outcome, QueueStore } from '@longhaul/sync-queue';
import { ACTIVE_STATES, canTransition } from '@longhaul/sync-queue';
import { describe, expect, it } from 'vitest';
import { claimRequest, failure, LEASE, newJob, sealRecord, there, verifiedOutcome, WORKER_A, WORKER_B } from './bench-jobs.ts';
import type { QueueStoreSubject } from './subject.ts';
import type { Bench } from './suite.ts';
import { bench } from './suite.ts';

const STEPS = 150;
const SOURCES = 4;

/** Small, seeded, good enough to choose steps with (mulberry32). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A walk over the store: what was claimed, and how it ended, as the walker remembers it. */
class Walk {
  readonly #bench: Bench;
  readonly #random: () => number;
  readonly #held: { readonly job: ClaimedJob; readonly store: QueueStore }[] = [];
  readonly #epochs = new Set<number>();

  constructor(on: Bench, seed: number) {
    this.#bench = on;
    this.#random = randomFrom(seed);
  }

  async step(): Promise<void> {
    const store = this.#random() < 0.5 ? this.#bench.store : this.#bench.other;
    const steps = [() => this.#enqueue(store), () => this.#claim(store), () => this.#claim(store), () => this.#settle(), () => this.#settle(), () => this.#person(store), () => this.#recover(store), () => this.#pass()];
    await this.#pick(steps)();
  }

  #pick<T>(items: readonly T[]): T {
    return there(items[Math.floor(this.#random() * items.length)]);
  }

  async #enqueue(store: QueueStore): Promise<void> {
    await store.enqueue(newJob(`source-${Math.floor(this.#random() * SOURCES)}`, { priority: Math.floor(this.#random() * 3) }));
  }

  async #claim(store: QueueStore): Promise<void> {
    const job = await store.claim(claimRequest({ owner: this.#pick([WORKER_A, WORKER_B]), slots: 3 }));
    if (job === null) return;
    expect(this.#epochs.has(job.lease.epoch)).toBe(false);
    this.#epochs.add(job.lease.epoch);
    this.#held.push({ job, store });
  }

  /** One of the claims ever made, most of them lost by now: those must change nothing. */
  async #settle(): Promise<void> {
    const held = this.#held.length === 0 ? undefined : this.#pick(this.#held);
    if (held === undefined) return;
    const before = await held.store.get(held.job.job.id);
    const good = before?.epoch === held.job.lease.epoch && before.owner !== null;
    const outcome = this.#outcome(before?.state === 'AWAITING_VERIFY' ? 'AWAITING_VERIFY' : 'RUNNING');
    if (good && before.sealId === null) await held.store.recordSeal(held.job.lease, sealRecord(before.sourceId, 'aaaa'));
    const done = held.store.settle(held.job.lease, outcome);
    if (good) expect(canTransition(before.state, (await done).state) || (await done).state === before.state).toBe(true);
    else await expect(done).rejects.toMatchObject({ code: 'LEASE_LOST' });
  }

  #outcome(state: 'RUNNING' | 'AWAITING_VERIFY'): Outcome {
    const delayMs = this.#random() < 0.5 ? 0 : 30_000;
    const again: Outcome = { kind: 'again', to: state === 'RUNNING' ? 'QUEUED' : 'AWAITING_VERIFY', delayMs, hold: 'backoff', charge: 'attempt', failure: failure('network'), reason: 'network' };
    const failed: Outcome = { kind: 'failed', charge: 'attempt', failure: failure('auth'), whenDestinationAnswers: 'requeue', reason: 'auth' };
    const forward: Outcome = state === 'RUNNING' ? { kind: 'pushed', where: 'staged', reason: 'pushed' } : verifiedOutcome();
    return this.#pick([again, failed, forward, forward, { kind: 'cancelled', reason: 'cancelled' } as const]);
  }

  async #person(store: QueueStore): Promise<void> {
    const { jobs } = await store.list();
    if (jobs.length === 0) return;
    const { id } = this.#pick(jobs);
    // Refused as often as not, and by these two only.
    await (this.#random() < 0.5 ? store.retry(id) : store.cancel(id)).catch((error: unknown) => {
      expect(error).toMatchObject({ code: expect.stringMatching(/^(?:ILLEGAL_TRANSITION|JOB_CONFLICT)$/) as string });
    });
  }

  async #recover(store: QueueStore): Promise<void> {
    await store.recover({ dead: this.#random() < 0.3 ? [this.#pick([WORKER_A, WORKER_B])] : [], lapsed: 'recover', maxRecoveries: 3 });
  }

  async #pass(): Promise<void> {
    await this.#bench.world.advance(Math.floor(this.#random() * LEASE));
  }
}

/** What must hold of a queue whatever was done to it. */
async function assertSound(store: QueueStore): Promise<void> {
  const { jobs } = await store.list({ limit: 500 });
  const active = jobs.filter(({ state }) => ACTIVE_STATES.includes(state)).map(({ sourceId, destination, finalName }) => `${sourceId} ${destination} ${finalName}`);
  expect(new Set(active).size).toBe(active.length);
  for (const job of jobs) {
    if (job.state === 'RUNNING') expect(job.owner).not.toBeNull();
    const history = await store.history(job.id);
    expect(history.at(-1)?.to).toBe(job.state);
    history.reduce<(typeof history)[number] | null>((before, event) => {
      if (event.from !== event.to && event.from !== null) expect(canTransition(event.from, event.to)).toBe(true);
      expect(event.from).toBe(before?.to ?? null);
      expect(event.epoch).toBeGreaterThanOrEqual(before?.epoch ?? 0);
      return event;
    }, null);
    expect((await store.proofs(job.id)).length > 0).toBe(history.some(({ to, from }) => to === 'VERIFIED' && from !== to));
  }
}

export function describeRandomWalk(subject: QueueStoreSubject): void {
  describe('whatever is done to it', () => {
    it.each([1, 2, 3, 4, 5, 6])('keeps its promises in random order (seed %i)', { timeout: 60_000 }, async (seed) => {
      const on = await bench(subject);
      const walk = new Walk(on, seed);
      for (let step = 0; step < STEPS; step += 1) await walk.step();
      await assertSound(on.other);
    });
  });
}
