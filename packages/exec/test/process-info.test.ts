import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { parseProcStat, parsePs } from '../src/process-info.ts';

const TAIL = '4242 4242 4242 34816 4250 4194560 100 0 0 0 1 2 0 0 20 0 1 0 987654 2568192 200 18446744073709551615';

describe('/proc/PID/stat', () => {
  it('is read the same whatever the program is called', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.constantFrom(') R 1 2 3', '((', 'a b\n) Z')), (name) => {
        expect(parseProcStat(`77 (${name}) S ${TAIL}`)).toEqual({ pid: 77, ppid: 4242, pgid: 4242, sid: 4242, foregroundPgid: 4250, state: 'running', startTime: '987654' });
      }),
    );
  });

  it.each([['Z', 'zombie'], ['X', 'zombie'], ['T', 'stopped'], ['t', 'stopped'], ['R', 'running'], ['D', 'running']])('takes state %s for %s', (letter, state) => {
    expect(parseProcStat(`1 (x) ${letter} ${TAIL}`)).toMatchObject({ state });
  });

  it.each(['', '77 (x', '77 (x) S 1 2'])('is null where it is cut off: %j', (text) => {
    expect(parseProcStat(text)).toBeNull();
  });
});

describe('the output of ps', () => {
  it('is read as macOS and procps print it', () => {
    const text = '    1     0     1     0 Ss   Mon Sep  1 09:00:00 2025    \n 4242     1  4242    -1 Z    Fri Nov 21 23:59:59 2025\nps: odd line\n';
    expect(parsePs(text)).toEqual([
      { pid: 1, ppid: 0, pgid: 1, sid: null, foregroundPgid: null, state: 'running', startTime: 'Mon Sep  1 09:00:00 2025' },
      { pid: 4242, ppid: 1, pgid: 4242, sid: null, foregroundPgid: null, state: 'zombie', startTime: 'Fri Nov 21 23:59:59 2025' },
    ]);
  });
});
