import type { LoadedConfig } from '@longhaul/config';
import type { WorkerPolicy } from '@longhaul/sync-queue';

import type { DestinationRegistry } from '../destinations/destination-registry.ts';

/** What the settings say of a worker's numbers; they are read when it starts. */
export async function workerPolicy({ config: { config }, destinations }: { readonly config: LoadedConfig; readonly destinations: DestinationRegistry }): Promise<Partial<WorkerPolicy>> {
  const { worker, history } = config;
  return {
    ...(worker.stallMs === null ? {} : { stallMs: worker.stallMs }),
    retention: { detailsMs: history.detailsMs, jobsMs: history.jobsMs },
    slotsOf: await slotsOf(destinations),
  };
}

/** Of all destinations that jobs go to, whichever file defines them. */
async function slotsOf(destinations: DestinationRegistry): Promise<Readonly<Record<string, number>>> {
  const found = await Promise.all(destinations.ids().map(async (id) => await destinations.find(id)));
  const limited = found.flatMap((destination) => (destination?.settings.concurrency == null ? [] : [[destination.id, destination.settings.concurrency] as const]));
  return Object.fromEntries(limited);
}
