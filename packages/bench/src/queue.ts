import { SqliteQueueStore, type ClaimRequest, type NewJob, type VerifiedOutcome } from '@longhaul/sync-queue';
import { rawPathFromText } from '@longhaul/sync-transports';
import { tempDir } from '@longhaul/testbed';
import Database from 'better-sqlite3';
import { defineQueue } from 'plainjobs';
import { median } from './paired.ts';
import type { Figure } from './report.ts';

const FEW = 1_000;
const MANY = 1_000_000;
/** Jobs per round, and rounds: the sides take turns, so that a noisy disk is noisy for both. */
const JOBS = 300;
const ROUNDS = 7;
const OWNER = { host: 'bench', bootId: 'b', pid: 1, processStartTime: '1' } as const;
const CLAIM: ClaimRequest = { owner: OWNER, leaseMs: 60_000, slots: 1_000_000 };
const SILENT = { error: quiet, warn: quiet, info: quiet, debug: quiet } as const;

/** Claims a waiting job and settles it. */
interface Side {
  readonly fill: (jobs: number) => Promise<void>;
  readonly step: () => Promise<void>;
}

/** What a job costs that is claimed and settled, each a transaction that is on the disk when it returns. */
export async function measureQueue(): Promise<readonly Figure[]> {
  await using dir = await tempDir('longhaul-bench-queue-');
  await using few = await longhaulQueue(dir.join('few.db'), FEW);
  await using many = await longhaulQueue(dir.join('many.db'), MANY);
  using other = plainJobs(dir.join('other.db'), MANY);
  const [small, large, theirs] = await inTurn([few, many, other]);
  return [
    { title: `queue: claim + settle with ${String(MANY)} rows against ${String(FEW)}`, value: large / small, unit: '×', aim: 1.2, detail: `${perSecond(large)} and ${perSecond(small)} jobs a second` },
    { title: `queue: claim + settle against plainjobs, both WAL and synchronous=FULL, ${String(MANY)} rows`, value: large / theirs, unit: '×', aim: null, detail: `${perSecond(large)} against ${perSecond(theirs)} jobs a second; ours writes the job's history as well` },
  ];
}

function perSecond(ms: number): string {
  return (1_000 / ms).toFixed(0);
}

/** Median milliseconds per job of each. */
async function inTurn(sides: readonly [Side, Side, Side]): Promise<readonly [number, number, number]> {
  const times = sides.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [index, side] of sides.entries()) {
      await side.fill(JOBS);
      const started = performance.now();
      for (let job = 0; job < JOBS; job += 1) await side.step();
      times[index]?.push((performance.now() - started) / JOBS);
    }
  }
  const [a = [], b = [], c = []] = times;
  return [median(a), median(b), median(c)];
}

async function longhaulQueue(path: string, rows: number): Promise<Side & AsyncDisposable> {
  let made = 0;
  await prefill(path, rows);
  const store = await SqliteQueueStore.open({ path });
  return {
    fill: async (jobs) => {
      for (let job = 0; job < jobs; job += 1) await store.enqueue(newJob((made += 1)));
    },
    step: async () => {
      const claimed = await store.claim(CLAIM);
      if (claimed === null) throw new Error('nothing to claim');
      await store.settle(claimed.lease, { kind: 'failed', reason: 'measured', charge: 'attempt', whenDestinationAnswers: 'stay', failure: { kind: 'config', message: 'm', evidence: null, hint: null, retryAfterMs: null, origin: 'source' } });
    },
    [Symbol.asyncDispose]: async () => store[Symbol.asyncDispose](),
  };
}

function newJob(number: number): NewJob {
  const name = `job-${String(number)}`;
  return { source: { kind: 'directory', root: rawPathFromText(`/data/${name}`), name: rawPathFromText(name), dev: 1n }, sourceId: `id-${name}`, destination: 'nas', finalName: rawPathFromText(name), run: null, dedupKey: null, priority: 0 };
}

/** A year of finished jobs: one that went its whole way, copied in the file, ten thousand of them waiting at another destination. */
async function prefill(path: string, rows: number): Promise<void> {
  const store = await SqliteQueueStore.open({ path });
  await store.enqueue(newJob(0));
  const claimed = await store.claim(CLAIM);
  if (claimed === null) throw new Error('nothing to claim');
  await store.recordSeal(claimed.lease, { id: 'seal', sourceId: 'id-job-0', digest: 'd', sealedAt: '', files: 1, bytes: 1, findings: null });
  await store.settle(claimed.lease, { kind: 'pushed', where: 'staged', reason: 'pushed' });
  await store.settle(claimed.lease, VERIFIED);
  await store[Symbol.asyncDispose]();
  copyJob(path, rows);
}

const VERIFIED: VerifiedOutcome = { kind: 'verified', reason: 'proven', staging: 'removed', covers: 1, proof: { sealId: 'seal', sealDigest: 'd', strength: 'sha256', files: 1, bytes: 1 } };

/** Rows of the job and of its history, each with an id and a source of its own. */
export function copyJob(path: string, rows: number): void {
  using db = disposable(new Database(path));
  db.pragma('synchronous = OFF');
  const columns = (db.prepare('PRAGMA table_info(jobs)').all() as { readonly name: string }[]).map(({ name }) => name).filter((name) => name !== 'seq' && name !== 'id' && name !== 'source_id' && name !== 'final_name');
  const numbers = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${String(rows)})`;
  db.exec(`INSERT INTO jobs (id, source_id, final_name, ${columns.join(', ')}) ${numbers} SELECT id || printf('%08d', i), source_id || '-copy-' || i, final_name || '-copy-' || i, ${columns.join(', ')} FROM jobs, n WHERE seq = 1`);
  db.exec(`INSERT INTO job_events (job_id, seq, at, from_state, to_state, reason, evidence, epoch) ${numbers} SELECT job_id || printf('%08d', i), seq, at, from_state, to_state, reason, evidence, epoch FROM job_events, n WHERE job_id = (SELECT id FROM jobs WHERE seq = 1)`);
  db.pragma('wal_checkpoint(TRUNCATE)');
}

/** The other: SQLite as well, made for speed; held to the same durability. */
function plainJobs(path: string, rows: number): Side & Disposable {
  const db = new Database(path);
  const queue = defineQueue({ connection: db, logger: SILENT });
  db.pragma('synchronous = OFF');
  db.exec(`INSERT INTO plainjobs_jobs (type, data, status, created_at) WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${String(rows)}) SELECT 'push', '{}', 'done', i FROM n`);
  // Its own setting is NORMAL, which a power cut can set back.
  db.pragma('synchronous = FULL');
  return {
    fill: async (jobs) => {
      for (let job = 0; job < jobs; job += 1) queue.add('push', { job });
      await Promise.resolve();
    },
    step: async () => {
      const job = queue.getAndMarkJobAsProcessing('push');
      if (job === undefined) throw new Error('nothing to claim');
      queue.markJobAsDone(job.id);
      await Promise.resolve();
    },
    [Symbol.dispose]: () => {
      queue.close();
      if (db.open) db.close();
    },
  };
}

function disposable(db: Database.Database): Database.Database & Disposable {
  return Object.assign(db, { [Symbol.dispose]: () => void db.close() });
}

function quiet(): void {
  // It says nothing that is measured.
}
