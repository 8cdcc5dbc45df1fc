import type { AuditBudget, ClaimedVerifyPass, QueueStore, VerifyPassClaim, VerifyPassRequest } from '@longhaul/sync-queue';
import { describe, expect, it } from 'vitest';
import { claimed, LEASE, newJob, pushed, reasons, running, stateOf, verified, verifiedOutcome, WORKER_A, WORKER_B } from './bench-jobs.ts';
import type { QueueStoreSubject } from './subject.ts';
import { bench } from './suite.ts';

const DAY = 24 * 60 * 60_000;
const BUDGET: AuditBudget = { everyMs: 30 * DAY, maxFilesPerDay: null, maxBytesPerDay: null };
const PROOF = { sealId: 'seal-aaaa', sealDigest: 'aaaa', strength: 'sha256', files: 3, bytes: 300 } as const;
const PROVEN = { kind: 'proven', proof: PROOF, evidence: '3 files' } as const;
const DAMAGED = { kind: 'damaged', evidence: 'different: a.bin', repair: { kind: 'requeue' } } as const;

function audit(budget: Partial<AuditBudget> = {}, owner = WORKER_A): VerifyPassRequest {
  return { owner, leaseMs: LEASE, target: { occasion: 'audit', budget: { ...BUDGET, ...budget } } };
}

function named(jobId: string, owner = WORKER_A): VerifyPassRequest {
  return { owner, leaseMs: LEASE, target: { occasion: 'verify', jobId } };
}

function taken(claim: VerifyPassClaim): ClaimedVerifyPass {
  if (claim.kind !== 'claimed') throw new Error(`no pass was claimed: ${claim.kind}`);
  return claim.pass;
}

async function auditedJob(store: QueueStore, budget: Partial<AuditBudget> = {}): Promise<string | null> {
  const claim = await store.claimVerifyPass(audit(budget));
  return claim.kind === 'claimed' ? claim.pass.ref.jobId : null;
}

