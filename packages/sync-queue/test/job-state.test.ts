import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertTransition, canTransition, isActive, JOB_STATES, TRANSITIONS } from '../src/job-state.ts';

/** The table of design §5.5, written down a second time. */
const DESIGN: readonly string[] = [
  'QUEUED RUNNING',
  'RUNNING AWAITING_VERIFY',
  'RUNNING QUEUED',
  'RUNNING FAILED',
  'AWAITING_VERIFY VERIFIED',
  'AWAITING_VERIFY QUEUED',
  'AWAITING_VERIFY FAILED',
  'VERIFIED CLEANUP_ELIGIBLE',
  'VERIFIED QUEUED',
  'CLEANUP_ELIGIBLE CLEANED',
  'CLEANUP_ELIGIBLE VERIFIED',
  'FAILED QUEUED',
  'CANCELLED QUEUED',
  ...['QUEUED', 'RUNNING', 'AWAITING_VERIFY', 'VERIFIED', 'CLEANUP_ELIGIBLE', 'FAILED'].map((from) => `${from} CANCELLED`),
];

describe('the states of a job', () => {
  it('can change as the design says, and in no other way', () => {
    const all = JOB_STATES.flatMap((from) => JOB_STATES.map((to) => [from, to] as const));
    expect(all.filter(([from, to]) => canTransition(from, to)).map((pair) => pair.join(' ')).sort()).toEqual([...DESIGN].sort());
  });

  it('refuse everything else with an error that names job, states and what is possible', () => {
    const states = fc.constantFrom(...JOB_STATES);
    fc.assert(
      fc.property(fc.string({ minLength: 1 }), states, states, (id, from, to) => {
        if (DESIGN.includes(`${from} ${to}`)) {
          assertTransition(id, from, to);
          return;
        }
        expect(() => assertTransition(id, from, to)).toThrow(expect.objectContaining({ code: 'ILLEGAL_TRANSITION', jobId: id, from, to }) as Error);
      }),
    );
  });

  it('reach VERIFIED only by way of AWAITING_VERIFY, and CLEANED only by way of VERIFIED', () => {
    const reachable = (without: string): Set<string> => {
      const seen = new Set<string>(['QUEUED']);
      for (const from of seen) for (const to of Object.keys(TRANSITIONS[from as keyof typeof TRANSITIONS])) if (to !== without) seen.add(to);
      return seen;
    };
    expect(reachable('AWAITING_VERIFY').has('VERIFIED')).toBe(false);
    expect(reachable('VERIFIED').has('CLEANED')).toBe(false);
  });

  it('are active until something is proven or given up', () => {
    expect(JOB_STATES.filter(isActive)).toEqual(['QUEUED', 'RUNNING', 'AWAITING_VERIFY']);
  });
});
