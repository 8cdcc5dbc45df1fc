import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { classifyRclone, classifyRemoteScript, classifyRsync, classifySsh, RCLONE_CODE_FAILURES, RCLONE_TEXT_FAILURES, RSYNC_CODE_FAILURES, RSYNC_LINE_FAILURES, SSH_FAILURES } from '../src/failures/index.ts';
import type { FailedRun } from '../src/failures/index.ts';
import { logText } from '../src/rclone/json-log.ts';
import type { RecordedCase } from './corpus/recorded-case.ts';

const folder = new URL('corpus/recorded/', import.meta.url);
const corpus = readdirSync(folder).map((file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as RecordedCase);

interface Verdict {
  readonly kind: string | null;
  readonly evidence: string | null;
  readonly hint: string | null;
  readonly rule: string | null;
}

function classify({ tool, returncode, stderr, facts }: RecordedCase): Verdict {
  const run = { returncode, stderr, stdout: '', ...(facts === undefined ? {} : { facts }) };
  if (tool === 'ssh') return classifySsh(run);
  if (tool === 'rclone') return classifyRclone(run);
  if (tool === 'remote-script') return classifyRemoteScript(run);
  const verdict = classifyRsync(run);
  return verdict.ok ? { kind: 'ok', evidence: verdict.evidence, hint: null, rule: null } : verdict;
}

function rsync(run: Partial<FailedRun>): Verdict {
  return classify({ id: '', tool: 'rsync', returncode: 23, stderr: '', expectedKind: null, ...run });
}

describe('what the tools really print', () => {
  it('has a corpus of at least 150 recorded failures, some of each tool', () => {
    expect(corpus.length).toBeGreaterThanOrEqual(150);
    for (const tool of ['rsync', 'ssh', 'remote-script', 'rclone']) expect(corpus.filter((recorded) => recorded.tool === tool).length).toBeGreaterThanOrEqual(14);
  });

  it.each(corpus)('$id is $expectedKind', (recorded) => {
    const verdict = classify(recorded);
    expect(verdict.kind).toBe(recorded.expectedKind);
    // rclone's lines are JSON; the evidence is one of them as text.
    const said = recorded.tool === 'rclone' ? logText(recorded.stderr) : recorded.stderr;
    if (said.trim() !== '') expect(said).toContain(verdict.evidence);
  });

  it.each(corpus)('$id: a known failure of these tools is told by a row of a table', (recorded) => {
    const verdict = classify(recorded);
    if (verdict.kind !== 'ok' && recorded.stderr.trim() !== '') expect(verdict.rule).not.toBeNull();
  });

  it.each(corpus.filter(({ expectedKind }) => ['auth', 'host_key', 'permission', 'config', 'no_space', null].includes(expectedKind)))('$id: the person who must act is told what to do', (recorded) => {
    // The two of the rsync daemon cannot be met: Longhaul speaks to rsync over ssh only.
    if (recorded.id.startsWith('rsync-daemon') || recorded.id === 'rsync-max-delete') return;
    expect(classify({ ...recorded, facts: { ...recorded.facts, target: 'lab@nas', path: '/volume1/lab', name: 'nas' } }).hint).toMatch(/\w{3}/);
  });
});

describe('classifyRsync', () => {
  it('takes a full disk for what it is although a broken pipe is printed, in either order', () => {
    const full = 'rsync: [receiver] write failed on "/v/a": No space left on device (28)';
    const pipe = 'rsync: [sender] write error: Broken pipe (32)';
    for (const stderr of [`${full}\n${pipe}`, `${pipe}\n${full}`]) expect(rsync({ returncode: 12, stderr })).toMatchObject({ kind: 'no_space', evidence: full });
  });

  it('takes the most severe of several lines, wherever it stands', () => {
    const lines = [
      { kind: 'permission', line: 'rsync: [sender] send_files failed to open "/s/a": Permission denied (13)' },
      { kind: 'local_file_vanished', line: 'rsync: [sender] link_stat "/s/b" failed: No such file or directory (2)' },
      { kind: 'config', line: 'rsync: [generator] mkdir "/v/c" failed: Read-only file system (30)' },
      { kind: 'source_changed', line: 'file has vanished: "/s/d"' },
    ];
    const order = ['config', 'permission', 'local_file_vanished', 'source_changed'];
    fc.assert(
      fc.property(fc.shuffledSubarray(lines, { minLength: 1 }), (some) => {
        const worst = order.find((kind) => some.some((line) => line.kind === kind));
        expect(rsync({ stderr: some.map(({ line }) => line).join('\n') }).kind).toBe(worst);
      }),
    );
  });

  it('does not call permission denied a login that failed when it names a file', () => {
    expect(rsync({ returncode: 23, stderr: 'rsync: [receiver] mkstemp "/v/.a.X1" failed: Permission denied (13)' }).kind).toBe('permission');
    expect(rsync({ returncode: 255, stderr: 'lab@nas: Permission denied (publickey).' }).kind).toBe('auth');
  });

  it('does not let an unknown line pass because others are harmless', () => {
    const stderr = 'rsync: [receiver] chown "/v/a" failed: Operation not permitted (1)\nrsync: [receiver] something new happened\nrsync error: some files could not be transferred (code 23)';
    expect(rsync({ stderr })).toMatchObject({ kind: 'unknown', evidence: 'rsync: [receiver] something new happened' });
  });

  it('does not take code 23 without a line for a success', () => {
    expect(rsync({ stderr: 'rsync error: some files/attrs were not transferred (see previous errors) (code 23) at main.c(1338) [sender=3.2.7]' }).kind).toBe('unknown');
    expect(rsync({ stderr: '' }).kind).toBe('unknown');
  });

  it('calls an exit code that no table knows a failure', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 255 }), fc.string(), (returncode, stderr) => {
        expect(rsync({ returncode, stderr }).kind).not.toBe('ok');
      }),
    );
  });

  it('has a row for every exit code of failures.md', () => {
    const known = new Set<number>(RSYNC_CODE_FAILURES.flatMap(({ codes }) => codes ?? []));
    for (const code of [1, 2, 3, 4, 5, 10, 11, 12, 13, 14, 15, 16, 19, 20, 21, 22, 24, 25, 30, 35, 124, 125, 126, 127, 137, 143, 255]) expect(known).toContain(code);
  });

  it('asks the source what code 3 and 24 mean', () => {
    const gone = 'file has vanished: "/s/a"';
    expect(rsync({ returncode: 3, facts: { sourceMissing: true } }).kind).toBe('local_file_vanished');
    expect(rsync({ returncode: 3 }).kind).toBe('config');
    expect(rsync({ returncode: 24, stderr: gone, facts: { sourceMissing: true } })).toMatchObject({ kind: 'local_file_vanished', evidence: gone });
    expect(rsync({ returncode: 24, stderr: gone })).toMatchObject({ kind: 'source_changed', evidence: gone });
  });

  it('gives the network up when the connection breaks at the same file for the third time', () => {
    const stderr = 'rsync: connection unexpectedly closed (0 bytes received so far) [sender]';
    expect(rsync({ returncode: 12, stderr, facts: { failuresAtSameFile: 2 } }).kind).toBe('network');
    expect(rsync({ returncode: 12, stderr, facts: { failuresAtSameFile: 3 } }).kind).toBe('unknown');
  });

  it('says where rsync is missing, with the line that installs it', () => {
    expect(rsync({ returncode: 127, stderr: 'bash: line 1: rsync: command not found', facts: { target: 'lab@nas' } })).toMatchObject({ kind: null, hint: expect.stringMatching(/lab@nas.*apt-get install rsync/) as string });
  });
});

