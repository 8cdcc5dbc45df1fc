import type { Job, JobState } from '@longhaul/sync-queue';

import type { SyncHost } from '../sync/sync-host.ts';

/** What goes on without its session: jobs of its outputs are the queue's, not the session's. */
export interface SessionJobs {
  /** That go on by themselves. */
  readonly underWay: readonly Job[];
  /** That wait for a person. */
  readonly failed: readonly Job[];
}

const UNDER_WAY: readonly JobState[] = ['QUEUED', 'RUNNING', 'AWAITING_VERIFY'];

/** The jobs of a session's outputs that are not done, the newest first; the first 500. */
export async function sessionJobs(session: string, { queue }: Pick<SyncHost, 'queue'>): Promise<SessionJobs> {
  const { jobs } = await queue.list({ session, states: [...UNDER_WAY, 'FAILED'], limit: 500 });
  return { underWay: jobs.filter(({ state }) => state !== 'FAILED'), failed: jobs.filter(({ state }) => state === 'FAILED') };
}
