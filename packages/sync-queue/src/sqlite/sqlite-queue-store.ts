import { LeaseLostError } from '@longhaul/errors';
import type { TransferProgress } from '@longhaul/sync-transports';
import type { DestinationStatus, DueProbe, KnownPlace, ProbeOutcome } from '../destination-status.ts';
import type { HashingProgress, Job, JobEvent, Proof } from '../job.ts';
import type { JobPage, ListRequest } from '../job-filter.ts';
import { newJobId } from '../job-id.ts';
import type { JobState } from '../job-state.ts';
import type { AbandonedStaging, ClaimedJob, ClaimRequest, Heartbeat, Intent, LeaseRef, LeaseStatus, Orphan, RecoverRequest, SealRecord } from '../lease.ts';
import type { EnqueueResult, NewJob } from '../new-job.ts';
import type { Outcome } from '../outcome.ts';
import type { ChildProcess, Owner } from '../owner.ts';
import type { QueueStore } from '../queue-store.ts';
import type { ReclaimEnd, ReclaimLease } from '../reclaim/reclaim-store.ts';
import type { VerifyPassClaim, VerifyPassOutcome, VerifyPassRef, VerifyPassRequest } from '../verify-pass.ts';
import type { QueueStatus } from '../queue-status.ts';
import type { PruneRequest, PruneResult } from '../retention.ts';
import { requeueRefused } from './answer-again.ts';
import * as claims from './claim.ts';
import * as destinationTable from './destination-table.ts';
import { enqueue } from './enqueue.ts';
import * as hold from './hold.ts';
import type { FileSystemPorts } from './local-disk.ts';
import { NOTHING_PRUNED, prune, pruneDue } from './prune.ts';
import * as queries from './queries.ts';
import { QueueDatabase } from './queue-database.ts';
import type { Tx } from './queue-database.ts';
import * as reclaimReads from './reclaim-facts.ts';
import * as reclaims from './reclaim-table.ts';
import * as status from './queue-status.ts';
import * as recovery from './recover.ts';
import * as requests from './requests.ts';
import { settle } from './settle.ts';
import * as passes from './verify-passes.ts';
import { watchWal } from './wal-watch.ts';

/** How a queue file is opened. */
export interface SqliteQueueStoreOptions {
  /** The file; `:memory:` for a queue that ends with the object. */
  readonly path: string;
  /** The store's clock, milliseconds since 1970. Tests give their own. */
  readonly now?: () => number;
  /** At least 0, below 1; for ids. */
  readonly random?: () => number;
  /** Where it is learned on what kind of disk the file lies. */
  readonly fileSystem?: FileSystemPorts;
}

/**
 * The queue in one SQLite file that several processes of this machine share (design §5.5): WAL, every commit synced,
 * every write one BEGIN IMMEDIATE. Open it with {@link SqliteQueueStore.open}.
 */
export class SqliteQueueStore implements QueueStore {
  readonly #db: QueueDatabase;

  private constructor(db: QueueDatabase) {
    this.#db = db;
  }

  /**
   * Creates the file (0600) where there is none, migrates an older one after a copy, refuses a newer one, a damaged one,
   * another program's database and a network file system; none of these is written to.
   * @throws QueueStoreError
   */
  static async open(options: SqliteQueueStoreOptions): Promise<SqliteQueueStore> {
    const { path, now = Date.now, random, fileSystem } = options;
    const newId = (moment: number): string => newJobId(moment, random);
    return new SqliteQueueStore(await QueueDatabase.open({ path, now, newId, ...(fileSystem === undefined ? {} : { fileSystem }) }));
  }

  /** The file. */
  get path(): string {
    return this.#db.path;
  }

  async enqueue(request: NewJob): Promise<EnqueueResult> {
    return this.#db.write((tx) => enqueue(tx, request));
  }

