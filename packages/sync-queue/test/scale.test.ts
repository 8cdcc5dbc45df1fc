import { SqliteQueueStore } from '@longhaul/sync-queue';
import type { ClaimRequest, NewJob, QueueStore } from '@longhaul/sync-queue';
import { rawPathFromText } from '@longhaul/sync-transports';
import { tempDir } from '@longhaul/testbed';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished, vi } from 'vitest';

const FINISHED = 100_000;
const WAITING = 10_000;
const CLAIM: ClaimRequest = { owner: { host: 'h', bootId: 'b', pid: 1, processStartTime: '1' }, leaseMs: 60_000, slots: 100 };

function newJob(name: string): NewJob {
  return { source: { kind: 'directory', root: rawPathFromText(`/data/${name}`), name: rawPathFromText(name), dev: 1n }, sourceId: `id-${name}`, destination: 'nas', finalName: rawPathFromText(name), run: null, dedupKey: null, priority: 0 };
}

async function finishOne(store: QueueStore): Promise<string> {
  await store.enqueue(newJob('done'));
  const claimed = await store.claim(CLAIM);
  if (claimed === null) throw new Error('nothing to claim');
  await store.recordSeal(claimed.lease, { id: 'seal', sourceId: 'id-done', digest: 'd', sealedAt: '', files: 1, bytes: 1 });
  await store.settle(claimed.lease, { kind: 'pushed', where: 'staged', reason: 'pushed' });
  await store.settle(claimed.lease, { kind: 'verified', reason: 'proven', staging: 'removed', covers: 1, proof: { sealId: 'seal', sealDigest: 'd', strength: 'sha256', files: 1, bytes: 1 } });
  return claimed.job.id;
}

/** So many copies of the job with this number, each of a source of its own. */
function copyJobs(path: string, { seq, copies }: { readonly seq: number; readonly copies: number }): void {
  const db = new Database(path);
  db.pragma('synchronous = OFF');
  const own = ['seq', 'id', 'source_id', 'final_name'];
  const columns = (db.prepare('PRAGMA table_info(jobs)').all() as { readonly name: string }[]).map(({ name }) => name).filter((name) => !own.includes(name)).join(', ');
  db.prepare(
    `INSERT INTO jobs (id, source_id, final_name, ${columns}) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     SELECT id || printf('%08d', i), source_id || i, final_name || i, ${columns} FROM jobs, n WHERE seq = ?`,
  ).run(copies, seq);
  db.close();
}

/** Every statement that a store prepares while `work` runs. */
async function statementsOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  const prepare = vi.spyOn(Database.prototype as { prepare(text: string): unknown }, 'prepare');
  await work();
  return [...new Set(prepare.mock.calls.map(([text]) => text))];
}

describe(`a queue of ${String(FINISHED)} finished and ${String(WAITING)} waiting jobs`, () => {
  it('is asked by index: no question looks through all of it, or sorts it', { timeout: 240_000 }, async () => {
    const dir = await tempDir();
    onTestFinished(async () => dir[Symbol.asyncDispose]());
    const path = dir.join('queue.db');
    const first = await SqliteQueueStore.open({ path });
    const id = await finishOne(first);
    await first.enqueue(newJob('waiting'));
    await first[Symbol.asyncDispose]();
    copyJobs(path, { seq: 1, copies: FINISHED - 1 });
    copyJobs(path, { seq: 2, copies: WAITING - 1 });
    const store = await SqliteQueueStore.open({ path });
    onTestFinished(async () => store[Symbol.asyncDispose]());
    expect(await store.counts()).toEqual([{ destination: 'nas', state: 'QUEUED', jobs: WAITING }, { destination: 'nas', state: 'VERIFIED', jobs: FINISHED }]);

    const statements = await statementsOf(async () => {
      const claimed = await store.claim(CLAIM);
      if (claimed === null) throw new Error('nothing to claim');
      await store.heartbeat(claimed.lease, { leaseMs: 60_000 });
      await store.settle(claimed.lease, { kind: 'again', to: 'QUEUED', delayMs: 1_000, hold: 'backoff', charge: 'attempt', reason: 'network' });
      await store.enqueue(newJob('one more'));
      for (const filter of [{}, { states: ['VERIFIED'] }, { states: ['QUEUED', 'RUNNING', 'AWAITING_VERIFY'] }, { destination: 'nas' }, { destination: 'nas', states: ['FAILED'] }, { source: '/data/done' }, { session: 'train' }, { runId: 'r' }, { sourceId: 'id-done' }, { idPrefix: id.slice(0, 6) }] as const) {
        await store.list({ limit: 100, ...filter });
        await store.list({ limit: 100, cursor: '5000', ...filter });
      }
      await store.get(id);
      await store.history(id);
      await store.proofs(id);
      await store.events({ after: 0, limit: 100 });
      await Promise.all([store.nextDueInMs(), store.hasActive(), store.leases(), store.orphans(), store.destinations(), store.claimProbe({ leaseMs: 1_000 })]);
      await store.recover({ dead: [], lapsed: 'recover', maxRecoveries: 3 });
      await store.claimAbandonedStaging({ owner: CLAIM.owner, leaseMs: 1_000 });
      await store.prune({ detailsMs: 0, jobsMs: 0, everyMs: 0, limit: 100 });
    });
    vi.restoreAllMocks();
    const asked = new Database(path, { readonly: true });
    onTestFinished(() => void asked.close());
    const plans = statements.filter((text) => /^\s*(?:SELECT|UPDATE|DELETE)/.test(text) && /\bjobs?(?:_events)?\b/.test(text)).map((text) => ({ text, plan: (asked.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...nulls(text)) as { readonly detail: string }[]).map(({ detail }) => detail) }));
    expect(plans.length).toBeGreaterThan(20);
    // A walk in the order of the page it fills, begun at the newest, is none.
    const slow = plans.filter(({ text, plan }) => plan.some((detail) => /^SCAN (?:j|jobs|job_events)$/.test(detail)) && !/ORDER BY (?:j\.)?(?:seq|cursor)/.test(text));
    // The jobs of one source are few, and so are those of a beginning of an id.
    const sorted = plans.filter(({ text, plan }) => plan.includes('USE TEMP B-TREE FOR ORDER BY') && !plan.some((detail) => /jobs_lineage \(source_id=\?/.test(detail)) && !/j\.id >=|seq IN/.test(text));
    expect(slow).toEqual([]);
    expect(sorted).toEqual([]);
  });
});

/** A value for every parameter, so that a plan can be asked for. */
function nulls(text: string): unknown[] {
  const named = [...new Set(text.match(/@\w+/g) ?? [])];
  return named.length > 0 ? [Object.fromEntries(named.map((name) => [name.slice(1), null]))] : Array.from({ length: (text.match(/\?/g) ?? []).length }, () => null);
}
