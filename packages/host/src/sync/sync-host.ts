import { realpathSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import type { Environment, LoadedConfig } from '@longhaul/config';
import { ConfigError, JobNotFoundError } from '@longhaul/errors';
import type { ProcessRunner } from '@longhaul/exec';
import { identityOf } from '@longhaul/exec';
import type { RunDirectory, RunStore } from '@longhaul/sessions';
import type { EnqueueResult, Job, QueueStore, Reaper, SyncQueue, VerifyReport, WorkerEvent, WorkerPorts } from '@longhaul/sync-queue';
import { knownPlaces, systemClock, Verifier } from '@longhaul/sync-queue';
import type { ProbeReport, ReceiptReport, SourceFilter, SourceSurveyor } from '@longhaul/sync-transports';
import { checkReceipts, displayPath, rawPathFromText } from '@longhaul/sync-transports';

import type { DestinationRegistry, ResolvedDestination } from '../destinations/destination-registry.ts';
import { enqueueOutputs } from '../outputs/enqueue-outputs.ts';
import type { OutputOutcome } from '../outputs/output-record.ts';
import type { OfferedKey, TrustOffer } from '../trust/trust-host.ts';
import { acceptTrust, offerTrust } from '../trust/trust-host.ts';
import type { WorkerPresence } from '../worker/ensure-worker.ts';
import { ensureWorker, workerPresence } from '../worker/ensure-worker.ts';
import type { DrainOptions, DrainOutcome } from '../worker/drain-alone.ts';
import { drainAlone } from '../worker/drain-alone.ts';
import type { DestinationInfo } from './destination-list.ts';
import { listDestinations } from './destination-list.ts';
import { followJobs } from './follow-jobs.ts';
import type { PushPreview } from './preview-push.ts';
import { previewPush } from './preview-push.ts';
import type { WorkOptions } from './queue-work.ts';
import { QueueWork } from './queue-work.ts';
import type { Watched, WatchOptions } from '../watch/watch-host.ts';
import { watchedFolders, watchFolders } from '../watch/watch-host.ts';
import type { TransportPool } from './transport-pool.ts';
import { refuseUnusable } from './transport-pool.ts';
import { verifiableJobs } from './verifiable-jobs.ts';

/** How often a result is asked for that another process reads. Milliseconds. */
const BUSY_POLL_MS = 300;

/** What a sync host is made of; openSyncHost makes it. */
export interface SyncHostParts {
  readonly config: LoadedConfig;
  readonly stateDir: string;
  readonly env: Environment;
  readonly program: readonly string[] | null;
  readonly runner: ProcessRunner;
  readonly runs: RunStore;
  readonly destinations: DestinationRegistry;
  readonly store: QueueStore;
  readonly queue: SyncQueue;
  readonly transports: TransportPool;
  readonly worker: WorkerPorts;
  readonly surveyor: SourceSurveyor;
  /** Closed with the host, after everything that uses it. */
  readonly close: () => Promise<void>;
}

/** A source and where a person wants it. */
export interface PushInput {
  /** Absolute. */
  readonly source: string;
  /** Names of destinations, or absolute paths of folders. */
  readonly to: readonly string[];
  /** Template of the final name; null: the destination's, else `{name}`. */
  readonly as: string | null;
  /** Higher goes first; 0 if not given. */
  readonly priority?: number;
  /** What of a folder is sent; absent: everything. */
  readonly filter?: Partial<SourceFilter>;
}

/** What came of one destination of a push. */
export interface PushedJob {
  readonly destination: string;
  readonly kind: EnqueueResult['kind'];
  readonly because: 'active' | 'dedupKey' | 'failed' | null;
  readonly job: Job;
}

/** How to look at a result again. */
export interface VerifyOptions {
  readonly signal: AbortSignal;
  readonly onEvent?: (event: WorkerEvent) => void;
}

/** The queue of one machine with its transports and workers (design §6). */
export class SyncHost implements AsyncDisposable {
  readonly store: QueueStore;
  readonly queue: SyncQueue;
  readonly #work: QueueWork;
  #parts: SyncHostParts;
  #changed = new AbortController();

  constructor(parts: SyncHostParts) {
    this.#parts = parts;
    this.#work = new QueueWork(parts);
    this.store = parts.store;
    this.queue = parts.queue;
  }

  /** @throws ConfigError (a destination or a name), SourceNotFoundError, SourceUnreadableError, before anything is queued */
  async push({ source, to, as, priority = 0, filter = {} }: PushInput): Promise<readonly PushedJob[]> {
    const { destinations, config } = this.#parts;
    const resolved = [...new Set(to)].map((name) => destinations.register(name, config));
    for (const { id, settings } of resolved) refuseUnusable(id, settings);
    const pushed: PushedJob[] = [];
    for (const { id, settings } of resolved) {
      const template = as ?? settings.as;
      const result = await this.queue.enqueue({ source, destination: id, priority, filter, ...(template === null ? {} : { finalNameTemplate: template }) });
      pushed.push({ destination: id, kind: result.kind, because: result.kind === 'duplicate' ? result.because : null, job: result.job });
    }
    return pushed;
  }

  /** What {@link push} would do. Changes nothing, here or there. @throws as push does, and what sealing throws before it reads a file */
  async preview(input: PushInput, signal?: AbortSignal): Promise<PushPreview> {
    return await previewPush(input, { ...this.#parts }, signal);
  }

  /** Puts the outputs of an ended run into the queue; see enqueueOutputs. */
  async enqueueOutputs(run: RunDirectory): Promise<readonly OutputOutcome[]> {
    const { runs, queue, destinations } = this.#parts;
    return await enqueueOutputs(run, { runs, queue, destinations });
  }

  /** A job by its id, or by the beginning of it. @throws JobNotFoundError, also where several begin so */
  async findJob(idOrPrefix: string): Promise<Job> {
    const id = idOrPrefix.toUpperCase();
    const exact = await this.store.get(id);
    if (exact !== null) return exact;
    const { jobs } = /^[0-9A-Z]{4,}$/.test(id) ? await this.store.list({ idPrefix: id, limit: 2 }) : { jobs: [] };
    const [only, other] = jobs;
    if (only !== undefined && other === undefined) return only;
    throw new JobNotFoundError(idOrPrefix, other === undefined ? {} : { hint: 'several jobs begin so: give more of the id' });
  }

  /** The newest job of a source, for people who know the folder and not the id. null: there is none, or no such path. */
  async findJobOfSource(source: string): Promise<Job | null> {
    const real = realPathOrNull(source);
    const { jobs } = real === null ? { jobs: [] } : await this.store.list({ source: displayPath(rawPathFromText(real)), limit: 1 });
    return jobs[0] ?? null;
  }

  /** The jobs as they stand, again with every change, until all have settled. Keeps a worker going meanwhile. */
  follow(ids: readonly string[], signal: AbortSignal): AsyncGenerator<readonly Job[]> {
    return followJobs(ids, { store: this.store, signal, care: async () => { await this.ensureWorker(); } });
  }

  /** Aborted when the configuration is replaced; then there is another one. */
  get changed(): AbortSignal {
    return this.#changed.signal;
  }

  /** Another configuration from now on: workers and what looks after reclaim go on with it as they are. @throws ConfigError; then nothing has changed */
  async adopt(config: LoadedConfig): Promise<void> {
    const parts = { ...this.#parts, config };
    await this.#work.adopt(parts);
    this.#parts = parts;
    const changed = this.#changed;
    this.#changed = new AbortController();
    changed.abort();
  }

  /** Who works on the queue now. */
  workerPresence(): 'server' | 'worker' | 'none' {
    return workerPresence(this.#parts.stateDir);
  }

  /** Makes sure that somebody does. `ahead`: what Host.startWorkerAhead has started for it; as long as that lives, it is that one. */
  async ensureWorker(ahead: number | null = null): Promise<WorkerPresence> {
    return ahead !== null && identityOf(ahead) !== null ? 'started' : await ensureWorker(this.#parts);
  }

  /** Works on the queue in this process. Any number of processes may. @throws QueueStoreError when the queue cannot be used any more */
  async work(options: WorkOptions): Promise<void> {
    await this.#work.run(options);
  }

  /** Who frees local copies, as the configuration wants it (design §5.6). */
  reaper(): Reaper {
    return this.#work.reaper();
  }

  /** Watches the folders of the configuration until the signal; somebody must work on the queue beside it. Another process that does so already goes first. */
  async watchFolders(options: WatchOptions): Promise<void> {
    await watchFolders(this.#parts, options);
  }

  /** The watched folders as whoever watches them has seen them last. */
  async watched(): Promise<Watched> {
    return await watchedFolders(this.#parts);
  }

  /** The detached worker: works until nothing is left, if nobody else does; writes `worker.log`. */
  async drainAlone(options: DrainOptions): Promise<DrainOutcome> {
    return await drainAlone(this, this.#parts.stateDir, options);
  }

  /** Every result that is in place as far as the queue knows, the one proven longest ago first; `destination`: only those there. */
  async verifiable(destination?: string): Promise<readonly Job[]> {
    return await verifiableJobs(this.store, destination);
  }

  /** Reads a published result again at its destination, see Verifier; waits while another process does. @throws JobNotFoundError, the signal's reason */
  async verify(jobId: string, { signal, onEvent }: VerifyOptions): Promise<Exclude<VerifyReport, { kind: 'busy' }>> {
    const verifier = new Verifier(this.#parts.worker);
    if (onEvent !== undefined) verifier.on(onEvent);
    for (;;) {
      const report = await verifier.verify(jobId, { signal });
      if (report.kind !== 'busy') return report;
      await delay(BUSY_POLL_MS, undefined, { signal });
    }
  }

  /** Walks the chain of receipts of a destination. null: its transport keeps none. @throws ConfigError for one that nobody knows, TransportError */
  async checkReceipts(name: string, signal: AbortSignal): Promise<ReceiptReport | null> {
    const { id, settings } = await this.#resolve(name);
    refuseUnusable(id, settings);
    const { transport } = (await this.#parts.transports.find(id)) ?? {};
    const listing = await transport?.listReceipts?.({ signal });
    return listing === undefined ? null : checkReceipts(listing);
  }

  /** Configured destinations and those that were used before. */
  async destinations(): Promise<readonly DestinationInfo[]> {
    const { config, destinations } = this.#parts;
    return await listDestinations({ config, destinations, statuses: await this.queue.destinations() });
  }

  /** The id that jobs carry for a name. @throws ConfigError for one that nobody knows */
  async destinationId(name: string): Promise<string> {
    return (await this.#resolve(name)).id;
  }

  /** Asks a destination now. @throws ConfigError for one that nobody knows */
  async probe(name: string, signal?: AbortSignal): Promise<ProbeReport> {
    const { id, settings } = await this.#resolve(name);
    refuseUnusable(id, settings);
    const destination = await this.#parts.transports.find(id);
    if (destination === null) throw new ConfigError(`there is no destination "${name}"`);
    const known = await knownPlaces(() => Promise.resolve(destination), { store: this.store, clock: systemClock })(id);
    return await (known ?? destination).transport.probe(signal === undefined ? {} : { signal });
  }

  /** The keys of an ssh destination's host, to be compared by a person. @throws ConfigError for a destination without ssh */
  async offerTrust(name: string): Promise<TrustOffer> {
    const { id, settings } = await this.#resolve(name);
    if (settings.type === 'rsync_ssh') return await offerTrust(id, settings, this.#parts.runner);
    throw new ConfigError(`destination "${name}" is not reached by ssh: it has no host key`);
  }

  /** Writes the keys that a person has compared. @throws TransportError when one has changed */
  acceptTrust(offer: TrustOffer): readonly OfferedKey[] {
    return acceptTrust(offer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.transports[Symbol.asyncDispose]();
    await this.#parts.close();
  }

  async #resolve(name: string): Promise<ResolvedDestination> {
    const { config, destinations } = this.#parts;
    if (config.config.destinations.has(name)) return destinations.register(name, config);
    return (await destinations.find(name)) ?? destinations.register(name, config);
  }
}

function realPathOrNull(file: string): string | null {
  try {
    return realpathSync(file);
  } catch {
    // No such path (any more): it is no source that could be looked for by name.
    return null;
  }
}
