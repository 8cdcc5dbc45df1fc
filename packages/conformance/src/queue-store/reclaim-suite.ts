import type { BeginReclaim, ClaimedVerifyPass, Proof, QueueStore, ReclaimEnd, ReclaimLease } from '@longhaul/sync-queue';
import type { RawPath } from '@longhaul/sync-transports';
import { describe, expect, it } from 'vitest';
import { claimed, enqueued, failed, LEASE, pushed, reasons, running, stateOf, there, verified, verifiedOutcome, WORKER_A, WORKER_B } from './bench-jobs.ts';
import type { QueueStoreSubject } from './subject.ts';
import { bench } from './suite.ts';

const SOURCE = 'id-of-results';
const STOPPED: ReclaimEnd = { kind: 'stopped', reason: 'nas does not answer', evidence: 'Connection refused', filesFreed: 0, bytesFreed: 0 };
const DONE: ReclaimEnd = { kind: 'done', reason: 'freed', evidence: null, filesFreed: 3, bytesFreed: 300 };

function begin(jobIds: readonly string[], changes: Partial<BeginReclaim> = {}): BeginReclaim {
  return { sourceId: SOURCE, sealId: 'seal-aaaa', sealDigest: 'aaaa', jobIds, owner: WORKER_A, leaseMs: LEASE, askedBy: 'reaper', without: [], evidence: 'two proofs', ...changes };
}

async function begun(store: QueueStore, jobIds: readonly string[], changes: Partial<BeginReclaim> = {}): Promise<ReclaimLease> {
  const result = await store.beginReclaim(begin(jobIds, changes));
  if (result.kind === 'refused') throw new Error(result.reason);
  return result.lease;
}

async function pass(store: QueueStore, jobId: string): Promise<ClaimedVerifyPass> {
  const claim = await store.claimVerifyPass({ owner: WORKER_A, leaseMs: LEASE, target: { occasion: 'reclaim', jobId } });
  if (claim.kind !== 'claimed') throw new Error(claim.kind);
  return claim.pass;
}

async function provenAgain(store: QueueStore, jobId: string, changes: { readonly strength?: Proof['strength'] } = {}): Promise<void> {
  const proof = { sealId: 'seal-aaaa', sealDigest: 'aaaa', strength: 'sha256', files: 3, bytes: 300, ...changes } as const;
  await store.settleVerifyPass((await pass(store, jobId)).ref, { kind: 'proven', proof, evidence: '3 files' });
}

async function meantFor(store: QueueStore, sourceId = SOURCE): Promise<readonly string[]> {
  return there(await store.reclaimFacts(sourceId)).places.map(({ destination }) => destination);
}

