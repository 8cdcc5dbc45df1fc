import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { expect, it, onTestFinished } from 'vitest';

import { parseControlGroups, usageOfGroups } from '../src/control-group.ts';
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

/** A mounted hierarchy of the test's own. */
function hierarchy(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(path.join(tmpdir(), 'longhaul-cgroup-'));
  onTestFinished(() => {
    rmSync(root, { recursive: true, force: true });
  });
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    writeFileSync(path.join(root, name), `${text}\n`);
  }
  return root;
}

it('measures a container by its group of version 2, with the lowest limit above it', () => {
  const root = hierarchy({
    'machine.slice/memory.max': '8000',
    'machine.slice/pod.scope/memory.max': '4000',
    'machine.slice/pod.scope/container/memory.max': 'max',
    'machine.slice/pod.scope/container/memory.current': '3000',
    'machine.slice/pod.scope/container/memory.stat': 'anon 1\ninactive_file 1000',
    'machine.slice/pod.scope/container/cpu.stat': 'usage_usec 1500000\nuser_usec 1',
  });
  expect(usageOfGroups('0::/machine.slice/pod.scope/container\n', root)).toEqual({ cpuMs: 1500, memoryBytes: 2000, memoryLimitBytes: 4000 });
  expect(usageOfGroups('0::/machine.slice\n', root)).toBeNull();
});

it('measures a container by its groups of version 1, where the unified one has no controllers', () => {
  const root = hierarchy({
    'memory/docker/ab/memory.usage_in_bytes': '5000',
    'memory/docker/ab/memory.stat': 'hierarchical_memory_limit 9223372036854771712\ntotal_inactive_file 500',
    'cpu,cpuacct/docker/ab/cpuacct.usage': '2000000',
  });
  const text = '4:memory:/docker/ab\n2:cpu,cpuacct:/docker/ab\n0::/system.slice\n';
  expect(usageOfGroups(text, root)).toEqual({ cpuMs: 2, memoryBytes: 4500, memoryLimitBytes: null });
  expect(usageOfGroups('1:name=systemd:/\n', root)).toBeNull();
});
