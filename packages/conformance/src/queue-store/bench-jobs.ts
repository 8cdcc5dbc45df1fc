import type { ClaimedJob, ClaimRequest, Failure, NewJob, Owner, QueueStore, VerifiedOutcome } from '@longhaul/sync-queue';
import { rawPathFromText } from '@longhaul/sync-transports';
import type { RawPath, ReceiptRun } from '@longhaul/sync-transports';

/** Milliseconds that a lease of these tests holds. */
export const LEASE = 60_000;

export const WORKER_A: Owner = { host: 'alpha', bootId: 'boot-1', pid: 101, processStartTime: '5001' };
export const WORKER_B: Owner = { host: 'alpha', bootId: 'boot-1', pid: 202, processStartTime: '5002' };

export const RUN: ReceiptRun = {
  session: 'train',
  runId: '01JRUN00000000000000000001',
  command: ['python', 'train.py'],
  host: 'alpha',
  startedAt: '2026-11-22T00:00:00.000Z',
  endedAt: '2026-11-22T01:00:00.000Z',
  exitCode: 0,
  signal: null,
};

/** A request for a source of this name at `nas`; say what is to be different. */
export function newJob(name: string, changes: Partial<NewJob> = {}): NewJob {
  const source = { kind: 'directory', root: `/data/${name}` as RawPath, name: rawPathFromText(name), dev: 66_305n } as const;
  return { source, sourceId: `id-of-${name}`, destination: 'nas', finalName: rawPathFromText(name), run: null, dedupKey: null, priority: 0, ...changes };
}

export function claimRequest(changes: Partial<ClaimRequest> = {}): ClaimRequest {
  return { owner: WORKER_A, leaseMs: LEASE, slots: 100, ...changes };
}

/** Enqueues and returns the id. */
export async function enqueued(store: QueueStore, name: string, changes: Partial<NewJob> = {}): Promise<string> {
  return (await store.enqueue(newJob(name, changes))).job.id;
}

/** The next job, which must be there. */
export async function claimed(store: QueueStore, changes: Partial<ClaimRequest> = {}): Promise<ClaimedJob> {
  return there(await store.claim(claimRequest(changes)));
}

/** Enqueued and in the hands of worker A. */
export async function running(store: QueueStore, name = 'results', changes: Partial<NewJob> = {}): Promise<ClaimedJob> {
  await enqueued(store, name, changes);
  return claimed(store);
}

/** A seal of that digest, as a worker records it. */
export function sealRecord(sourceId: string, digest: string): Parameters<QueueStore['recordSeal']>[1] {
  return { id: `seal-${digest}`, sourceId, digest, sealedAt: '2026-11-22T00:00:00.000Z', files: 3, bytes: 300 };
}

/** Sealed, pushed, in AWAITING_VERIFY, still held. */
export async function pushed(store: QueueStore, job: ClaimedJob, digest = 'aaaa'): Promise<void> {
  await store.recordSeal(job.lease, sealRecord(job.job.sourceId, digest));
  await store.intend(job.lease, { phase: 'pushing', reason: 'pushing' });
  await store.settle(job.lease, { kind: 'pushed', where: 'staged', reason: 'pushed' });
}

export function verifiedOutcome(digest = 'aaaa', changes: Partial<VerifiedOutcome> = {}): VerifiedOutcome {
  const proof = { sealId: `seal-${digest}`, sealDigest: digest, strength: 'sha256', files: 3, bytes: 300 } as const;
  return { kind: 'verified', reason: 'proven and published', proof, staging: 'removed', covers: 1, ...changes };
}

/** Through all states to VERIFIED; returns the id. */
export async function verified(store: QueueStore, name = 'results', changes: Partial<NewJob> = {}): Promise<string> {
  const job = await running(store, name, changes);
  await pushed(store, job);
  await store.settle(job.lease, verifiedOutcome());
  return job.job.id;
}

export function failure(kind: Failure['kind'], changes: Partial<Failure> = {}): Failure {
  return { kind, message: `it failed: ${kind ?? 'no kind'}`, evidence: `evidence of ${kind ?? 'no kind'}`, hint: 'do something', retryAfterMs: null, origin: 'destination', ...changes };
}

/** Failed by worker A; returns the id. */
export async function failed(store: QueueStore, name = 'results', kind: Failure['kind'] = 'auth', changes: Partial<NewJob> = {}): Promise<string> {
  const job = await running(store, name, changes);
  await store.settle(job.lease, { kind: 'failed', reason: String(kind), failure: failure(kind), charge: 'attempt', whenDestinationAnswers: 'stay' });
  return job.job.id;
}

/** The state of a job that must be there. */
export async function stateOf(store: QueueStore, id: string): Promise<string | undefined> {
  return (await store.get(id))?.state;
}

export async function reasons(store: QueueStore, id: string): Promise<readonly string[]> {
  return (await store.history(id)).map(({ reason }) => reason);
}

/** What must be there for the rest of a test to mean anything. */
export function there<T>(value: T | null | undefined): T {
  if (value == null) throw new Error('nothing is there');
  return value;
}
