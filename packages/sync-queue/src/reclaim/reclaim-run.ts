import { count, isLonghaulError } from '@longhaul/errors';
import { fileBatches } from '@longhaul/sync-transports';
import type { SealedFile } from '@longhaul/sync-transports';
import type { Blocker } from './blocker.ts';
import { blockerText } from './blocker-text.ts';
import { decideReclaim } from './decide-reclaim.ts';
import { blockersOf, keptBlocker, Killed, Stop, stopAt, Uncertain, withdrawn, WITHDRAWN } from './ends-on-the-way.ts';
import { Freshness } from './freshness.ts';
import type { Removal, SourceLook } from './files/source-files.ts';
import type { ReclaimJournal } from './journal.ts';
import { lastChecks, samePlaces } from './last-checks.ts';
import { leaveProofs } from './leave-proofs.ts';
import { neighboursOf } from './neighbours.ts';
import type { ReaperEnv } from './reaper-ports.ts';
import type { ReclaimKeeper } from './reclaim-keeper.ts';
import type { ReclaimAsker } from './reclaim-store.ts';
import type { Prepared } from './reclaim-plan.ts';
import { lookBlockers, rulesFor } from './reclaim-plan.ts';
import type { ReclaimPolicy } from './reclaim-policy.ts';
import { untouched } from './untouched.ts';

/** How a reclaim that was begun came out. */
export type ReclaimOutcome =
  /** Nothing of the sealed files is left. */
  | { readonly kind: 'done'; readonly files: number; readonly bytes: number; readonly folders: number }
  /** An interlock no longer holds; what was deleted before was deleted on proof. */
  | { readonly kind: 'stopped'; readonly blockers: readonly Blocker[]; readonly files: number; readonly bytes: number }
  /** Somebody else has it now, or the reaper was told to end: it is gone on with. */
  | { readonly kind: 'left'; readonly files: number; readonly bytes: number };

/** What was prepared, with nothing in its way. */
export interface RunRequest {
  readonly prepared: Prepared & { readonly hand: NonNullable<Prepared['hand']> };
  readonly keeper: ReclaimKeeper;
  readonly askedBy: ReclaimAsker;
  readonly without: readonly string[];
  readonly signal: AbortSignal;
}

/** One reclaim from its lease to its end in the store (design §5.6). @throws errors of the store */
export class ReclaimRun {
  readonly #env: ReaperEnv;
  readonly #request: RunRequest;
  readonly #signal: AbortSignal;
  #files = 0;
  #bytes = 0;
  /** Whether what an earlier attempt deleted is in these counts. */
  #past: 'counted' | 'unknown' = 'unknown';
  readonly #freshness: Freshness;
  /** By which it was found that this may be done. */
  #policy: ReclaimPolicy;

  constructor(env: ReaperEnv, request: RunRequest) {
    this.#env = env;
    this.#request = request;
    this.#policy = request.prepared.policy;
    this.#freshness = new Freshness(env.clock, { leastMs: env.timing.freshMs });
    this.#signal = AbortSignal.any([request.signal, request.keeper.signal]);
  }

  async run(): Promise<ReclaimOutcome> {
    try {
      await this.#step('begun');
      await this.#check();
      await this.#step('checked');
      await leaveProofs(this.#env, { ...this.#request, signal: this.#signal });
      await this.#step('left-behind');
      const folders = await this.#deleteAll();
      return await this.#done(folders);
    } catch (error) {
      return await this.#afterError(error);
    }
  }

  /** Every destination now, then the source once more: reading a large result takes its time. */
  async #check(): Promise<void> {
    await this.#assertNoNewNeighbour();
    await this.#prove();
    this.#assertAsSealed(await this.#request.prepared.hand.source.look({ signal: this.#signal }));
  }