function rclone(run: Partial<FailedRun>): Verdict {
  return classifyRclone({ returncode: 1, stderr: '', stdout: '', ...run });
}

describe('classifyRclone', () => {
  it('calls an exit code that no table knows a failure, whatever is printed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 255 }), fc.string(), (returncode, stderr) => {
        expect(rclone({ returncode, stderr }).kind).not.toBe('ok');
      }),
    );
    expect(rclone({ returncode: 77 })).toMatchObject({ kind: 'unknown', rule: null });
  });

  it('has a row for every exit code of failures.md', () => {
    const known = new Set<number>(RCLONE_CODE_FAILURES.flatMap(({ codes }) => codes ?? []));
    for (const code of [2, 3, 4, 5, 6, 7, 8, 9, 10, 137, 143]) expect(known).toContain(code);
  });

  it('knows every text of failures.md', () => {
    const texts: Readonly<Record<string, readonly string[]>> = {
      auth: ['401', 'InvalidAccessKeyId', 'SignatureDoesNotMatch', 'ExpiredToken', 'invalid_grant', "couldn't fetch token", 'unable to authenticate', 'attempted logon is invalid', 'NT_STATUS_LOGON_FAILURE'],
      host_key: ['knownhosts: key mismatch'],
      permission: ['AccessDenied', 'HTTP error 403 (403 Forbidden)', 'open /mnt/nas/x: permission denied'],
      throttled: ['googleapi: Error 403: User Rate Limit Exceeded, rateLimitExceeded', '429', 'SlowDown', '503'],
      config: ["didn't find section in config file", 'NoSuchBucket', 'hash type not supported', 'RequestTimeTooSkewed'],
      no_space: ['no space left', 'no space left on device', 'file too big for remaining disk space', 'disk quota exceeded', '507', 'insufficient_space', 'storageQuotaExceeded', 'storage_cap_exceeded'],
      unknown: ['SSH_FX_FAILURE'],
      hash_mismatch: ['corrupted on transfer', 'sizes differ', 'hashes differ'],
      source_changed: ['source file is being updated'],
      network: ['i/o timeout', 'connection reset', 'connection refused', 'unexpected EOF', 'no such host'],
    };
    for (const [kind, lines] of Object.entries(texts)) for (const line of lines) expect([line, rclone({ stderr: `2026/11/22 10:00:00 Failed to copy: ${line}` }).kind]).toEqual([line, kind]);
  });

  it('takes numbers within names and sizes for no status', () => {
    const stderr = JSON.stringify({ level: 'error', msg: 'Failed to copy: something new', object: 'run-4290/5031.dat', time: '2026-11-22T10:00:00Z' });
    expect(rclone({ stderr }).kind).toBe('unknown');
  });

  it('reads plain lines among those of JSON, and does not take progress for a failure', () => {
    const progress = JSON.stringify({ level: 'info', msg: 'Transferred: 503 B', stats: { bytes: 503 } });
    expect(rclone({ stderr: `${progress}\n2026/11/22 10:00:00 Failed to copy: directory not found\n`, returncode: 3 })).toMatchObject({ kind: 'config', evidence: 'Failed to copy: directory not found' });
  });
});

