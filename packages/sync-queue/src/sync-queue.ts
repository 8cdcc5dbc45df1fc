import { ConfigError, JobNotFoundError } from '@longhaul/errors';
import type { LonghaulError } from '@longhaul/errors';
import { isLonghaulError } from '@longhaul/errors';
import { displayPath, renderFinalName, sourceFilter, sourceIdOf } from '@longhaul/sync-transports';
import type { RawPath, ReceiptRun, SealSource, SourceFilter } from '@longhaul/sync-transports';
import type { DestinationStatus } from './destination-status.ts';
import type { Job, JobEvent, Proof } from './job.ts';
import type { JobFilter, JobPage, ListRequest } from './job-filter.ts';
import type { EnqueueResult } from './new-job.ts';
import type { QueueStore } from './queue-store.ts';
import type { QueueStatus } from './queue-status.ts';

/** What a queue needs to know of its host. */
export interface SyncQueueOptions {
  readonly store: QueueStore;
  /** Resolves symlinks and records the device: `Sealer.resolve`. */
  readonly resolveSource: (path: string) => Promise<SealSource>;
  /** Names this state directory: two of them never overwrite each other's results. */
  readonly hostId: string;
  /** `{host}` in templates. */
  readonly hostName: string;
  /** Milliseconds since 1970; `{date}` in templates. */
  readonly now?: () => number;
}

/** A source and where it is to go. */
export interface EnqueueRequest {
  /** A folder or a file; relative paths start at the working directory. */
  readonly source: string;
  /** Name of a destination of the configuration. */
  readonly destination: string;
  /** Template of `{name}`, `{session}`, `{run}`, `{host}`, `{date}`; default `{name}`, with a run `{session}/{run}/{name}` (design §5.2). */
  readonly finalNameTemplate?: string;
  /** Which run made the data; it stands in the receipt. */
  readonly run?: ReceiptRun;
  /** The same key never makes a second job, whatever becomes of the first (design §6). */
  readonly dedupKey?: string;
  /** What of a folder is sent; default: everything. */
  readonly filter?: Partial<SourceFilter>;
  /** Higher goes first; default 0. */
  readonly priority?: number;
}

/** What an enqueue would do. */
export interface EnqueuePlan {
  readonly source: SealSource;
  readonly sourceId: string;
  readonly finalName: RawPath;
  readonly kind: EnqueueResult['kind'];
  readonly because: 'active' | 'failed' | null;
  /** The newest job of the same source, destination and final name; null: there was none. */
  readonly job: Job | null;
  /** The newest of them that was proven: what lies there now, as far as this queue knows. */
  readonly proven: Job | null;
}

/** What came of a retry of many. */
export interface RetryAllResult {
  readonly retried: readonly Job[];
  /** Each with its reason; one refusal does not keep the others. */
  readonly refused: readonly { readonly job: Job; readonly error: LonghaulError }[];
}

/** What people and programs ask of the queue. It holds nothing: any number of these may share a store. */
export class SyncQueue {
  readonly #options: SyncQueueOptions;

  constructor(options: SyncQueueOptions) {
    this.#options = options;
  }

