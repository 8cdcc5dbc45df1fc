import { expect, it } from 'vitest';

import { parseControlGroups } from '../src/control-group.ts';
import { parsePsUsage, parseStatUsage, residentBytes } from '../src/process-usage.ts';
import { pseudoTerminalPath } from '../src/terminal-size.ts';

/** As Linux writes it, with a name that holds parentheses and blanks. */
const STAT = '4242 (a) b (c) S 1 4242 4242 34819 4242 4194560 500 600 0 0 150 25 7 3 20 0 1 0 987654 10000 20 18446744073709551615 0 0 0';

it('reads processor time and start time of /proc/PID/stat, whatever the program is called', () => {
  expect(parseStatUsage(STAT)).toEqual({ cpuMs: 1850, startTime: '987654' });
  expect(parseStatUsage('4242 (x')).toBeNull();
});

it('reads the resident memory; a zombie has none', () => {
  expect(residentBytes('Name:\tx\nVmRSS:\t    2048 kB\nThreads:\t1\n')).toBe(2 * 1024 * 1024);
  expect(residentBytes('Name:\tx\nState:\tZ (zombie)\n')).toBe(0);
});

it.each([
  ['34819', '/dev/pts/3'],
  [String((136 << 8) | (300 & 0xff) | ((300 & 0xfff00) << 12)), '/dev/pts/300'],
  ['0', null],
  ['1025', null],
])('finds the terminal of device %s', (device, path) => {
  expect(pseudoTerminalPath(STAT.replace('34819', device))).toBe(path);
});

it('reads what ps tells, in its forms of times', () => {
  const text = ['    1  1024   0:01.50 Sun Nov 22 04:00:00 2026', ' 42 8 01:02:03 Sun Nov 22 04:00:00 2026', '43 16 2-03:04:05 Sun Nov  1 04:00:00 2026', 'nonsense', ''].join('\n');
  expect(parsePsUsage(text)).toEqual([
    { pid: 1, startTime: 'Sun Nov 22 04:00:00 2026', cpuMs: 1500, memoryBytes: 1024 * 1024 },
    { pid: 42, startTime: 'Sun Nov 22 04:00:00 2026', cpuMs: 3_723_000, memoryBytes: 8192 },
    { pid: 43, startTime: 'Sun Nov  1 04:00:00 2026', cpuMs: ((2 * 24 + 3) * 60 + 4) * 60_000 + 5000, memoryBytes: 16 * 1024 },
  ]);
});

it('reads control groups of both versions, with colons in their paths', () => {
  const groups = parseControlGroups('12:cpu,cpuacct:/a:b/c\n3:memory:/m\n0::/unified\nbroken\n');
  expect([groups.get('cpuacct'), groups.get('cpu'), groups.get('memory'), groups.get('')]).toEqual(['/a:b/c', '/a:b/c', '/m', '/unified']);
});
