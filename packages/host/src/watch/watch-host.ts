import { realpathSync } from 'node:fs';

import type { LoadedConfig } from '@longhaul/config';
import type { Job, QueueStore, SyncQueue, WorkerPorts } from '@longhaul/sync-queue';
import type { SourceSurveyor } from '@longhaul/sync-transports';

import type { DestinationRegistry, ResolvedDestination } from '../destinations/destination-registry.ts';
import { enqueueFolder } from './enqueue-folder.ts';
import { runWatch, watchLock } from './run-watch.ts';
import type { WatchedTop } from './watched-folders.ts';
import { watchedTop } from './watched-folders.ts';

/** So many jobs are asked for at once. */
const PAGE = 500;

/** What of a sync host watching needs. */
export interface WatchHostParts {
  readonly config: LoadedConfig;
  readonly stateDir: string;
  readonly destinations: DestinationRegistry;
  readonly store: QueueStore;
  readonly queue: SyncQueue;
  readonly worker: Pick<WorkerPorts, 'seals' | 'sealer'>;
  readonly surveyor: SourceSurveyor;
}

/** How folders are watched. */
export interface WatchOptions {
  readonly signal: AbortSignal;
  /** One line at a time. */
  readonly log: (text: string) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/** The watched folders, and whether anybody looks after them. */
export interface Watched {
  readonly watcher: 'runs' | 'none';
  readonly watched: readonly WatchedTop[];
}

export async function watchFolders({ config, stateDir, destinations, queue, worker, surveyor }: WatchHostParts, { signal, log, now = Date.now }: WatchOptions): Promise<void> {
  const registered = new Map<string, ResolvedDestination>();
  const destination = (name: string): ResolvedDestination => {
    const found = registered.get(name) ?? destinations.register(name, config);
    registered.set(name, found);
    return found;
  };
  const ports = { destination, queue, seals: worker.seals, sealer: worker.sealer };
  const local = [...config.config.destinations.values()].flatMap((settings) => (settings.type === 'local' ? [settings.path] : []));
  await runWatch({
    stateDir,
    watch: config.config.watch,
    signal,
    ports: {
      now,
      log,
      never: [stateDir, ...local].map(realPathOf),
      glance: async (source) => await surveyor.glance(source, { signal }),
      enqueue: async (folder) => await enqueueFolder(folder, ports),
    },
  });
}

export async function watchedFolders({ config, stateDir, store }: WatchHostParts): Promise<Watched> {
  const options = { stateDir, now: Date.now(), jobs: async (ids: readonly string[]) => await jobsById(store, ids) };
  const watched = await Promise.all(config.config.watch.map(async (settings) => await watchedTop(settings, options)));
  return { watcher: watchLock(stateDir).state().kind === 'held' ? 'runs' : 'none', watched };
}

async function jobsById(store: QueueStore, ids: readonly string[]): Promise<readonly Job[]> {
  const jobs: Job[] = [];
  for (let start = 0; start < ids.length; start += PAGE) jobs.push(...(await store.list({ ids: ids.slice(start, start + PAGE), limit: PAGE })).jobs);
  return jobs;
}

/** A place that is not there (yet) is known by its name. */
function realPathOf(file: string): string {
  try {
    return realpathSync(file);
  } catch {
    return file;
  }
}