export function describeVerifyPasses(subject: QueueStoreSubject): void {
  describe('verify passes', () => {
    it('leave a result alone until its proof is old enough, then take the one proven longest ago', async () => {
      const { store, world } = await bench(subject);
      const first = await verified(store, 'first');
      await world.advance(DAY);
      const second = await verified(store, 'second', { destination: 'disk' });
      await world.advance(29 * DAY - 1);
      expect(await auditedJob(store)).toBeNull();
      await world.advance(1);
      expect(await auditedJob(store)).toBe(first);
      expect(await auditedJob(store)).toBeNull();
      await world.advance(DAY);
      expect([await auditedJob(store), await auditedJob(store), await auditedJob(store)].filter((id) => id === second)).toHaveLength(1);
    });

    it('are one owner\'s at a time for each job, and free again when its lease has lapsed', async () => {
      const { store, other, world } = await bench(subject);
      const id = await verified(store);
      const mine = taken(await store.claimVerifyPass(named(id)));
      expect(await other.claimVerifyPass(named(id, WORKER_B))).toEqual({ kind: 'busy', owner: WORKER_A });
      await world.advance(LEASE - 1);
      await store.renewVerifyPass(mine.ref, { leaseMs: LEASE });
      await world.advance(LEASE - 1);
      expect((await other.claimVerifyPass(named(id, WORKER_B))).kind).toBe('busy');
      await world.advance(1);
      const theirs = taken(await other.claimVerifyPass(named(id, WORKER_B)));
      await expect(store.renewVerifyPass(mine.ref, { leaseMs: LEASE })).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await expect(store.settleVerifyPass(mine.ref, DAMAGED)).rejects.toMatchObject({ code: 'LEASE_LOST' });
      expect(await stateOf(store, id)).toBe('VERIFIED');
      await other.settleVerifyPass(theirs.ref, PROVEN);
    });

    it('bear the time when they were claimed; one whose lease has lapsed counts for nothing, although nobody else has taken it', async () => {
      const { store, world } = await bench(subject);
      const id = await verified(store);
      await world.advance(DAY);
      const slow = taken(await store.claimVerifyPass(named(id)));
      await world.advance(LEASE - 1);
      await store.settleVerifyPass(slow.ref, PROVEN);
      const slept = taken(await store.claimVerifyPass(named(id)));
      await world.advance(LEASE);
      await expect(store.renewVerifyPass(slept.ref, { leaseMs: LEASE })).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await expect(store.settleVerifyPass(slept.ref, PROVEN)).rejects.toMatchObject({ code: 'LEASE_LOST' });
      const [published, proven, ...others] = (await store.proofs(id)).map(({ at }) => Date.parse(at));
      expect([(proven ?? 0) - (published ?? 0), others]).toEqual([DAY, []]);
    });

    it('take no slot: a push to the same destination begins beside them', async () => {
      const { store } = await bench(subject);
      taken(await store.claimVerifyPass(named(await verified(store, 'done'))));
      await store.enqueue(newJob('next'));
      expect((await claimed(store, { slots: 1 })).job.source).toBe('/data/next');
    });

    it('leave a proof of their own occasion, and the job is not due again', async () => {
      const { store, other, world } = await bench(subject);
      const id = await verified(store);
      await world.advance(30 * DAY);
      const pass = taken(await store.claimVerifyPass(audit()));
      expect(pass).toMatchObject({ occasion: 'audit', finalName: 'results', source: { root: '/data/results' }, job: { id } });
      const job = await store.settleVerifyPass(pass.ref, PROVEN);
      const proofs = await other.proofs(id);
      expect(proofs).toMatchObject([{ occasion: 'publish', voidedAt: null }, { ...PROOF, jobId: id, destination: 'nas', occasion: 'audit', voidedAt: null }]);
      expect(job).toMatchObject({ state: 'VERIFIED', provenAt: proofs[1]?.at, damage: null });
      expect(await auditedJob(store)).toBeNull();
    });

    it('that find damage void every proof and send the job again, which proves it anew', async () => {
      const { store, other } = await bench(subject);
      const id = await verified(store);
      const pass = taken(await store.claimVerifyPass(named(id)));
      expect(await store.settleVerifyPass(pass.ref, DAMAGED)).toMatchObject({ state: 'QUEUED', damage: 'different: a.bin' });
      expect((await other.proofs(id)).map(({ voidedAt }) => voidedAt)).toEqual([expect.any(String)]);
      expect((await reasons(store, id)).slice(-2)).toEqual(['the verify pass found damage', 'audit found damage']);
      const again = await claimed(store);
      expect(again).toMatchObject({ job: { id, mismatches: 1 }, sealNeeded: 'no' });
      await pushed(store, again);
      await store.settle(again.lease, verifiedOutcome());
      expect(await store.get(id)).toMatchObject({ state: 'VERIFIED', damage: null });
      expect((await store.proofs(id)).map(({ voidedAt }) => voidedAt === null)).toEqual([false, true]);
    });

    it('that have mended a result from elsewhere leave one proof that counts, whatever became of the local copy', async () => {
      const { store, world } = await bench(subject);
      const id = await verified(store);
      await store.move(id, { from: 'VERIFIED', to: 'CLEANUP_ELIGIBLE', reason: 'x' });
      await store.move(id, { from: 'CLEANUP_ELIGIBLE', to: 'CLEANED', reason: 'x' });
      await world.advance(DAY);
      const pass = taken(await store.claimVerifyPass(named(id)));
      const job = await store.settleVerifyPass(pass.ref, { kind: 'damaged', evidence: 'missing: a.bin', repair: { kind: 'mended', from: 'disk', proof: PROOF } });
      const proofs = await store.proofs(id);
      expect(job).toMatchObject({ state: 'CLEANED', damage: null, provenAt: proofs[1]?.at });
      expect(proofs).toMatchObject([{ voidedAt: expect.any(String) as string }, { ...PROOF, occasion: 'publish', voidedAt: null }]);
      expect((await reasons(store, id)).slice(-2)).toEqual(['the verify pass found damage', 'mended with the copy of disk, and proven']);
    });

    it('that were lost may have staged something: it is removed, as a cancelled job\'s is', async () => {
      const { store, other, world } = await bench(subject);
      const id = await verified(store);
      const lost = taken(await store.claimVerifyPass(named(id)));
      await world.advance(LEASE);
      const next = taken(await other.claimVerifyPass(named(id, WORKER_B)));
      expect(next.epoch).toBeGreaterThan(lost.epoch);
      await other.settleVerifyPass(next.ref, PROVEN);
      expect(await store.claimAbandonedStaging({ owner: WORKER_A, leaseMs: LEASE })).toMatchObject({ lease: { jobId: id } });
    });

    it('that find damage which cannot be sent again say why, and come back only after a day', async () => {
      const { store, world } = await bench(subject);
      const id = await verified(store);
      await world.advance(30 * DAY);
      const pass = taken(await store.claimVerifyPass(audit()));
      await store.settleVerifyPass(pass.ref, { kind: 'damaged', evidence: 'missing: a.bin', repair: { kind: 'stay', why: 'the local copy is gone' } });
      expect(await store.get(id)).toMatchObject({ state: 'VERIFIED', damage: 'missing: a.bin' });
      expect((await reasons(store, id)).at(-1)).toBe('not repaired: the local copy is gone');
      expect(await auditedJob(store)).toBeNull();
      await world.advance(DAY);
      expect(await auditedJob(store)).toBe(id);
    });

    it('never send again what has been reclaimed, and take what is about to be back from the reaper', async () => {
      const { store } = await bench(subject);
      const cleaned = await verified(store, 'cleaned');
      await store.move(cleaned, { from: 'VERIFIED', to: 'CLEANUP_ELIGIBLE', reason: 'x' });
      await store.move(cleaned, { from: 'CLEANUP_ELIGIBLE', to: 'CLEANED', reason: 'x' });
      const eligible = await verified(store, 'eligible');
      await store.move(eligible, { from: 'VERIFIED', to: 'CLEANUP_ELIGIBLE', reason: 'x' });
      for (const id of [cleaned, eligible]) await store.settleVerifyPass(taken(await store.claimVerifyPass(named(id))).ref, DAMAGED);
      expect([await stateOf(store, cleaned), await stateOf(store, eligible)]).toEqual(['CLEANED', 'QUEUED']);
      expect((await store.get(cleaned))?.damage).toBe('different: a.bin');
    });

    it('that could not look change nothing, and come back after a pause', async () => {
      const { store, world } = await bench(subject);
      const id = await verified(store);
      await world.advance(30 * DAY);
      const before = await store.proofs(id);
      const pass = taken(await store.claimVerifyPass(audit()));
      expect(await store.settleVerifyPass(pass.ref, { kind: 'unknown', evidence: 'connection refused', delayMs: 3_600_000 })).toMatchObject({ state: 'VERIFIED', damage: null });
      expect(await store.proofs(id)).toEqual(before);
      expect(await auditedJob(store)).toBeNull();
      await world.advance(3_600_000);
      expect(await auditedJob(store)).toBe(id);
    });

    it('begin no more in a day than the budget allows, but never starve a large result', async () => {
      const { store, world } = await bench(subject);
      for (const name of ['a', 'b', 'c']) await verified(store, name);
      await world.advance(30 * DAY);
      const budget = { maxFilesPerDay: 7 };
      expect([await auditedJob(store, budget), await auditedJob(store, budget), await auditedJob(store, budget)].filter((id) => id !== null)).toHaveLength(2);
      await world.advance(DAY);
      expect(await auditedJob(store, { maxBytesPerDay: 1 })).not.toBeNull();
      expect(await auditedJob(store, { maxBytesPerDay: 1 })).toBeNull();
    });

    it('skip what is paused, and what a newer generation has replaced', async () => {
      const { store, world } = await bench(subject);
      const old = await verified(store);
      const newer = await verified(store);
      await verified(store, 'paused', { destination: 'disk' });
      await store.pauseDestination('disk');
      await world.advance(30 * DAY);
      expect([await auditedJob(store), await auditedJob(store)]).toEqual([newer, null]);
      expect((await store.get(old))?.provenAt).toBeNull();
    });

    it('look at nothing that is not published', async () => {
      const { store } = await bench(subject);
      const job = await running(store);
      expect(await store.claimVerifyPass(named(job.job.id))).toMatchObject({ kind: 'not_there', job: { state: 'RUNNING' } });
      await expect(store.claimVerifyPass(named('nobody'))).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
    });

    it('that end after the job was cancelled leave it cancelled', async () => {
      const { store } = await bench(subject);
      const id = await verified(store);
      const pass = taken(await store.claimVerifyPass(named(id)));
      await store.cancel(id);
      await store.settleVerifyPass(pass.ref, DAMAGED);
      expect(await stateOf(store, id)).toBe('CANCELLED');
    });

    it('that find damage while a newer generation is on its way leave the repair to that', async () => {
      const { store } = await bench(subject);
      const id = await verified(store);
      const { job: newer } = await store.enqueue(newJob('results'));
      await store.settleVerifyPass(taken(await store.claimVerifyPass(named(id))).ref, DAMAGED);
      expect([await stateOf(store, id), await stateOf(store, newer.id)]).toEqual(['VERIFIED', 'QUEUED']);
    });
  });
}