describe('classifySsh', () => {
  it('calls an unknown name a matter of configuration until the host has answered once', () => {
    const stderr = 'ssh: Could not resolve hostname nas: Name or service not known';
    expect(classifySsh({ returncode: 255, stderr, stdout: '' }).kind).toBe('config');
    expect(classifySsh({ returncode: 255, stderr, stdout: '', facts: { everReached: true } }).kind).toBe('network');
  });

  it('names the destination in the hint of an unknown host', () => {
    const stderr = 'No ED25519 host key is known for nas and you have requested strict checking.\r\nHost key verification failed.\r\n';
    expect(classifySsh({ returncode: 255, stderr, stdout: '', facts: { name: 'lab-nas' } })).toMatchObject({ kind: 'host_key', hint: expect.stringContaining('longhaul sync destinations trust lab-nas') as string });
  });

  it('calls silence a killed command', () => {
    expect(classifySsh({ returncode: 255, stderr: '', stdout: '' })).toMatchObject({ kind: 'unknown', evidence: null });
  });
});

describe('the tables', () => {
  it('name each row once', () => {
    for (const table of [RCLONE_TEXT_FAILURES, RCLONE_CODE_FAILURES, SSH_FAILURES, RSYNC_LINE_FAILURES, RSYNC_CODE_FAILURES]) {
      const ids = table.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
    }
  });
});
