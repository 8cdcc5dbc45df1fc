import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RawPath, RcloneVerify, Seal } from '../src/index.ts';
import { parseRcloneDestination, rawPathFromText } from '../src/index.ts';
import { copiedFile, logText, parseLogLine } from '../src/rclone/json-log.ts';
import { planPush } from '../src/rclone/push-plan.ts';
import { retryAfterMs } from '../src/rclone/push-run.ts';
import { scrubbedVariables } from '../src/rclone/rclone-environment.ts';
import { parseFacts, parseKind, proofStrength } from '../src/rclone/remote-facts.ts';
import { remoteLayers } from '../src/rclone/remote-layers.ts';
import type { RemoteItem } from '../src/rclone/remote-folder.ts';
import { timeNs } from '../src/rclone/remote-folder.ts';
import { EVERY_ENCODING, fromRclonePath, nameFault, rclonePath } from '../src/rclone/standard-names.ts';
import { TransferPosition } from '../src/rclone/transfer-position.ts';
import { parseUnfinished } from '../src/rclone/unfinished.ts';

const raw = (text: string): RawPath => rawPathFromText(text);

describe('a remote', () => {
  it('is a name and a path', () => {
    expect(parseRcloneDestination({ remote: 'lab-s3:bucket/lab/' })).toMatchObject({ remoteName: 'lab-s3', root: 'bucket/lab' });
    expect(parseRcloneDestination({ remote: 'disk:/' })).toMatchObject({ root: '/' });
  });

  it.each([':webdav,pass=hunter2:x', 'nas,pass=hunter2:x', '/a/path', '-x:y', 'plain', ''])('is not %j, and what it may hold is not repeated', (remote) => {
    expect(() => parseRcloneDestination({ remote })).toThrow(expect.objectContaining({ code: 'CONFIG' }) as Error);
    expect(() => parseRcloneDestination({ remote })).not.toThrow(/hunter2/);
  });
});

describe('the environment of rclone', () => {
  it('keeps the configuration and loses what would change a call', () => {
    const kept = ['RCLONE_CONFIG', 'RCLONE_CONFIG_PASS', 'RCLONE_CONFIG_NAS_PASS', 'RCLONE_PASSWORD_COMMAND', 'RCLONE_S3_REGION', 'RCLONE_CA_CERT', 'PATH'];
    const lost = ['RCLONE_RC', 'RCLONE_RC_ADDR', 'RCLONE_RC_NO_AUTH', 'RCLONE_DRY_RUN', 'RCLONE_EXCLUDE', 'RCLONE_MAX_SIZE', 'RCLONE_DUMP', 'RCLONE_LOG_FILE', 'RCLONE_IGNORE_EXISTING', 'RCLONE_LOCAL_COPY_LINKS', 'RCLONE_SFTP_SKIP_LINKS', 'RCLONE_BASE64', 'RCLONE_HEAD'];
    expect(scrubbedVariables(Object.fromEntries([...kept, ...lost].map((name) => [name, 'x'])))).toEqual(lost);
  });
});

describe('names', () => {
  it('come back as they were, control characters and all', () => {
    const part = fc.string({ unit: 'binary', minLength: 1 }).map((text) => raw(text.replaceAll(/[\0/]/g, 'x'))).filter((name) => !nameFault(name, []));
    fc.assert(fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), (parts) => {
      const path = parts.join('/') as RawPath;
      expect(rclonePath(path)).not.toMatch(/[\n\r]/);
      expect(fromRclonePath(rclonePath(path))).toBe(path);
    }));
  });

  it('that rclone would write in other characters are faults; which ones depends on the backend', () => {
    const onedrive = ['Slash', 'LtGt', 'Colon', 'RightPeriod', 'Ctl', 'InvalidUtf8', 'Dot'];
    expect(['12:30.log', 'a<b', 'ends.', 'new\nline'].map((name) => nameFault(raw(name), onedrive))).toEqual([true, true, true, true]);
    expect(['12:30.log', 'a<b', 'ends.', 'new\nline'].map((name) => nameFault(raw(name), ['Slash', 'Dot']))).toEqual([false, false, false, false]);
    // Bytes that are no UTF-8, and the characters that rclone writes itself: nowhere.
    expect(['\xe9' as RawPath, raw('a\u240ab'), raw('\u201bx'), raw('\uff0e\uff0e')].map((name) => nameFault(name, []))).toEqual([true, true, true, true]);
    expect(nameFault(raw('plain-name_1.dat'), EVERY_ENCODING)).toBe(false);
  });
});

