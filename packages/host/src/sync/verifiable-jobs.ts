import type { Config } from '@longhaul/config';
import type { AuditBudget, Job, QueueStore } from '@longhaul/sync-queue';

/** What the configuration allows the rolling audit; undefined: none is wanted. */
export function auditBudget({ audit }: Config): AuditBudget | undefined {
  if (!audit.enabled) return undefined;
  const { everyMs, maxFilesPerDay, maxBytesPerDay } = audit;
  return { everyMs, maxFilesPerDay, maxBytesPerDay };
}

/** Results in place, the one proven longest ago first. What a newer generation has replaced is not among them. */
export async function verifiableJobs(store: QueueStore, destination?: string): Promise<readonly Job[]> {
  const jobs: Job[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await store.list({ states: ['VERIFIED', 'CLEANUP_ELIGIBLE', 'CLEANED'], limit: 500, ...(destination === undefined ? {} : { destination }), ...(cursor == null ? {} : { cursor }) });
    jobs.push(...page.jobs.filter(({ provenAt }) => provenAt !== null));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return jobs.sort((a, b) => (a.provenAt ?? '').localeCompare(b.provenAt ?? ''));
}
