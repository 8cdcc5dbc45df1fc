import type { RunDirectory, RunStore } from '@longhaul/sessions';
import type { Job } from '@longhaul/sync-queue';

import type { SyncHost } from '../sync/sync-host.ts';
import { readOutputRecord } from './output-record.ts';

/** Where one output of a run is on its way to one destination. */
export interface OutputState {
  readonly path: string;
  readonly destination: string;
  /** null before the run has ended, and where `problem` says why there is none. */
  readonly job: Job | null;
  readonly problem: string | null;
}

export interface OutputStatePorts {
  readonly runs: RunStore;
  readonly sync: () => Promise<SyncHost>;
}

/** The outputs of a run, with their jobs once it has ended. */
export async function outputStates(run: RunDirectory, { runs, sync }: OutputStatePorts): Promise<readonly OutputState[]> {
  const record = readOutputRecord(run);
  if (record === null) {
    const { outputs } = await runs.recordedSpec(run);
    return outputs.flatMap(({ path, to }) => to.map((destination) => ({ path, destination, job: null, problem: null })));
  }
  const queue = record.outcomes.some(({ jobId }) => jobId !== null) ? (await sync()).store : null;
  return await Promise.all(
    record.outcomes.map(async ({ path, destination, jobId, problem }) => {
      const job = jobId === null ? null : ((await queue?.get(jobId)) ?? null);
      return { path, destination, job, problem: problem ?? (job === null ? `its job ${jobId ?? ''} is not in the queue any more` : null) };
    }),
  );
}
