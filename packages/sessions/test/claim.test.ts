import fc from 'fast-check';
import { expect, test } from 'vitest';

import { formatClaim, parseClaim } from '../src/claim.ts';
import { newRunId, parseSessionName } from '../src/index.ts';

const place = { session: parseSessionName('train'), number: 7 };

test('a claim is read as it was written, whatever a system uses as boot id and start time', () => {
  fc.assert(
    fc.property(fc.constantFrom('run' as const, 'remove' as const), fc.constantFrom('tmux' as const, 'container' as const, null), fc.integer({ min: 1, max: 2 ** 22 }), fc.tuple(fc.string(), fc.string(), fc.string()), (kind, backend, pid, [startTime, bootId, host]) => {
      const claim = { ...place, kind, runId: newRunId(), backend, owner: { pid, startTime, bootId, host } };
      expect(formatClaim(claim)).not.toContain('\n');
      expect(parseClaim(formatClaim(claim), place)).toEqual(claim);
    }),
  );
});

test('a claim of a newer version, or anything else, is unreadable and not absent', () => {
  const runId = newRunId();
  for (const text of ['', 'x', '2 run', `2 run ${runId} tmux 1 2 3 4`, `1 walk ${runId} tmux 1 2 3 4`, '1 run nobody tmux 1 2 3 4', `1 run ${runId} tmux 0 2 3 4`, `1 run ${runId} tmux 1 2 3`, `1 run ${runId} tmux 1 %E0%A4%A 3`]) {
    expect(parseClaim(text, place)).toEqual({ ...place, kind: 'unreadable' });
  }
});