describe('what a remote can do', () => {
  const features = (changes: object, top: object = {}): string => JSON.stringify({ Name: 'nas', Precision: 1e9, Hashes: ['md5'], Features: { DirMove: true, CanHaveEmptyDirectories: true, About: true, ...changes }, ...top });

  it('is read from what rclone says', () => {
    expect(parseFacts(features({}))).toEqual({ name: 'nas', wraps: 'none', folders: 'real', publishes: 'by-moving', hashes: ['md5'], timePrecisionNs: 1e9, timeCost: 'none', tellsSpace: true });
    expect(parseFacts(features({ DirMove: false, BucketBased: true, SlowModTime: true }, { Precision: 3_153_600_000_000_000_000, Hashes: null }))).toMatchObject({ folders: 'none', publishes: 'in-place', hashes: [], timePrecisionNs: null, timeCost: 'each' });
  });

  it('proves by its own SHA-256, else by reading back; hashes that are kept here are none of the remote\'s', () => {
    const strength = (hashes: readonly string[], types: readonly (string | null)[], verify: RcloneVerify = 'auto'): string | null => proofStrength({ hashes }, { layers: { types, links: 'as-told' }, verify });
    expect(strength(['md5', 'sha256'], ['local'])).toBe('sha256');
    expect(strength(['sha256'], ['combine', 'sftp', 'alias', 'local'])).toBe('sha256');
    expect(strength(['md5'], ['s3'])).toBe('download');
    expect(strength(['sha256'], ['hasher', 'local'])).toBe('download');
    expect(strength(['sha256'], ['union', 'sftp', 'combine', 'hasher', 'sftp'])).toBe('download');
    expect(strength(['sha256'], [null])).toBe('download');
    expect(strength(['sha256'], ['cache', 'sftp'])).toBe('size');
    expect(strength([], ['crypt', 'cache', 'sftp'], 'download')).toBeNull();
    expect(strength(['md5'], ['s3'], 'hash')).toBeNull();
    expect(strength(['sha256'], ['sftp'], 'size')).toBe('size');
    expect(proofStrength({ hashes: ['sha256'] }, { layers: { types: ['alias', 'local'], links: 'per-remote' }, verify: 'auto' })).toBe('size');
  });

  it('is followed through its configuration, by remote and by upstreams, and through the environment', () => {
    const sections = {
      all: { type: 'combine', upstreams: '"my pictures=with space:x" docs=h:y' }, 'with space': { type: 'sftp' }, h: { type: 'hasher', remote: 'u:' },
      u: { type: 'union', upstreams: '/mnt/disk :webdav,url="http://x":z all:again:ro made-up:p' }, linked: { type: 'alias', remote: 'l,copy_links=true:/x' }, l: { type: 'local' },
    };
    const layers = (name: string): unknown => remoteLayers(name, { sections, environment: { RCLONE_CONFIG_MADE_UP_TYPE: 'cache' } });
    expect(layers('all')).toEqual({ types: ['combine', 'sftp', 'hasher', 'union', 'local', 'webdav', 'cache'], links: 'as-told' });
    expect(layers('linked')).toEqual({ types: ['alias', 'local'], links: 'per-remote' });
    expect(layers('nobody')).toEqual({ types: [null], links: 'as-told' });
  });

  it('has the type of the remote that is meant in the end, and its encoding', () => {
    const providers = JSON.stringify([{ Name: 'onedrive', Options: [{ Name: 'encoding', DefaultStr: 'Slash,Colon' }] }, { Name: 'sftp', Options: [{ Name: 'host', DefaultStr: '' }] }]);
    const remotes = 'nas:     sftp\ncloud: onedrive\n';
    expect(parseKind('cloud{ab12}', { remotes, providers })).toEqual({ type: 'onedrive', encoding: ['Slash', 'Colon'] });
    expect(parseKind('nas', { remotes, providers })).toEqual({ type: 'sftp', encoding: ['Ctl', 'Del', 'InvalidUtf8'] });
    expect(parseKind('local', { remotes, providers }).type).toBe('local');
    expect(parseKind('gone', { remotes, providers }).type).toBeNull();
  });
});

describe('the log', () => {
  it('is text that says what failed, without progress', () => {
    const lines = [
      { level: 'info', msg: 'Copied (new)', object: 'a' },
      { level: 'info', msg: '\nTransferred: 1\n', stats: { bytes: 4, transferring: [{ name: 'b', bytes: 2 }] } },
      { level: 'error', msg: 'Failed to copy: oh\n\tno', object: 'b' },
    ].map((line) => JSON.stringify(line));
    expect(logText([...lines, '2026/11/22 10:00:00 Failed to copy: oh no'].join('\n'))).toBe('b: Failed to copy: oh no\nFailed to copy: oh no');
    expect(lines.map((line) => parseLogLine(line)).map((line) => (line === null ? null : copiedFile(line)))).toEqual(['a', null, null]);
  });

  it('never breaks its reader', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      expect(() => parseLogLine(line)).not.toThrow();
    }));
  });

  it('tells how long a server wants to be left alone', () => {
    expect(retryAfterMs('pacer: Too many requests. Trying again in 30 seconds.')).toBe(30_000);
    expect(retryAfterMs('429 Too Many Requests: Retry-After: 7')).toBe(7000);
    expect(retryAfterMs('503 Service Unavailable')).toBeNull();
  });
});

