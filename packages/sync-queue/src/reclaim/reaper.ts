import { count } from '@longhaul/errors';
import { pause } from '../clock.ts';
import { Verifier } from '../verify/verifier.ts';
import { workerEnv } from '../worker/worker-env.ts';
import type { WorkerListener } from '../worker/worker-event.ts';
import type { Blocker } from './blocker.ts';
import { blockerText } from './blocker-text.ts';
import { localSourceFiles } from './files/linux-source-files.ts';
import { SourceBlocked } from './files/source-files.ts';
import type { JournalPast } from './journal.ts';
import type { ReaperEnv, ReaperPorts } from './reaper-ports.ts';
import { DEFAULT_REAPER_TIMING } from './reaper-ports.ts';
import { ReclaimKeeper } from './reclaim-keeper.ts';
import type { Prepared, ReclaimAsk, ReclaimPlan } from './reclaim-plan.ts';
import { planOf, prepare, sealOf } from './reclaim-plan.ts';
import type { ReclaimOutcome } from './reclaim-run.ts';
import { ReclaimRun } from './reclaim-run.ts';
import { untouched } from './untouched.ts';
import { blockedUntil, RetryTimes } from './retry-times.ts';
import type { ReclaimPolicy } from './reclaim-policy.ts';
import type { OpenReclaim, ReclaimLease } from './reclaim-store.ts';

/** What came of an attempt. `blocked`: nothing was begun. */
export type ReclaimResult = ReclaimOutcome | { readonly kind: 'blocked'; readonly blockers: readonly Blocker[] };

const PAGE = 500;

/**
 * Frees local copies on proof, and nothing else ever does (design §5.6). Any number of reapers may share a queue; a source is in the hands of
 * one at most, and one that dies at any step leaves what the next can take up.
 */
export class Reaper {
  readonly #env: ReaperEnv;
  /** Sources of which a reclaim was begun in vain: other settings change nothing of that. */
  readonly #later = new RetryTimes();
  /** Sources that may not be freed: other settings may allow it. */
  readonly #blocked = new RetryTimes();
  /** Jobs of which a proof was asked for, whatever came of it. */
  readonly #proofs = new RetryTimes();
  #sweepNow = false;

