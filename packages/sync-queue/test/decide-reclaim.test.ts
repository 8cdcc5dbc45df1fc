import { blockerText, decideReclaim } from '@longhaul/sync-queue';
import type { Job, JobState, Proof, ReclaimFacts, ReclaimPlace, ReclaimQuestion } from '@longhaul/sync-queue';
import { JOB_STATES } from '@longhaul/sync-queue';
import type { RawPath } from '@longhaul/sync-transports';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const HOUR = 3_600_000;
const NOW = Date.parse('2026-11-22T12:00:00Z');
const POLICY = { reclaim: 'on', when: 'always', diskFreeBelow: null, minVerifyPasses: 2, minAgeMs: 24 * HOUR, metadata: 'keep', occasionMs: 600_000 } as const;

interface PlaceSpec {
  readonly destination: string;
  readonly state: JobState | 'pruned';
  readonly digest: string;
  /** Hours ago, and how strong. */
  readonly proofs: readonly (readonly [hoursAgo: number, strength: Proof['strength']])[];
  readonly damage: string | null;
  readonly superseded: boolean;
  readonly paused: boolean;
}

const GOOD: PlaceSpec = { destination: 'nas', state: 'VERIFIED', digest: 'd1', proofs: [[50, 'sha256'], [30, 'sha256']], damage: null, superseded: false, paused: false };

function place(spec: PlaceSpec): ReclaimPlace {
  const { destination, state, digest, damage, superseded, paused } = spec;
  const at = (hoursAgo: number): string => new Date(NOW - hoursAgo * HOUR).toISOString();
  const id = `JOB-${destination}`;
  const proofs = spec.proofs.map(([hours, strength]) => ({ jobId: id, sealId: `seal-${digest}`, sealDigest: digest, destination, strength, at: at(hours), files: 1, bytes: 1, occasion: 'verify', voidedAt: null }) as const).toSorted((a, b) => a.at.localeCompare(b.at));
  const job = { id, state, destination, sealId: `seal-${digest}`, sealDigest: digest, verifiedAt: at(50), provenAt: superseded ? null : at(30), damage } as unknown as Job;
  return { destination, job: state === 'pruned' ? null : job, finalName: 'out' as RawPath, proofs, paused, block: null };
}

function question(specs: readonly PlaceSpec[], changes: Partial<ReclaimQuestion> = {}): ReclaimQuestion {
  const facts = { sourceId: 's', sourcePath: '/data/s', now: NOW, places: specs.map(place), active: [], open: null, last: null } as unknown as ReclaimFacts;
  return { facts, policy: POLICY, rules: new Map(), askedBy: 'reaper', without: [], resuming: null, ...changes };
}

function kindsOf(specs: readonly PlaceSpec[], changes: Partial<ReclaimQuestion> = {}): readonly string[] {
  return decideReclaim(question(specs, changes)).blockers.map(({ kind }) => kind);
}

describe('whether a source may be freed', () => {
  it('needs every destination that it was ever meant for', () => {
    expect(kindsOf([GOOD])).toEqual([]);
    expect(kindsOf([GOOD, { ...GOOD, destination: 'disk' }])).toEqual([]);
    for (const state of ['FAILED', 'CANCELLED', 'CLEANED', 'pruned'] as const) expect(kindsOf([GOOD, { ...GOOD, destination: 'disk', state }])).toEqual(['not_there']);
    for (const state of ['QUEUED', 'RUNNING', 'AWAITING_VERIFY'] as const) expect(kindsOf([GOOD, { ...GOOD, destination: 'disk', state }])).toEqual(['on_its_way']);
    expect(kindsOf([GOOD, { ...GOOD, destination: 'disk', digest: 'd0' }])).toHaveLength(1);
    expect(kindsOf([])).toEqual(['nothing_verified']);
  });

  it('leaves a destination out only by name', () => {
    const disk = { ...GOOD, destination: 'disk', state: 'FAILED' } as const;
    expect(kindsOf([GOOD, disk], { without: ['disk'] })).toEqual([]);
    expect(kindsOf([GOOD, disk], { without: ['other'] })).toEqual(['not_there']);
    expect(kindsOf([GOOD], { without: ['nas'] })).toEqual(['nothing_verified']);
  });

  it('counts proofs by content, apart from one another; a size never', () => {
    expect(kindsOf([{ ...GOOD, proofs: [[50, 'sha256'], [49.9, 'sha256'], [30, 'size']] }])).toEqual(['too_few_proofs']);
    expect(kindsOf([{ ...GOOD, proofs: [[50, 'download'], [30, 'sha256']] }])).toEqual([]);
    const [blocker] = decideReclaim(question([{ ...GOOD, proofs: [[50, 'sha256'], [49.9, 'sha256'], [30, 'size']] }])).blockers;
    expect(blockerText(blocker!, '/data/s').what).toBe('nas has proven it once, and twice are needed (1 by size alone do not count; 1 came right after another)');
  });

  it('counts the age from the proof that completed them, so that a daily audit does not put it off for ever', () => {
    expect(kindsOf([{ ...GOOD, proofs: [[50, 'sha256'], [23, 'sha256']] }])).toEqual(['too_young']);
    expect(kindsOf([{ ...GOOD, proofs: [[50, 'sha256'], [25, 'sha256'], [1, 'sha256']] }])).toEqual([]);
    // A clock that was set back.
    expect(kindsOf([{ ...GOOD, proofs: [[50, 'sha256'], [-100, 'sha256']] }])).toEqual(['too_young']);
  });

  it('says nothing may go unless all of it holds, whatever the records are', () => {
    const spec = fc.record<PlaceSpec>({
      destination: fc.constantFrom('nas', 'disk', 's3'),
      state: fc.constantFrom<JobState | 'pruned'>('VERIFIED', 'VERIFIED', 'VERIFIED', ...JOB_STATES, 'pruned'),
      digest: fc.constantFrom('d1', 'd1', 'd1', 'd2'),
      proofs: fc.array(fc.tuple(fc.constantFrom(1, 25, 26, 50, 75), fc.constantFrom<Proof['strength']>('sha256', 'sha256', 'download', 'size')), { maxLength: 4 }),
      damage: fc.constantFrom(null, null, null, 'a.bin differs'),
      superseded: fc.constantFrom(false, false, false, true),
      paused: fc.constantFrom(false, false, false, true),
    });
    let allowed = 0;
    fc.assert(
      fc.property(fc.uniqueArray(spec, { selector: ({ destination }) => destination, maxLength: 3 }), fc.constantFrom('on', 'on', 'on', 'off'), (specs, reclaim) => {
        const { blockers } = decideReclaim(question(specs, { policy: { ...POLICY, reclaim } }));
        if (blockers.length > 0) return;
        allowed += 1;
        expect(reclaim).toBe('on');
        expect(specs.length).toBeGreaterThan(0);
        expect(new Set(specs.map(({ digest }) => digest)).size).toBe(1);
        for (const { state, proofs, damage, superseded, paused } of specs) {
          expect([state === 'VERIFIED' || state === 'CLEANUP_ELIGIBLE', damage, superseded, paused]).toEqual([true, null, false, false]);
          const old = new Set(proofs.filter(([hours, strength]) => strength !== 'size' && hours >= 24).map(([hours]) => hours));
          expect(old.size).toBeGreaterThanOrEqual(2);
        }
      }),
      { numRuns: 3000, seed: 7 },
    );
    // A property that never allows anything would hold too.
    expect(allowed).toBeGreaterThan(20);
  });
});
