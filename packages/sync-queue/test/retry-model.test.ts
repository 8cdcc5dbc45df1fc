import { TransportErrorKind } from '@longhaul/errors';
import { MAX_ATTEMPTS, MAX_SEALS } from '@longhaul/sync-queue';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { World } from './world/world.ts';

type Kind = TransportErrorKind | null;

/** What becomes of a job whose pushes fail so, one after the other, while its destination answers. */
interface Expected {
  readonly state: 'VERIFIED' | 'FAILED';
  readonly attempts: number;
  readonly pushes: number;
}

const BACKOFF: readonly Kind[] = ['network', 'unknown', 'throttled'];
const OPERATOR: readonly Kind[] = ['auth', 'host_key', 'permission', 'config'];

/** The table of design §5.4, told a second time, over a whole life of a job. */
function expected(kinds: readonly Kind[]): Expected {
  let [attempts, reseals, mismatches, nulls] = [0, 0, 0, 0];
  for (const [index, kind] of kinds.entries()) {
    const pushes = index + 1;
    const failed = (charged: 0 | 1): Expected => ({ state: 'FAILED', attempts: attempts + charged, pushes });
    const isLast = attempts + 1 >= MAX_ATTEMPTS;
    const inARow = kind === null && kinds[index - 1] === null ? nulls : 0;
    if (OPERATOR.includes(kind) || kind === 'local_file_vanished') return failed(1);
    if (BACKOFF.includes(kind) && isLast) return failed(1);
    if (kind === null && (inARow > 0 || isLast)) return failed(1);
    if (kind === 'hash_mismatch' && mismatches > 0) return failed(1);
    if (kind === 'source_changed' && reseals + 1 >= MAX_SEALS) return failed(0);
    nulls = kind === null ? inARow + 1 : 0;
    if (kind === 'source_changed') [reseals, mismatches] = [reseals + 1, 0];
    if (kind === 'hash_mismatch') mismatches += 1;
    // Nobody's fault, or the destination's: nothing is charged.
    if (kind !== 'source_changed' && kind !== 'interrupted' && kind !== 'no_space') attempts += 1;
  }
  return { state: 'VERIFIED', attempts, pushes: kinds.length + 1 };
}

describe('a worker and the table of failures', () => {
  it('agree on every sequence of failures: what is charged, what is tried again, what fails', { timeout: 120_000 }, async () => {
    const kind = fc.constantFrom<Kind>(...Object.values(TransportErrorKind), null, 'network', 'interrupted', 'source_changed', 'no_space');
    await fc.assert(
      fc.asyncProperty(fc.array(kind, { maxLength: 8 }), async (kinds) => {
        await using world = await World.create();
        world.folder('/data/results', { a: 'aaaa', b: 'bbbb' });
        const { transport } = world.place();
        transport.faults.push(...kinds.map((failed) => ({ kind: failed })));
        const { id } = await world.enqueue('/data/results');
        await world.drain({ waitFor: 'held' });
        const { state, attempts } = await world.queue.get(id);
        expect({ state, attempts, pushes: transport.pushes }).toEqual(expected(kinds));
        const history = await world.queue.history(id);
        expect(history.filter(({ to, from }) => to === 'RUNNING' && from === 'QUEUED')).toHaveLength(transport.pushes);
      }),
      { numRuns: 150 },
    );
  });
});