  /** Other settings hold from when they are adopted, also for what is left to delete. */
  async #assertStillAllowed(): Promise<void> {
    const { reclaim: policy, store } = this.#env;
    if (policy === this.#policy) return;
    const { prepared, keeper, askedBy, without } = this.#request;
    const facts = await store.reclaimFacts(prepared.facts.sourceId);
    if (facts === null) throw new Stop([{ kind: 'nothing_verified' }]);
    stopAt(decideReclaim({ facts, policy, rules: await rulesFor(this.#env, facts), askedBy, without, resuming: keeper.lease }).blockers);
    this.#policy = policy;
  }

  /** One that came since it was prepared. None comes from now on: nothing that overlaps an open reclaim is sealed. */
  async #assertNoNewNeighbour(): Promise<void> {
    const { facts, hand } = this.#request.prepared;
    const near = await neighboursOf(this.#env, { sourceId: facts.sourceId, seal: hand.seal, without: this.#request.without });
    stopAt(near.blockers);
    const known = new Set(hand.near.places.map(({ job }) => job.id));
    const come = near.places.find(({ job }) => !known.has(job.id));
    if (come !== undefined) throw new Stop([{ kind: 'overlap', jobId: come.job.id, source: come.job.source, state: come.job.state }]);
  }

  #assertAsSealed(look: SourceLook): void {
    stopAt(lookBlockers(this.#env, { look, source: this.#request.prepared.hand.seal.source }));
  }

  /** Whether it still is a copy is asked each time: somebody may have mounted something meanwhile. */
  async #prove(): Promise<void> {
    const { places, hand } = this.#request.prepared;
    await this.#freshness.renew(async () => {
      stopAt(await lastChecks(this.#env, [...places, ...hand.near.places], this.#signal));
      stopAt(await samePlaces(this.#env, { places, source: hand.source, signal: this.#signal }));
    });
  }

  /** Asked where a file's content was read and before it is compared with its name for the last time: reading a large one takes hours, too. */
  async #proveWhenStale(): Promise<void> {
    if (this.#freshness.isFresh()) return;
    this.#signal.throwIfAborted();
    await this.#prove();
  }

  /** Journal, intent in the store, then batch by batch: intended, deleted, noted. Returns how many folders went too. */
  async #deleteAll(): Promise<number> {
    const { prepared } = this.#request;
    await using journal = await this.#written(async () => this.#openJournal());
    await this.#step('journal');
    this.#countPast(journal);
    await this.#intend();
    await this.#step('intended');
    // What stood still when it was prepared may have gone since: then it is found gone.
    const files = prepared.hand.look.present;
    // What was withdrawn meanwhile is noticed between two.
    const { batch: most, batchBytes: bytes } = this.#env.timing;
    for (const batch of fileBatches(files, { files: most, bytes })) await this.#deleteBatch(batch, journal);
    await this.#assertGone();
    const folders = await prepared.hand.source.removeEmptyFolders({ allowed: () => this.#allowed() });
    await this.#step('folders');
    return folders;
  }

  /** CLEANED means that nothing of it is left: also nothing that somebody has put back meanwhile. */
  async #assertGone(): Promise<void> {
    const look = await this.#request.prepared.hand.source.look({ signal: this.#signal });
    this.#assertAsSealed(look);
    if (look.present.length > 0) throw new Stop([{ kind: 'changed', paths: look.present.map(({ path }) => path) }]);
  }

  async #intend(): Promise<void> {
    if ((await this.#env.store.intendReclaim(this.#request.keeper.lease)) === 'intended') return;
    await this.#request.keeper.renew();
    throw new Stop(this.#request.prepared.places.map(({ destination }) => ({ kind: 'check_failed', destination, detail: WITHDRAWN })));
  }

  async #openJournal(): Promise<ReclaimJournal> {
    const { prepared, keeper } = this.#request;
    const { seal } = prepared.hand;
    return this.#env.journals.open({ reclaimId: keeper.lease.reclaimId, source: prepared.facts.sourcePath, sealId: seal.id, sealDigest: seal.digest });
  }

  /** An earlier attempt that died: what it had deleted is counted here too. */
  #countPast({ past }: ReclaimJournal): void {
    const { look, seal } = this.#request.prepared.hand;
    this.#past = 'counted';
    this.#files += past.filesRemoved;
    this.#bytes += past.bytesFreed;
    const gone = new Set(look.gone);
    for (const entry of seal.entries) {
      if (entry.type !== 'file' || !past.pending.has(entry.path) || !gone.has(entry.path)) continue;
      this.#files += 1;
      this.#bytes += entry.allocated;
    }
  }

  async #deleteBatch(files: readonly SealedFile[], journal: ReclaimJournal): Promise<void> {
    await this.#request.keeper.renew();
    this.#signal.throwIfAborted();
    await this.#assertStillAllowed();
    await this.#proveWhenStale();
    await this.#written(async () => journal.intend(files.map(({ path }) => path)));
    await this.#step('batch');
    const removals: Removal[] = [];
    try {
      for (const file of files) if (!(await this.#deleteOne(file, removals))) break;
    } finally {
      await this.#noted(journal, removals);
    }
    await this.#step('noted');
    stopAt(removals.flatMap(keptBlocker));
    this.#signal.throwIfAborted();
    if (removals.some(({ kind }) => kind === 'stopped')) throw new Uncertain();
  }

  /** false: nothing more of this batch. */
  async #deleteOne(file: SealedFile, removals: Removal[]): Promise<boolean> {
    const removal = await this.#request.prepared.hand.source.remove(file, { ready: async () => this.#proveWhenStale(), allowed: () => this.#allowed() && this.#freshness.isFresh(), signal: this.#signal });
    removals.push(removal);
    if (removal.kind === 'removed') {
      this.#files += 1;
      this.#bytes += removal.freedBytes;
    }
    await this.#step('removed');
    return removal.kind === 'removed' || removal.kind === 'gone';
  }

  /** What was deleted is deleted: a note that cannot be written changes nothing of that, and the next intent will fail too. */
  async #noted(journal: ReclaimJournal, removals: readonly Removal[]): Promise<void> {
    await journal.note(removals).catch((error: unknown) => this.#env.events.emit({ type: 'problem', error, jobId: null }));
  }

  /** Asked right before each unlink. */
  #allowed(): boolean {
    return !this.#signal.aborted && this.#request.keeper.isCertain();
  }

  async #written<T>(write: () => Promise<T>): Promise<T> {
    try {
      return await write();
    } catch (error) {
      if (!(error instanceof Error) || !('syscall' in error || 'code' in error) || isLonghaulError(error)) throw error;
      throw new Stop([{ kind: 'cannot_write', detail: error.message }]);
    }
  }

  async #done(folders: number): Promise<ReclaimOutcome> {
    const { store } = this.#env;
    const { prepared, keeper } = this.#request;
    const { extra } = prepared.hand.look;
    const stays = extra.length === 0 ? null : `what was not sealed stays: ${count(extra.length, 'entry', 'entries')}`;
    await store.endReclaim(keeper.lease, { kind: 'done', reason: `freed: ${count(this.#files, 'file')}, ${count(this.#bytes, 'byte')}`, evidence: stays, filesFreed: this.#files, bytesFreed: this.#bytes });
    await this.#step('ended');
    return { kind: 'done', files: this.#files, bytes: this.#bytes, folders };
  }

  async #afterError(error: unknown): Promise<ReclaimOutcome> {
    const { keeper, signal } = this.#request;
    const counts = { files: this.#files, bytes: this.#bytes };
    if (error instanceof Killed) throw error.cause;
    if (keeper.state === 'lost' || isLonghaulError(error, 'LEASE_LOST')) return { kind: 'left', ...counts };
    const blockers = blockersOf(error);
    if (blockers !== null) return this.#stopped(blockers);
    if (keeper.state === 'withdrawn') return this.#stopped(withdrawn(this.#request.prepared.places));
    if (!signal.aborted && !(error instanceof Uncertain)) throw error;
    // A person who ends it does not want it gone on with; a reaper that is told to end leaves it to the next, which asks everything again.
    if (signal.aborted && this.#request.askedBy === 'person') return this.#stopped([{ kind: 'interrupted' }]);
    await this.#env.store.releaseReclaim(keeper.lease);
    return { kind: 'left', ...counts };
  }

  /** Also where this attempt stops before it comes to the journal. */
  async #lookIntoThePast(): Promise<void> {
    if (this.#past === 'counted') return;
    try {
      await using journal = await this.#openJournal();
      this.#countPast(journal);
    } catch (error) {
      // Only the figures are missing then.
      this.#env.events.emit({ type: 'problem', error, jobId: null });
    }
  }

  async #stopped(blockers: readonly Blocker[]): Promise<ReclaimOutcome> {
    const { prepared, keeper } = this.#request;
    await this.#lookIntoThePast();
    const [reason, ...others] = blockers.map((blocker) => blockerText(blocker, prepared.facts.sourcePath).what);
    const freed = this.#files === 0 ? 'nothing was deleted' : `deleted before, on proof: ${count(this.#files, 'file')}`;
    await this.#env.store.endReclaim(keeper.lease, {
      kind: 'stopped',
      reason: `not reclaimed: ${reason ?? 'an interlock no longer holds'}`,
      evidence: [...others, freed].join('; '),
      filesFreed: this.#files,
      bytesFreed: this.#bytes,
      ...(await this.#untouched()),
    });
    return { kind: 'stopped', blockers, files: this.#files, bytes: this.#bytes };
  }

  async #untouched(): Promise<{ readonly touched?: 'no' }> {
    const { prepared, keeper } = this.#request;
    const { seal, source } = prepared.hand;
    // Asked also where this run has not opened the journal: one before it, which died, may have.
    return this.#files === 0 ? untouched(this.#env, { reclaimId: keeper.lease.reclaimId, sourcePath: prepared.facts.sourcePath, seal, source }) : {};
  }

  async #step(step: Parameters<ReaperEnv['afterStep']>[0]): Promise<void> {
    try {
      await this.#env.afterStep(step);
    } catch (cause) {
      throw new Killed('killed', { cause });
    }
  }
}
