import type { SessionStatus } from '@longhaul/sessions';
import { EMPTY_STATUS } from '@longhaul/sessions';
import { describe, expect, it } from 'vitest';

import { endMeaning } from '../src/output/end-meaning.ts';
import { Printer } from '../src/output/printer.ts';
import type { StatusReport } from '../src/output/status-text.ts';
import { statusText } from '../src/output/status-text.ts';

const ended: SessionStatus = { ...EMPTY_STATUS, name: 'train', backend: 'tmux', state: 'exited', terminal: 'none', reason: 'exit' };

function text(changes: Partial<SessionStatus>, more: Partial<StatusReport> = {}): string {
  const printer = new Printer({ stdout: process.stdout, stderr: process.stderr, env: { NO_COLOR: '1' }, format: 'human' });
  return statusText({ session: { ...ended, ...changes }, usage: null, terminalSize: null, notReady: null, log: null, ports: [], outputs: [], next: [], ...more }, printer);
}

describe('readiness', () => {
  const running: Partial<SessionStatus> = { state: 'running', reason: null };

  it('is told with the moment at which it was seen, or with what is missing', () => {
    expect(text({ ...running, ready: { check: 'tcp', at: '2026-11-22T10:00:00.000Z' } })).toMatch(/state +running, ready\n +ready +since 2026-11-22T10:00:00.000Z \(/);
    expect(text({ ...running, ready: { check: 'tcp', at: null } }, { notReady: 'localhost:80 cannot be reached (ECONNREFUSED)' })).toMatch(/state +running\n +ready +not yet: localhost:80 cannot/);
    expect(text(running)).not.toContain('ready');
  });
});

it('names the published ports', () => {
  const ports = [{ hostAddress: '127.0.0.1', hostPort: 8080, containerPort: 80, protocol: 'tcp' }, { hostAddress: '::1', hostPort: 53, containerPort: 53, protocol: 'udp' }] as const;
  expect(text({}, { ports })).toMatch(/\n {2}ports +127\.0\.0\.1:8080 -> 80\/tcp\n +\[::1\]:53 -> 53\/udp\n/);
  expect(text({})).not.toContain('ports');
});

describe('the meaning of an end', () => {
  it.each<[Partial<SessionStatus>, RegExp | string]>([
    [{ exitCode: 0 }, ''],
    [{ exitCode: 3 }, ''],
    [{ exitCode: 126 }, /could not be executed/],
    [{ exitCode: 127 }, /was not found/],
    [{ exitCode: 128 }, ''],
    [{ exitCode: 143 }, /143 is what a shell makes of SIGTERM: it was asked to end/],
    [{ exitCode: 137 }, /137 is what a shell makes of SIGKILL: by force: somebody, or the kernel/],
    [{ exitCode: 137, oomKilled: false }, /SIGKILL: by force, and not because its own memory limit was reached/],
    [{ exitCode: 137, oomKilled: true }, 'its memory was over: the kernel killed it'],
    [{ exitCode: null, signal: 'SIGSEGV', reason: 'signal' }, 'it touched memory that is not its own'],
    [{ exitCode: 255 }, ''],
    [{ exitCode: 137, state: 'stopped', stoppedBy: { who: 'lab', step: 'kill' } }, ''],
    [{ exitCode: null, state: 'running', reason: null }, ''],
  ])('%j', (changes, meaning) => {
    const found = endMeaning({ ...ended, ...changes });
    if (typeof meaning === 'string') expect(found).toBe(meaning);
    else expect(found).toMatch(meaning);
  });
});

describe('a status for people', () => {
  const loop = { mode: 'on-failure', maxRestarts: 5, inRow: 2, firstRunId: null, previous: null, next: null, problem: null, ended: null } as const;

  it('tells a crash loop, and when the next attempt comes', () => {
    const at = new Date(Date.now() + 3_600_000).toISOString();
    const previous = { runId: '01J9Z3N8Y2V6QG7T5B4M1K0XWA' as NonNullable<SessionStatus['runId']>, exitCode: 1, signal: null, reason: 'exit', endedAt: null } as const;
    const shown = text({ state: 'restarting', attempt: 3, exitCode: 1, restart: { ...loop, previous, next: { attempt: 4, at }, problem: 'the disk is full' } });
    expect(shown).toContain('attempt  3 (2 restarts of at most 5 in a row; the one before ended with code 1; restart: on-failure)');
    expect(shown).toMatch(/next try attempt 4 in (?:59m59s|1h) \(.*\); held up: the disk is full/);
    expect(text({ state: 'restarting', restart: { ...loop, next: { attempt: 2, at: null } } })).toContain('attempt 2 about to be decided');
  });

  it('says that it has given up', () => {
    expect(text({ attempt: 6, exitCode: 1, restart: { ...loop, inRow: 5, ended: 'gave-up' } })).toContain('6 (5 restarts of at most 5 in a row; it has given up: too many restarts in a row)');
    expect(text({ attempt: 1 })).not.toContain('attempt');
  });

  it('tells usage, log and place, each only where it is known', () => {
    const usage = { of: 'container', cpuMs: 7_260_000, cpuPercent: 98.5, memoryBytes: 2e9, memoryLimitBytes: 4e9, processes: null } as const;
    const shown = text({ backend: 'container', image: 'bot:1.4', socketName: 'podman' }, { usage, log: { path: '/state/runs/x/output.cri', bytes: 5e9, bytesOnDisk: 1e9, losses: [] } });
    expect(shown).toContain('usage    98.5 % of a processor now, 2h1m of processor time so far, 2.0 GB of 4.0 GB of memory\n');
    expect(shown).toContain('log      5.0 GB, of which the last 1.0 GB are kept, /state/runs/x/output.cri\n');
    expect(shown).toMatch(/engine +podman\n/);
    expect(text({}, { log: { path: '/x', bytes: 100, bytesOnDisk: 0, losses: [] } })).toContain('log      100 B, /x\n');
    expect(text({})).not.toMatch(/usage|log|terminal|engine/);
  });

  it('says below the log what may be missing from it', () => {
    const losses = [
      { kind: 'gap', from: '2026-11-22T10:00:00.000Z', to: '2026-11-22T10:00:02.000Z', reason: 'the engine was away' },
      { kind: 'gap', from: null, to: null, reason: 'conmon was killed' },
      { kind: 'incomplete', reason: 'write failed' },
    ] as const;
    const shown = text({ backend: 'container' }, { log: { path: '/x', bytes: 100, bytesOnDisk: 100, losses } });
    expect(shown).toContain('output may be missing from 2026-11-22T10:00:00.000Z until 2026-11-22T10:00:02.000Z: the engine was away\n');
    expect(shown).toContain('output may be missing: conmon was killed\n');
    expect(shown).toContain('not all that it printed is there: write failed\n');
  });

  it('escapes what a name could do to the screen', () => {
    expect(text({ name: '\u001b]0;x\u0007', managed: false, command: ['\u202e'] })).not.toMatch(/\u001b|\u0007|\u202e/);
  });
});