  async claim(request: ClaimRequest): Promise<ClaimedJob | null> {
    if (!(await this.#db.read(claims.mayClaim))) return null;
    return this.#db.write((tx) => claims.claim(tx, request));
  }

  async heartbeat(lease: LeaseRef, { leaseMs }: { readonly leaseMs: number }): Promise<Heartbeat> {
    return this.#db.write((tx) => hold.heartbeat(tx, lease, leaseMs));
  }

  async progress(lease: LeaseRef, progress: TransferProgress): Promise<void> {
    await this.#db.write((tx) => hold.progress(tx, lease, progress));
  }

  async hashing(lease: LeaseRef, progress: HashingProgress): Promise<void> {
    await this.#db.write((tx) => hold.hashing(tx, lease, progress));
  }

  async intend(lease: LeaseRef, intent: Intent): Promise<void> {
    await this.#db.write((tx) => hold.intend(tx, lease, intent));
  }

  async recordProcess(lease: LeaseRef, process: ChildProcess): Promise<void> {
    await this.#db.write((tx) => hold.recordProcess(tx, lease, process));
  }

  async forgetProcess(jobId: string, process: ChildProcess): Promise<void> {
    await this.#db.write((tx) => hold.forgetProcess(tx, jobId, process));
  }

  async recordSeal(lease: LeaseRef, seal: SealRecord): Promise<Job> {
    return this.#db.write((tx) => hold.recordSeal(tx, lease, seal));
  }

  async raiseGeneration(lease: LeaseRef, { above }: { readonly above: number }): Promise<Job> {
    return this.#db.write((tx) => hold.raiseGeneration(tx, lease, above));
  }

  async latestSeal(sourceId: string): Promise<SealRecord | null> {
    return this.#db.read((tx) => hold.latestSeal(tx, sourceId));
  }

  async settle(lease: LeaseRef, outcome: Outcome): Promise<Job> {
    return this.#db.write((tx) => settle(tx, lease, outcome));
  }

  async retry(id: string): Promise<Job> {
    return this.#db.write((tx) => requests.retry(tx, id));
  }

  async cancel(id: string): Promise<{ readonly kind: 'cancelled' | 'requested'; readonly job: Job }> {
    return this.#db.write((tx) => requests.cancel(tx, id));
  }

  async move(id: string, change: { readonly from: JobState; readonly to: JobState; readonly reason: string; readonly evidence?: string | null }): Promise<Job> {
    return this.#db.write((tx) => requests.move(tx, id, change));
  }

  async leases(): Promise<readonly LeaseStatus[]> {
    return this.#db.read(recovery.leases);
  }

  async recover(request: RecoverRequest): Promise<readonly Job[]> {
    return this.#db.write((tx) => recovery.recover(tx, request));
  }

  async orphans(): Promise<readonly Orphan[]> {
    return this.#db.read(recovery.orphans);
  }

  async claimAbandonedStaging(request: { readonly owner: Owner; readonly leaseMs: number }): Promise<AbandonedStaging | null> {
    if (!(await this.#db.read(claims.anyAbandonedStaging))) return null;
    return this.#db.write((tx) => claims.claimAbandonedStaging(tx, request));
  }

  async reportStaging(jobId: string): Promise<void> {
    await this.#db.write((tx) => claims.reportStaging(tx, jobId));
  }

  async settleAbandonedStaging(lease: LeaseRef, outcome: Parameters<QueueStore['settleAbandonedStaging']>[1]): Promise<void> {
    const held = await this.#db.write((tx) => claims.settleAbandonedStaging(tx, lease, outcome));
    if (!held) throw new LeaseLostError(lease.jobId);
  }

  async claimVerifyPass(request: VerifyPassRequest): Promise<VerifyPassClaim> {
    const { target } = request;
    if (target.occasion === 'audit' && !(await this.#db.read((tx) => passes.auditDue(tx, target)))) return { kind: 'none' };
    return this.#db.write((tx) => passes.claimVerifyPass(tx, request));
  }

  async renewVerifyPass(pass: VerifyPassRef, { leaseMs }: { readonly leaseMs: number }): Promise<void> {
    await this.#db.write((tx) => passes.renewVerifyPass(tx, pass, leaseMs));
  }

  async settleVerifyPass(pass: VerifyPassRef, outcome: VerifyPassOutcome): Promise<Job> {
    return this.#db.write((tx) => passes.settleVerifyPass(tx, pass, outcome));
  }

  async get(id: string): Promise<Job | null> {
    return this.#db.read((tx) => queries.findJob(tx, id));
  }

  async list(request: ListRequest = {}): Promise<JobPage> {
    return this.#db.read((tx) => queries.list(tx, request));
  }

  async counts(): ReturnType<QueueStore['counts']> {
    return this.#db.read(queries.counts);
  }

  async history(id: string): Promise<readonly JobEvent[]> {
    return this.#db.read((tx) => queries.history(tx, id));
  }

  async events(request: { readonly after: number; readonly limit?: number }): Promise<readonly JobEvent[]> {
    return this.#db.read((tx) => queries.events(tx, request));
  }

  async proofs(id: string): Promise<readonly Proof[]> {
    return this.#db.read((tx) => queries.proofs(tx, id));
  }

  async destinations(): Promise<readonly DestinationStatus[]> {
    return this.#db.read(destinationTable.allDestinations);
  }

  async destination(name: string): Promise<DestinationStatus | null> {
    return this.#db.read((tx) => destinationTable.findDestination(tx, name));
  }

  async pauseDestination(name: string): Promise<DestinationStatus> {
    return this.#db.write((tx) => destinationTable.pause(tx, name));
  }

  async resumeDestination(name: string): Promise<DestinationStatus> {
    return this.#db.write((tx) => destinationTable.resume(tx, name));
  }

  async renewDestination(name: string): Promise<DestinationStatus> {
    return this.#db.write((tx) => destinationTable.renew(tx, name));
  }

  async knownPlace(name: string, { limit }: { readonly limit: number }): Promise<KnownPlace> {
    return this.#db.read((tx) => destinationTable.knownPlace(tx, name, limit));
  }

  async rememberPlace(name: string, place: string): Promise<void> {
    await this.#db.write((tx) => destinationTable.rememberPlace(tx, name, place));
  }

  async pauseQueue(): Promise<QueueStatus> {
    return this.#db.write((tx) => status.setPaused(tx, tx.now));
  }

  async resumeQueue(): Promise<QueueStatus> {
    return this.#db.write((tx) => status.setPaused(tx, 0));
  }

  async queueStatus(): Promise<QueueStatus> {
    return this.#db.read(status.read);
  }

  async prune(request: PruneRequest): Promise<PruneResult> {
    if (!(await this.#db.read((tx) => pruneDue(tx, request)))) return NOTHING_PRUNED;
    return this.#db.write((tx) => prune(tx, request));
  }

  async claimProbe({ leaseMs }: { readonly leaseMs: number }): Promise<DueProbe | null> {
    const blocked = await this.#db.read(destinationTable.anyProbeDue);
    return blocked ? this.#db.write((tx) => destinationTable.claimProbe(tx, leaseMs)) : null;
  }

  async settleProbe(name: string, outcome: ProbeOutcome): ReturnType<QueueStore['settleProbe']> {
    return this.#db.write((tx) => settleProbe(tx, name, outcome));
  }

  async reclaimSources(request: { readonly after: number; readonly limit: number }): ReturnType<QueueStore['reclaimSources']> {
    return this.#db.read((tx) => reclaimReads.reclaimSources(tx, request));
  }

  async reclaimFacts(sourceId: string): ReturnType<QueueStore['reclaimFacts']> {
    return this.#db.read((tx) => reclaimReads.reclaimFacts(tx, sourceId));
  }

  async reclaimNeighbours(sourceId: string): ReturnType<QueueStore['reclaimNeighbours']> {
    return this.#db.read((tx) => reclaimReads.reclaimNeighbours(tx, sourceId));
  }

  async reclaimOverlaps(sourceId: string): ReturnType<QueueStore['reclaimOverlaps']> {
    return this.#db.read((tx) => reclaimReads.reclaimOverlaps(tx, sourceId));
  }

  async beginReclaim(request: Parameters<QueueStore['beginReclaim']>[0]): ReturnType<QueueStore['beginReclaim']> {
    return this.#db.write((tx) => reclaims.beginReclaim(tx, request));
  }

  async takeOverReclaim(request: Parameters<QueueStore['takeOverReclaim']>[0]): ReturnType<QueueStore['takeOverReclaim']> {
    return this.#db.write((tx) => reclaims.takeOverReclaim(tx, request));
  }

  async renewReclaim(lease: ReclaimLease, { leaseMs }: { readonly leaseMs: number }): ReturnType<QueueStore['renewReclaim']> {
    return this.#db.write((tx) => reclaims.renewReclaim(tx, lease, leaseMs));
  }

  async intendReclaim(lease: ReclaimLease): ReturnType<QueueStore['intendReclaim']> {
    return this.#db.write((tx) => reclaims.intendReclaim(tx, lease));
  }

  async endReclaim(lease: ReclaimLease, end: ReclaimEnd): Promise<void> {
    await this.#db.write((tx) => reclaims.endReclaim(tx, lease, end));
  }

  async releaseReclaim(lease: ReclaimLease): Promise<void> {
    await this.#db.write((tx) => reclaims.releaseReclaim(tx, lease));
  }

  async openReclaims(): ReturnType<QueueStore['openReclaims']> {
    return this.#db.read(reclaimReads.openReclaims);
  }

  async reclaimedResult(place: Parameters<QueueStore['reclaimedResult']>[0]): ReturnType<QueueStore['reclaimedResult']> {
    return this.#db.read((tx) => reclaimReads.reclaimedResult(tx, place));
  }

  async nextDueInMs(): Promise<number | null> {
    return this.#db.read(queries.nextDueInMs);
  }

  async hasActive(): Promise<boolean> {
    return this.#db.read(queries.hasActive);
  }

  watch(listener: () => void): Disposable {
    return watchWal({ path: this.#db.path, version: () => this.#db.dataVersion() }, listener);
  }

  /** Closing twice is harmless. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#db.close();
    return Promise.resolve();
  }
}

function settleProbe(tx: Tx, name: string, outcome: ProbeOutcome): { readonly status: DestinationStatus; readonly requeued: number } {
  destinationTable.recordProbe(tx, name, outcome);
  const requeued = outcome.verdict.kind === 'release' ? requeueRefused(tx, name) : 0;
  return { status: destinationTable.mustFind(tx, name), requeued };
}
