import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { FolderMemory, Observation } from '../src/watch/folder-memory.ts';
import { observe, withHandled } from '../src/watch/folder-memory.ts';

const SETTLE = 60_000;
const seen = (fingerprint: string): Observation => ({ kind: 'seen', fingerprint, files: 1, bytes: 1 });

/** A folder and the one who looks after it: looks when it is time, hands over what is ready. */
class Bench {
  now = 1_000_000;
  memory: FolderMemory | null = null;
  readonly sent: { readonly at: number; readonly fingerprint: string }[] = [];
  readonly to: string[] = ['nas'];
  looks = 0;

  look(observation: Observation): void {
    this.looks += 1;
    const { memory, ready } = observe(this.memory, observation, { now: this.now, settleMs: SETTLE, to: this.to });
    this.memory = memory;
    if (!ready || memory.fingerprint === null) return;
    this.sent.push({ at: this.now, fingerprint: memory.fingerprint });
    this.memory = withHandled(memory, { fingerprint: memory.fingerprint, at: this.now, to: [...this.to], jobs: [], held: null });
  }

  /** On to the next look that was asked for. */
  next(observation: (now: number) => Observation): void {
    this.now = Math.max(this.now, this.memory?.nextLookAt ?? this.now);
    this.look(observation(this.now));
  }
}

/** A fingerprint, and since when it was found at every look. */
interface Same {
  readonly fingerprint: string;
  readonly since: number;
}

function sameAs(before: Same | null, found: Observation, now: number): Same | null {
  if (found.kind !== 'seen') return null;
  return before?.fingerprint === found.fingerprint ? { ...before, since: Math.min(before.since, now) } : { fingerprint: found.fingerprint, since: now };
}

const observation = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom('a', 'b', 'c').map(seen) },
  fc.constantFrom<Observation>({ kind: 'changing' }, { kind: 'no-sentinel' }, { kind: 'problem', what: 'it cannot be read', hint: null }),
);

describe('a folder that is watched', () => {
  it('is ready when it has looked the same for the settling time, once', () => {
    const bench = new Bench();
    bench.look(seen('a'));
    const begun = bench.now;
    for (let look = 0; look < 20; look += 1) bench.next(() => seen('a'));
    expect(bench.sent).toEqual([{ at: begun + SETTLE, fingerprint: 'a' }]);
    for (let look = 0; look < 3; look += 1) bench.next(() => seen('b'));
    expect(bench.sent.map(({ fingerprint }) => fingerprint)).toEqual(['a', 'b']);
  });

  it('is never ready before it was seen the same way for the settling time, and never twice in a row for one fingerprint, whatever is found when', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: -SETTLE, max: 3 * SETTLE }), observation), { maxLength: 60 }), (steps) => {
        const bench = new Bench();
        let same: Same | null = null;
        for (const [pause, found] of steps) {
          bench.now += pause;
          const before = bench.sent.length;
          bench.look(found);
          same = sameAs(same, found, bench.now);
          if (bench.sent.length > before) expect(same !== null && bench.now - same.since >= SETTLE).toBe(true);
        }
        for (const [index, { fingerprint }] of bench.sent.entries()) expect(bench.sent[index - 1]?.fingerprint).not.toBe(fingerprint);
      }),
    );
  });

  it('is looked at again, always later, and within ten minutes', () => {
    fc.assert(
      fc.property(fc.array(observation, { minLength: 1, maxLength: 60 }), (found) => {
        const bench = new Bench();
        for (const one of found) {
          bench.next(() => one);
          const pause = (bench.memory?.nextLookAt ?? 0) - bench.now;
          expect(pause).toBeGreaterThanOrEqual(1000);
          expect(pause).toBeLessThanOrEqual(600_000);
        }
      }),
    );
  });

  it('that never gets quiet is never ready, says since when, and is looked at less and less', () => {
    const bench = new Bench();
    bench.look(seen('0'));
    const begun = bench.now;
    while (bench.now - begun < 24 * 3_600_000) bench.next((now) => seen(String(now)));
    expect(bench.sent).toEqual([]);
    expect(bench.memory?.restlessSince).toBe(begun);
    expect(bench.looks).toBeLessThan(24 * 60 / 4);
    // It is not given up: as soon as it is quiet it is sent.
    for (let look = 0; look < 3; look += 1) bench.next(() => seen('end'));
    expect(bench.sent.map(({ fingerprint }) => fingerprint)).toEqual(['end']);
    expect(bench.memory?.restlessSince).toBeNull();
  });

  it('settles only after its sentinel has come', () => {
    const bench = new Bench();
    for (let look = 0; look < 10; look += 1) bench.next(() => ({ kind: 'no-sentinel' }));
    expect(bench.memory).toMatchObject({ waitsForSentinel: true, restlessSince: null });
    const came = bench.now;
    for (let look = 0; look < 4; look += 1) bench.next(() => seen('a'));
    expect(bench.sent).toHaveLength(1);
    expect((bench.sent[0]?.at ?? 0) - came).toBeGreaterThanOrEqual(SETTLE);
  });

  it('is ready again when a destination is added', () => {
    const bench = new Bench();
    for (let look = 0; look < 4; look += 1) bench.next(() => seen('a'));
    bench.to.push('disk');
    for (let look = 0; look < 4; look += 1) bench.next(() => seen('a'));
    expect(bench.sent.map(({ fingerprint }) => fingerprint)).toEqual(['a', 'a']);
  });

  it('that cannot be looked at is asked less and less, and says since when', () => {
    const bench = new Bench();
    const begun = bench.now;
    const problem: Observation = { kind: 'problem', what: 'it cannot be read', hint: 'chmod' };
    for (let look = 0; look < 12; look += 1) bench.next(() => problem);
    expect(bench.memory?.problem).toEqual({ what: 'it cannot be read', hint: 'chmod', since: begun });
    expect(bench.memory?.nextLookAt).toBe(bench.now + 600_000);
    bench.next(() => seen('a'));
    expect(bench.memory?.problem).toBeNull();
  });
});