export function describeReclaim(subject: QueueStoreSubject): void {
  describe('reclaim', () => {
    it('knows every destination that a source was enqueued for, with its newest job and the proofs that count', async () => {
      const { store } = await bench(subject);
      const first = await verified(store);
      const second = await enqueued(store, 'results', { destination: 'disk' });
      const facts = there(await store.reclaimFacts(SOURCE));
      expect(facts.places).toMatchObject([
        { destination: 'disk', job: { id: second, state: 'QUEUED' }, proofs: [] },
        { destination: 'nas', job: { id: first, state: 'VERIFIED' }, proofs: [{ jobId: first, strength: 'sha256', sealDigest: 'aaaa' }] },
      ]);
      expect(facts.active.map(({ id }) => id)).toEqual([second]);
      expect(await store.reclaimFacts('another')).toBeNull();
    });

    it('does not count a proof from before a repair', async () => {
      const { store, world } = await bench(subject);
      const id = await verified(store);
      await world.advance(1000);
      await store.move(id, { from: 'VERIFIED', to: 'QUEUED', reason: 'audit found damage' });
      const again = await claimed(store);
      await pushed(store, again);
      await store.settle(again.lease, verifiedOutcome());
      expect(await store.proofs(id)).toHaveLength(2);
      expect(there(await store.reclaimFacts(SOURCE)).places[0]?.proofs).toHaveLength(1);
    });

    it('lists the sources of verified jobs by pages, oldest first', async () => {
      const { store } = await bench(subject);
      for (const name of ['a', 'b', 'c']) await verified(store, name);
      await enqueued(store, 'd');
      const page = await store.reclaimSources({ after: 0, limit: 2 });
      expect(page.sourceIds).toEqual(['id-of-a', 'id-of-b']);
      expect(await store.reclaimSources({ after: there(page.next), limit: 2 })).toEqual({ sourceIds: ['id-of-c'], next: null });
    });

    it('takes all jobs of a source at once, and is held by one reaper', async () => {
      const { store, other } = await bench(subject);
      const ids = [await verified(store), await verified(store, 'results', { destination: 'disk' })];
      const lease = await begun(store, ids);
      for (const id of ids) expect(await stateOf(other, id)).toBe('CLEANUP_ELIGIBLE');
      expect(await other.beginReclaim(begin(ids, { owner: WORKER_B }))).toMatchObject({ kind: 'refused' });
      expect(await other.openReclaims()).toMatchObject([{ lease, sourceId: SOURCE, sealId: 'seal-aaaa', jobIds: [...ids].sort(), owner: WORKER_A, remainingMs: LEASE, touched: 'no' }]);
      expect(await other.renewReclaim(lease, { leaseMs: LEASE })).toBe('held');
    });

    it('ends with all jobs CLEANED, and keeps what was freed', async () => {
      const { store, other } = await bench(subject);
      const ids = [await verified(store), await verified(store, 'results', { destination: 'disk' })];
      const lease = await begun(store, ids);
      for (const id of ids) await provenAgain(store, id);
      expect(await store.intendReclaim(lease)).toBe('intended');
      expect(await other.openReclaims()).toMatchObject([{ touched: 'yes' }]);
      await store.endReclaim(lease, DONE);
      for (const id of ids) {
        expect(await stateOf(other, id)).toBe('CLEANED');
        expect(await other.proofs(id)).toHaveLength(2);
      }
      expect(await other.openReclaims()).toEqual([]);
      expect(there(await other.reclaimFacts(SOURCE)).last).toMatchObject({ state: 'done', filesFreed: 3, bytesFreed: 300 });
      await expect(store.endReclaim(lease, DONE)).rejects.toMatchObject({ code: 'LEASE_LOST' });
    });

    it('goes back to VERIFIED with the reason when an interlock no longer holds', async () => {
      const { store } = await bench(subject);
      const id = await verified(store);
      await store.endReclaim(await begun(store, [id]), STOPPED);
      expect(await stateOf(store, id)).toBe('VERIFIED');
      expect((await reasons(store, id)).at(-1)).toBe('nas does not answer');
      expect((await store.beginReclaim(begin([id]))).kind).toBe('begun');
    });

    it('is refused while a job of the source is on its way, or one of its jobs is not what was decided on', async () => {
      const { store } = await bench(subject);
      const id = await verified(store);
      expect(await store.beginReclaim(begin([id], { sealDigest: 'bbbb' }))).toMatchObject({ kind: 'refused' });
      expect(await store.beginReclaim(begin(['01UNKNOWN']))).toMatchObject({ kind: 'refused' });
      expect(await store.beginReclaim(begin([]))).toMatchObject({ kind: 'refused' });
      await enqueued(store, 'results', { destination: 'disk' });
      expect(await store.beginReclaim(begin([id]))).toMatchObject({ kind: 'refused' });
      expect(await stateOf(store, id)).toBe('VERIFIED');
    });

    it('is refused for a source inside one that is being freed', async () => {
      const { store } = await bench(subject);
      const outer = await verified(store);
      const source = { kind: 'directory', root: '/data/results/part' as RawPath, name: 'part' as RawPath, dev: 66_305n } as const;
      const inner = await verified(store, 'part', { source });
      await begun(store, [outer]);
      expect(await store.beginReclaim(begin([inner], { sourceId: 'id-of-part' }))).toMatchObject({ kind: 'refused' });
    });

    it('names the jobs of sources inside this one that still need its files, and those around it', async () => {
      const { store } = await bench(subject);
      const id = await verified(store);
      const at = (root: string): { readonly source: { readonly kind: 'directory'; readonly root: RawPath; readonly name: RawPath; readonly dev: bigint } } => ({
        source: { kind: 'directory', root: root as RawPath, name: 'x' as RawPath, dev: 66_305n },
      });
      const inner = await enqueued(store, 'inner', at('/data/results/deep/inner'));
      const outer = await enqueued(store, 'outer', at('/data'));
      await enqueued(store, 'neighbour', at('/data/results-2'));
      await verified(store, 'settled', { ...at('/data/results/settled'), priority: 9 });
      expect((await store.reclaimOverlaps(SOURCE)).map(({ jobId }) => jobId).sort()).toEqual([inner, outer].sort());
      expect(await store.beginReclaim(begin([id]))).toMatchObject({ kind: 'refused' });
    });

    it('knows the sources that share its files and were meant for something, whatever bytes their names are', async () => {
      const { store } = await bench(subject);
      const at = (root: string, id: string): { readonly sourceId: string; readonly source: { readonly kind: 'directory'; readonly root: RawPath; readonly name: RawPath; readonly dev: bigint } } => ({
        sourceId: id,
        source: { kind: 'directory', root: Buffer.from(root, 'utf8').toString('latin1') as RawPath, name: 'x' as RawPath, dev: 66_305n },
      });
      await verified(store, 'own', at('/data/größe', 'own'));
      await verified(store, 'inner', at('/data/größe/deep', 'inner'));
      await verified(store, 'odd', { ...at('/', 'odd'), source: { ...at('/', 'odd').source, root: `${at('/data/größe', '').source.root}/\xff` as RawPath } });
      await verified(store, 'outer', at('/data', 'outer'));
      await verified(store, 'beside', at('/data/größe-2', 'beside'));
      expect([...(await store.reclaimNeighbours('own'))].sort()).toEqual(['inner', 'odd', 'outer']);
    });

    it('is taken over from a dead owner at once, from a silent one after its lease, from nobody else', async () => {
      const { store, other, world } = await bench(subject);
      const lease = await begun(store, [await verified(store)]);
      const take = { owner: WORKER_B, leaseMs: LEASE };
      expect(await other.takeOverReclaim({ lease, ...take, dead: [] })).toBeNull();
      const second = there(await other.takeOverReclaim({ lease, ...take, dead: [WORKER_A] }));
      expect(second.epoch).toBeGreaterThan(lease.epoch);
      await expect(store.renewReclaim(lease, { leaseMs: LEASE })).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await expect(store.intendReclaim(lease)).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await expect(store.endReclaim(lease, DONE)).rejects.toMatchObject({ code: 'LEASE_LOST' });
      await world.advance(LEASE);
      const third = there(await store.takeOverReclaim({ lease: second, owner: WORKER_A, leaseMs: LEASE, dead: [] }));
      await store.releaseReclaim(third);
      expect(await other.takeOverReclaim({ lease: third, ...take, dead: [] })).not.toBeNull();
    });

    it('tells the reaper when a person has cancelled the job', async () => {
      const { store, other } = await bench(subject);
      const id = await verified(store);
      const lease = await begun(store, [id]);
      await other.cancel(id);
      expect(await store.renewReclaim(lease, { leaseMs: LEASE })).toBe('withdrawn');
      await store.endReclaim(lease, STOPPED);
      expect(await stateOf(store, id)).toBe('CANCELLED');
    });

    it('intends nothing where a job was not proven by content since it began, or was found damaged', async () => {
      const { store } = await bench(subject);
      const ids = [await verified(store), await verified(store, 'results', { destination: 'disk' })];
      const lease = await begun(store, ids);
      expect(await store.intendReclaim(lease)).toBe('unproven');
      await provenAgain(store, there(ids[0]));
      await provenAgain(store, there(ids[1]), { strength: 'size' });
      expect(await store.intendReclaim(lease)).toBe('unproven');
      await provenAgain(store, there(ids[1]), { strength: 'download' });
      expect(await store.renewReclaim(lease, { leaseMs: LEASE })).toBe('held');
      const { ref } = await pass(store, there(ids[0]));
      await store.settleVerifyPass(ref, { kind: 'damaged', evidence: 'a.bin differs', repair: { kind: 'requeue' } });
      expect(await store.renewReclaim(lease, { leaseMs: LEASE })).toBe('withdrawn');
      expect(await store.intendReclaim(lease)).toBe('unproven');
      expect(await store.openReclaims()).toMatchObject([{ touched: 'no' }]);
      expect(await stateOf(store, there(ids[0]))).toBe('CLEANUP_ELIGIBLE');
    });

    it('lets nobody else move its jobs', async () => {
      const { store, other } = await bench(subject);
      const id = await verified(store);
      await begun(store, [id]);
      await expect(other.move(id, { from: 'CLEANUP_ELIGIBLE', to: 'CLEANED', reason: 'x' })).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION' });
      await expect(other.move(id, { from: 'VERIFIED', to: 'QUEUED', reason: 'x' })).rejects.toMatchObject({ code: 'ILLEGAL_TRANSITION' });
    });

    it('remembers the places whose result may be the only copy, from the intent on', async () => {
      const { store } = await bench(subject);
      const id = await verified(store);
      const place = { sourceId: SOURCE, destination: 'nas', finalName: 'results' as RawPath };
      const lease = await begun(store, [id]);
      expect(await store.reclaimedResult(place)).toBeNull();
      await provenAgain(store, id);
      await store.intendReclaim(lease);
      expect(await store.reclaimedResult(place)).toMatchObject({ sealDigest: 'aaaa' });
      await store.endReclaim(lease, { ...STOPPED, filesFreed: 1, bytesFreed: 100 });
      expect(await store.reclaimedResult(place)).toMatchObject({ sealDigest: 'aaaa', reclaimId: lease.reclaimId });
      expect(await store.reclaimedResult({ ...place, destination: 'disk' })).toBeNull();
      expect(await store.reclaimedResult({ ...place, finalName: 'other' as RawPath })).toBeNull();
    });

    it('believes that no file was deleted where its owner let go of it in order, not where its lease lapsed', async () => {
      const { store, world } = await bench(subject);
      const id = await verified(store);
      const place = { sourceId: SOURCE, destination: 'nas', finalName: 'results' as RawPath };
      for (const how of ['released', 'lapsed'] as const) {
        const lease = await begun(store, [id]);
        await provenAgain(store, id);
        await store.intendReclaim(lease);
        if (how === 'released') await store.releaseReclaim(lease);
        else await world.advance(LEASE);
        const next = there(await store.takeOverReclaim({ lease, owner: WORKER_B, leaseMs: LEASE, dead: [] }));
        await store.endReclaim(next, { ...STOPPED, touched: 'no' });
        expect([how, (await store.reclaimedResult(place)) === null]).toEqual([how, how === 'released']);
      }
    });

    it('forgets what a source was meant for only when it was freed', async () => {
      const { store } = await bench(subject);
      const id = await verified(store);
      await failed(store, 'results', 'auth', { destination: 'disk' });
      await store.endReclaim(await begun(store, [id]), STOPPED);
      expect(await meantFor(store)).toEqual(['disk', 'nas']);
      await store.endReclaim(await begun(store, [id]), DONE);
      expect(await meantFor(store)).toEqual(['disk']);
      await running(store);
      expect(await meantFor(store)).toEqual(['disk', 'nas']);
    });
  });
}