  constructor(ports: ReaperPorts) {
    const verifier = new Verifier(ports);
    this.#env = {
      ...workerEnv(ports),
      reclaim: ports.reclaim,
      journals: ports.journals,
      rules: ports.rules ?? (async () => Promise.resolve({})),
      files: ports.files ?? localSourceFiles,
      lastCheck: ports.lastCheck ?? (async (jobId, signal) => verifier.verify(jobId, { occasion: 'reclaim', signal })),
      afterStep: ports.afterStep ?? (() => undefined),
      timing: { ...DEFAULT_REAPER_TIMING, ...ports.timing },
    };
  }

  /** Returns what takes the listener off again. */
  on(listener: WorkerListener): () => void {
    return this.#env.events.on(listener);
  }

  /**
   * Other settings from now on. What is under way goes on where they allow it too, and stops before its next files where they do not; what was blocked is
   * looked at again, what failed is tried again when its time has come.
   */
  adopt(reclaim: ReclaimPolicy): void {
    this.#env.reclaim = reclaim;
    this.#blocked.clear();
    this.#sweepNow = true;
  }

  /**
   * What would be freed, on what proof, and what stands in the way. Changes nothing and asks no destination. null: no job of this source is
   * known.
   * @throws QueueStoreError, the signal's reason
   */
  async plan(ask: ReclaimAsk): Promise<ReclaimPlan | null> {
    const prepared = await prepare(this.#env, { ...ask, resuming: null });
    if (prepared === null) return null;
    await prepared.hand?.source[Symbol.asyncDispose]();
    return planOf(prepared);
  }

  /**
   * Frees one source if everything holds. null: no job of this source is known.
   * @throws QueueStoreError, the signal's reason where nothing was begun
   */
  async reclaim(ask: ReclaimAsk): Promise<ReclaimResult | null> {
    const prepared = await prepare(this.#env, { ...ask, resuming: null });
    if (prepared === null) return null;
    const { hand, decision, blockers } = prepared;
    if (hand === null) return { kind: 'blocked', blockers };
    await using _source = hand.source;
    if (blockers.length > 0 || decision.content === null) return { kind: 'blocked', blockers };
    ask.signal?.throwIfAborted();
    const begun = await this.#env.store.beginReclaim({
      ...decision.content,
      sourceId: ask.sourceId,
      jobIds: prepared.places.map(({ job }) => job.id),
      owner: this.#env.owners.self,
      leaseMs: this.#env.policy.leaseMs,
      askedBy: ask.askedBy,
      without: ask.without ?? [],
      evidence: evidenceOf(prepared),
    });
    // Something moved since it was looked at: the next look says what.
    if (begun.kind === 'refused') return { kind: 'blocked', blockers: [{ kind: 'source_busy', detail: begun.reason }] };
    return await this.#run({ ...prepared, hand }, { lease: begun.lease, ask });
  }

  /** Goes on with, or ends, what reapers that are dead have begun; also while reclaim is off. @throws QueueStoreError */
  async recover(signal?: AbortSignal): Promise<readonly ReclaimResult[]> {
    const { store, owners, policy } = this.#env;
    const results: ReclaimResult[] = [];
    for (const open of await store.openReclaims()) {
      const isDead = owners.isAlive(open.owner) === 'dead';
      if (!isDead && open.remainingMs > 0) continue;
      const lease = await store.takeOverReclaim({ lease: open.lease, owner: owners.self, leaseMs: policy.leaseMs, dead: isDead ? [open.owner] : [] });
      // One that cannot be gone on with must not keep the others; it is taken up again when its lease has lapsed.
      if (lease !== null) await this.#quietly(async () => results.push(await this.#resume(open, { lease, signal })));
    }
    return results;
  }

  /** Looks once at every source that is verified, and frees what may go. @throws QueueStoreError */
  async sweep(signal?: AbortSignal): Promise<void> {
    if (this.#env.reclaim.reclaim === 'off' || this.#env.reclaim.when === 'asked') return;
    for (let after: number | null = 0; after !== null; ) {
      const page: Awaited<ReturnType<ReaperEnv['store']['reclaimSources']>> = await this.#env.store.reclaimSources({ after, limit: PAGE });
      for (const sourceId of page.sourceIds) {
        if (signal?.aborted === true) return;
        await this.#look(sourceId, signal);
      }
      after = page.next;
    }
  }

  /** Recovers and sweeps until the signal. Trouble of one source or of the store is told to the listeners and does not end it. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, policy, timing } = this.#env;
    let sweptAt = Number.NEGATIVE_INFINITY;
    while (!signal.aborted) {
      await this.#quietly(async () => this.recover(signal));
      if (this.#sweepNow || clock.monotonic() - sweptAt >= timing.sweepMs) {
        this.#sweepNow = false;
        await this.#quietly(async () => this.sweep(signal));
        sweptAt = clock.monotonic();
      }
      await pause(clock, Math.max(policy.recoveryMs, 1), signal);
    }
  }

  async #look(sourceId: string, signal: AbortSignal | undefined): Promise<void> {
    const { clock, timing } = this.#env;
    if (!this.#later.isDue(sourceId, clock.now()) || !this.#blocked.isDue(sourceId, clock.now())) return;
    const policy = this.#env.reclaim;
    const result = await this.#try(sourceId, signal);
    if (result?.kind === 'blocked') await this.#proveMore(result.blockers, signal);
    for (const times of [this.#later, this.#blocked]) times.forget(sourceId);
    // What was blocked by other settings than those that hold now may be due.
    if (result?.kind === 'done' || (result?.kind === 'blocked' && policy !== this.#env.reclaim)) return;
    const until = blockedUntil(result !== null && 'blockers' in result ? result.blockers : [], { now: clock.now(), againMs: timing.againMs });
    (result?.kind === 'blocked' ? this.#blocked : this.#later).after(sourceId, until);
  }

  /** Where nothing but proofs are missing, they are made: the audit alone would come round too late for a full disk. */
  async #proveMore(blockers: readonly Blocker[], signal: AbortSignal = new AbortController().signal): Promise<void> {
    if (blockers.some(({ kind }) => kind !== 'too_few_proofs' && kind !== 'too_young')) return;
    for (const blocker of blockers) {
      if (blocker.kind !== 'too_few_proofs' || signal.aborted) continue;
      await this.#quietly(async () => {
        if (!(await this.#isProofDue(blocker.jobId))) return;
        this.#proofs.after(blocker.jobId, this.#env.clock.now() + this.#env.timing.proveApartMs);
        await this.#env.lastCheck(blocker.jobId, signal);
      });
    }
  }

  async #isProofDue(jobId: string): Promise<boolean> {
    if (!this.#proofs.isDue(jobId, this.#env.clock.now())) return false;
    const times = (await this.#env.store.proofs(jobId)).map(({ at }) => Date.parse(at));
    return this.#env.clock.now() - Math.max(0, ...times) >= this.#env.timing.proveApartMs;
  }

  /** null: it could not even be tried; told to the listeners. */
  async #try(sourceId: string, signal: AbortSignal | undefined): Promise<ReclaimResult | null> {
    try {
      return await this.reclaim({ sourceId, askedBy: 'reaper', ...(signal === undefined ? {} : { signal }) });
    } catch (error) {
      if (signal?.aborted !== true) this.#env.events.emit({ type: 'problem', error, jobId: null });
      return null;
    }
  }

  async #resume(open: OpenReclaim, { lease, signal }: { readonly lease: ReclaimLease; readonly signal: AbortSignal | undefined }): Promise<ReclaimResult> {
    const ask = { sourceId: open.sourceId, askedBy: open.askedBy, without: open.without, ...(signal === undefined ? {} : { signal }) };
    const prepared = await prepare(this.#env, { ...ask, resuming: lease });
    const hand = prepared?.hand ?? null;
    await using _source = hand?.source ?? null;
    const blockers = prepared === null ? ([{ kind: 'nothing_verified' }] as const) : prepared.blockers;
    if (prepared !== null && hand !== null && blockers.length === 0 && isSameContent(prepared, open)) return await this.#run({ ...prepared, hand }, { lease, ask });
    await endBlocked(this.#env, { open, lease, blockers });
    return { kind: 'stopped', blockers, files: 0, bytes: 0 };
  }

  async #run(prepared: Prepared & { readonly hand: NonNullable<Prepared['hand']> }, { lease, ask }: { readonly lease: ReclaimLease; readonly ask: ReclaimAsk }): Promise<ReclaimOutcome> {
    const { askedBy, without = [], signal } = ask;
    const { events } = this.#env;
    const { sourcePath: source } = prepared.facts;
    using keeper = new ReclaimKeeper(this.#env, lease);
    events.emit({ type: 'reclaimStarted', source, reclaimId: lease.reclaimId });
    const outcome = await new ReclaimRun(this.#env, { prepared, keeper, askedBy, without, signal: signal ?? new AbortController().signal }).run();
    events.emit({ type: 'reclaimEnded', source, reclaimId: lease.reclaimId, outcome, summary: summaryOf(outcome, source) });
    return outcome;
  }

  async #quietly(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#env.events.emit({ type: 'problem', error, jobId: null });
    }
  }
}