  /**
   * Puts a source on its way. It is not read here: the worker seals it, so this returns at once. The same source, destination
   * and final name have one active job; content that is at the destination already is found when it is sealed, and the
   * job ends VERIFIED without a byte sent.
   * @throws SourceNotFoundError, SourceUnreadableError, ConfigError (the template, the filter), QueueStoreError
   */
  async enqueue(request: EnqueueRequest): Promise<EnqueueResult> {
    return this.#options.store.enqueue({
      ...(await this.#placed(request)),
      destination: request.destination,
      run: request.run ?? null,
      dedupKey: request.dedupKey ?? null,
      priority: request.priority ?? 0,
    });
  }

  /** What {@link enqueue} would do; nothing is written. @throws as enqueue does */
  async plan(request: EnqueueRequest): Promise<EnqueuePlan> {
    const placed = await this.#placed(request);
    const { sourceId, finalName } = placed;
    const { jobs } = await this.list({ sourceId, destination: request.destination, limit: 500 });
    const [job = null, ...older] = jobs.filter((one) => one.finalName === displayPath(finalName));
    return { ...placed, ...standing(job), proven: [job, ...older].find((one) => one !== null && PROVEN.has(one.state)) ?? null };
  }

  /** @throws JobNotFoundError */
  async get(id: string): Promise<Job> {
    const job = await this.#options.store.get(id);
    if (job === null) throw new JobNotFoundError(id);
    return job;
  }

  /** Newest first, by pages. */
  async list(request: ListRequest = {}): Promise<JobPage> {
    return this.#options.store.list(request);
  }

  /** Every transition with its reason and evidence, oldest first. @throws JobNotFoundError */
  async history(id: string): Promise<readonly JobEvent[]> {
    return this.#options.store.history(id);
  }

  /** @throws JobNotFoundError */
  async proofs(id: string): Promise<readonly Proof[]> {
    return this.#options.store.proofs(id);
  }

  /** Events of the whole queue after a cursor. */
  async events(request: { readonly after: number; readonly limit?: number }): Promise<readonly JobEvent[]> {
    return this.#options.store.events(request);
  }

  /** A failed or cancelled job with a fresh budget; a waiting one at once. @throws JobNotFoundError, IllegalTransitionError, JobConflictError */
  async retry(id: string): Promise<Job> {
    return this.#options.store.retry(id);
  }

  /** Each FAILED job that the filter names (or those in `states`), one by one. */
  async retryAll(filter: JobFilter = {}): Promise<RetryAllResult> {
    const jobs = await this.#all({ states: ['FAILED'], ...filter });
    const retried: Job[] = [];
    const refused: { job: Job; error: LonghaulError }[] = [];
    // Oldest first, as they were enqueued.
    for (const job of jobs.reverse()) {
      const result = await this.#tryRetry(job);
      if ('error' in result) refused.push(result);
      else retried.push(result.job);
    }
    return { retried, refused };
  }

  /** `requested`: a worker holds it and lets go within a heartbeat; during publish it is decided after the rename. @throws JobNotFoundError, IllegalTransitionError */
  async cancel(id: string): Promise<{ readonly kind: 'cancelled' | 'requested'; readonly job: Job }> {
    return this.#options.store.cancel(id);
  }

  async destinations(): Promise<readonly DestinationStatus[]> {
    return this.#options.store.destinations();
  }

  /** Its jobs wait until it is resumed; what runs goes on. */
  async pauseDestination(name: string): Promise<DestinationStatus> {
    return this.#options.store.pauseDestination(name);
  }

  async resumeDestination(name: string): Promise<DestinationStatus> {
    return this.#options.store.resumeDestination(name);
  }

  /** It was emptied or replaced on purpose: it is used again although nothing of what was proven is there. What is missing is found by the audit. */
  async renewDestination(name: string): Promise<DestinationStatus> {
    return this.#options.store.renewDestination(name);
  }

  /** Every job waits until it is resumed; what runs goes on. */
  async pauseAll(): Promise<QueueStatus> {
    return this.#options.store.pauseQueue();
  }

  /** Destinations that were paused one by one stay so. */
  async resumeAll(): Promise<QueueStatus> {
    return this.#options.store.resumeQueue();
  }

  async status(): Promise<QueueStatus> {
    return this.#options.store.queueStatus();
  }

  async #placed(request: EnqueueRequest): Promise<Pick<EnqueuePlan, 'source' | 'sourceId' | 'finalName'>> {
    const { resolveSource, hostId } = this.#options;
    const source = filtered(await resolveSource(request.source), request.filter);
    return { source, sourceId: sourceIdOf(hostId, source), finalName: this.#finalName(request, source) };
  }

  #finalName({ finalNameTemplate, run }: EnqueueRequest, source: SealSource): RawPath {
    const { hostName, now = Date.now } = this.#options;
    const template = finalNameTemplate ?? (run === undefined ? '{name}' : '{session}/{run}/{name}');
    const date = new Date(now()).toISOString().slice(0, 10);
    return renderFinalName(template, { name: source.name, session: run?.session, run: run?.runId, host: hostName, date });
  }

  async #tryRetry(job: Job): Promise<{ readonly job: Job } | { readonly job: Job; readonly error: LonghaulError }> {
    try {
      return { job: await this.retry(job.id) };
    } catch (error) {
      if (isLonghaulError(error) && !isLonghaulError(error, 'QUEUE_STORE')) return { job, error };
      throw error;
    }
  }

  /** Read before anything is written: what is retried must not appear on a later page again. */
  async #all(filter: JobFilter): Promise<Job[]> {
    const jobs: Job[] = [];
    let cursor: string | null | undefined;
    do {
      const page = await this.list({ ...filter, limit: 500, ...(cursor == null ? {} : { cursor }) });
      jobs.push(...page.jobs);
      cursor = page.nextCursor;
    } while (cursor !== null);
    return jobs;
  }
}

/** @throws ConfigError */
function filtered(source: SealSource, asked: Partial<SourceFilter> = {}): SealSource {
  const filter = sourceFilter(asked);
  if (filter === undefined) return source;
  if (source.kind === 'directory') return { ...source, filter };
  throw new ConfigError(`${displayPath(source.name)} is a single file, and a filter chooses among the files of a folder`, { fix: 'send it without include and exclude' });
}

const PROVEN: ReadonlySet<Job['state']> = new Set(['VERIFIED', 'CLEANUP_ELIGIBLE', 'CLEANED']);

function standing(job: Job | null): Pick<EnqueuePlan, 'kind' | 'because' | 'job'> {
  switch (job?.state) {
    case undefined:
      return { kind: 'created', because: null, job };
    case 'QUEUED':
    case 'RUNNING':
    case 'AWAITING_VERIFY':
      return { kind: 'duplicate', because: 'active', job };
    case 'FAILED':
      return { kind: 'duplicate', because: 'failed', job };
    case 'VERIFIED':
    case 'CLEANUP_ELIGIBLE':
    case 'CLEANED':
    case 'CANCELLED':
      return { kind: 'newGeneration', because: null, job };
  }
}