describe('a push', () => {
  const stat = { mode: 0o644, mtimeNs: 1_000_000_000_123n, ctimeNs: 0n, dev: 1n, ino: 1n };
  const file = (path: string, size: number): Seal['entries'][number] => ({ ...stat, type: 'file', path: raw(path), size, allocated: size, nlink: 1, sha256: '0'.repeat(64) });
  const seal = { entries: [file('a', 10), { ...stat, type: 'dir', path: raw('d') }, file('d/b', 5), { ...stat, type: 'dir', path: raw('e') }, { ...stat, type: 'symlink', path: raw('l'), target: raw('x/y') }], totals: { files: 2, directories: 2, symlinks: 1, bytes: 15 } } as unknown as Seal;
  const plan = (there: readonly (readonly [string, RemoteItem])[], changes: object = {}): ReturnType<typeof planPush> => planPush({ seal, there: new Map(there.map(([path, item]) => [raw(path), item])), complete: 'by-time', precisionNs: 1000, folders: 'real', ...changes });

  it('sends what is not there, folders that are empty and symlinks', () => {
    expect(plan([])).toMatchObject({ files: [{ path: 'a' }, { path: 'd/b' }], folders: ['e'], symlinks: [{ path: 'l' }], removals: [], done: { bytes: 0, files: 0 } });
    const there = [['a', { type: 'file', size: 10, mtimeNs: 1_000_000_000_500n }], ['d/b', { type: 'file', size: 5, mtimeNs: 5n }], ['l.rclonelink', { type: 'file', size: 3, mtimeNs: null }], ['e', { type: 'dir', size: 0, mtimeNs: null }]] as const;
    expect(plan(there)).toMatchObject({ files: [{ path: 'd/b' }], folders: [], symlinks: [], done: { bytes: 10, files: 1 } });
    expect(plan(there, { complete: 'by-size' }).files).toEqual([]);
    expect(plan(there, { complete: 'none' }).files).toHaveLength(2);
    expect(plan(there, { repeat: [raw('a')] })).toMatchObject({ files: [{ path: 'a' }], done: { bytes: 5, files: 1 } });
  });

  it('takes away what stands in the way, top-most things only', () => {
    expect(plan([['a', { type: 'dir', size: 0, mtimeNs: null }], ['a/x', { type: 'file', size: 1, mtimeNs: null }], ['d', { type: 'file', size: 1, mtimeNs: null }]]).removals).toEqual([{ path: 'a', type: 'dir' }, { path: 'd', type: 'file' }]);
  });

  it('tells a position that never runs backwards and ends at the total', () => {
    fc.assert(fc.property(fc.array(fc.nat(30)), (counts) => {
      const position = new TransferPosition(seal, { bytes: 5, files: 1 });
      let last = 0;
      for (const bytes of counts) {
        position.accept(JSON.stringify({ level: 'info', msg: '', stats: { bytes, transferring: [] } }));
        const { bytesDone } = position.progress();
        expect(bytesDone).toBeGreaterThanOrEqual(last);
        expect(bytesDone).toBeLessThanOrEqual(15);
        last = bytesDone;
      }
      position.finish();
      expect(position.progress()).toMatchObject({ bytesDone: 15, filesDone: 2 });
    }));
  });
});

describe('times of a listing', () => {
  it('are exact to the nanosecond, in any zone', () => {
    expect(timeNs('2001-02-03T04:05:06.123456789Z')).toBe(981_173_106_123_456_789n);
    expect(timeNs('2001-02-03T05:05:06.5+01:00')).toBe(981_173_106_500_000_000n);
    expect(timeNs('')).toBeNull();
  });
});

describe('the mark of an unfinished result', () => {
  it('is read only where it is one', () => {
    const mark = { schemaVersion: 1, hostId: 'h', jobId: 'j', sourceId: 's', source: '/s', sealDigest: 'd', replaced: null };
    expect(parseUnfinished(JSON.stringify(mark))).toEqual(mark);
    for (const text of ['', '[]', 'null', '{}', JSON.stringify({ ...mark, replaced: {} }), JSON.stringify({ ...mark, schemaVersion: 2 })]) expect(parseUnfinished(text)).toBeNull();
  });
});