/** The seal that was being freed, and no other that has come since. */
function isSameContent({ hand, places }: Prepared, open: OpenReclaim): boolean {
  return hand?.seal.id === open.sealId && places.length === open.jobIds.length && places.every(({ job }) => open.jobIds.includes(job.id));
}

async function endBlocked(env: ReaperEnv, { open, lease, blockers }: { readonly open: OpenReclaim; readonly lease: ReclaimLease; readonly blockers: readonly Blocker[] }): Promise<void> {
  const [reason, ...others] = blockers.map((blocker) => blockerText(blocker, open.sourcePath).what);
  const past = await pastOf(env, { open, lease });
  const nothing = await untouchedBy(env, { open, past });
  await env.store.endReclaim(lease, {
    kind: 'stopped',
    reason: `not gone on with: ${reason ?? 'its jobs or its seal are others by now'}`,
    evidence: [...others, nothing.touched === 'no' ? 'no file was deleted' : pastText(past)].join('; '),
    filesFreed: past.filesRemoved,
    bytesFreed: past.bytesFreed,
    ...nothing,
  });
}

/** Where it died before the first file went, other content may take the place of its results again. */
async function untouchedBy(env: ReaperEnv, { open, past }: { readonly open: OpenReclaim; readonly past: JournalPast }): Promise<{ readonly touched?: 'no' }> {
  if (open.touched === 'no' || past.filesRemoved > 0) return {};
  const seal = await sealOf(env, open.sealId);
  if (seal === null) return {};
  try {
    await using source = await env.files.open(seal);
    return await untouched(env, { reclaimId: open.lease.reclaimId, sourcePath: open.sourcePath, seal, source });
  } catch (error) {
    if (error instanceof SourceBlocked) return {};
    throw error;
  }
}

const NOTHING: JournalPast = { filesRemoved: 0, bytesFreed: 0, pending: new Set(), intended: new Set(), state: 'new' };

/** What the one who died had deleted, as far as it came to write it down. */
async function pastOf(env: ReaperEnv, { open, lease }: { readonly open: OpenReclaim; readonly lease: ReclaimLease }): Promise<JournalPast> {
  if (open.touched === 'no') return NOTHING;
  try {
    await using journal = await env.journals.open({ reclaimId: lease.reclaimId, source: open.sourcePath, sealId: open.sealId, sealDigest: '' });
    return journal.past;
  } catch (error) {
    // Only the figures are missing then.
    env.events.emit({ type: 'problem', error, jobId: null });
    return NOTHING;
  }
}

function pastText({ filesRemoved, pending }: JournalPast): string {
  const known = filesRemoved === 0 ? 'nothing is known to have been deleted' : `deleted before, on proof: ${count(filesRemoved, 'file')}`;
  return pending.size === 0 ? known : `${known}; up to ${pending.size} more may have been when it was ended`;
}

/** On what it was begun, for the history. */
function evidenceOf({ places, hand }: Prepared): string {
  const proofs = places.map(({ destination, occasions }) => `${destination}: ${occasions.map((at) => new Date(at).toISOString()).join(', ')}`);
  const files = hand?.look.present ?? [];
  return `${count(files.length, 'file')}, ${count(files.reduce((sum, { size }) => sum + size, 0), 'byte')}; proven at ${proofs.join('; ')}`;
}

function summaryOf(outcome: ReclaimOutcome, source: string): string {
  const freed = `${count(outcome.files, 'file')}, ${count(outcome.bytes, 'byte')} freed`;
  if (outcome.kind === 'done') return freed;
  return outcome.kind === 'left' ? `${freed}; it is gone on with later` : `${freed}; stopped: ${outcome.blockers.map((blocker) => blockerText(blocker, source).what).join('; ')}`;
}
