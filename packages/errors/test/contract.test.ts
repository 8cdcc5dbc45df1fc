import { describe, expect, it, vi } from 'vitest';

import * as errors from '../src/index.ts';

const {
  BackendNotFoundError, BackendUnavailableError, ConfigError, ContainerRuntimeNotFoundError, ErrorCode, IllegalTransitionError, JobConflictError, JobNotFoundError,
  LeaseLostError, LonghaulError, OpsError, QueueError, QueueStoreError, SessionAmbiguousError, SessionAttachError, SessionConfigError, SessionError,
  SessionExistsError, SessionNotFoundError, SessionStartError, SessionStopError, SourceChangedError, SourceError, SourceNameError, SourceNotDirectoryError,
  SourceNotFoundError, SourceUnreadableError, SyncError, TmuxNotFoundError, TransportError, TransportErrorKind, isLonghaulError,
} = errors;

type Row = readonly [error: errors.LonghaulError, code: string, parents: readonly (abstract new (...args: never[]) => Error)[], fields: Record<string, unknown>];

/** Design §3: class, arguments in this order, code, what it may be caught as, readable fields. */
const CONTRACT: readonly Row[] = [
  [new SessionExistsError('train', 'tmux'), 'SESSION_EXISTS', [SessionError, OpsError], { sessionName: 'train', backend: 'tmux' }],
  [new SessionNotFoundError('train', 'tmux'), 'SESSION_NOT_FOUND', [SessionError, OpsError], { sessionName: 'train', backend: 'tmux' }],
  [new SessionStartError('train', 'container', 'no image'), 'SESSION_START', [SessionError, OpsError], { sessionName: 'train', backend: 'container', reason: 'no image' }],
  [new SessionAttachError('train', 'tmux', 'no terminal'), 'SESSION_ATTACH', [SessionError, OpsError], { sessionName: 'train', backend: 'tmux', reason: 'no terminal' }],
  [new SessionStopError('train', 'tmux', 'still there'), 'SESSION_STOP', [SessionError, OpsError], { sessionName: 'train', backend: 'tmux', reason: 'still there' }],
  [new SessionAmbiguousError('train', ['tmux', 'container']), 'SESSION_AMBIGUOUS', [SessionError, OpsError], { sessionName: 'train', backends: ['tmux', 'container'] }],
  [new TmuxNotFoundError(), 'TMUX_NOT_FOUND', [BackendNotFoundError, OpsError], { backend: 'tmux', errnoCode: 'ENOENT' }],
  [new ContainerRuntimeNotFoundError(), 'CONTAINER_RUNTIME_NOT_FOUND', [BackendNotFoundError, OpsError], { backend: 'container', errnoCode: 'ENOENT' }],
  [new BackendNotFoundError('rsync'), 'BACKEND_NOT_FOUND', [OpsError], { backend: 'rsync', errnoCode: 'ENOENT' }],
  [new BackendUnavailableError('tmux', 'timed out'), 'BACKEND_UNAVAILABLE', [OpsError], { backend: 'tmux', reason: 'timed out' }],
  [new SessionConfigError('name "-x" cannot be used'), 'SESSION_CONFIG', [OpsError], {}],
  [new TransportError('no route'), 'TRANSPORT', [SyncError], { errorKind: null }],
  [new TransportError('no route', { errorKind: TransportErrorKind.NETWORK }), 'TRANSPORT', [SyncError], { errorKind: 'network' }],
  [new JobNotFoundError('j1'), 'JOB_NOT_FOUND', [QueueError, SyncError], { jobId: 'j1' }],
  [new IllegalTransitionError('j1', 'CLEANED', 'QUEUED'), 'ILLEGAL_TRANSITION', [QueueError, SyncError], { jobId: 'j1', from: 'CLEANED', to: 'QUEUED' }],
  [new LeaseLostError('j1'), 'LEASE_LOST', [QueueError, SyncError], { jobId: 'j1' }],
  [new QueueStoreError('bad', { problem: 'corrupt', path: '/q.db' }), 'QUEUE_STORE', [QueueError, SyncError], { problem: 'corrupt', path: '/q.db' }],
  [new JobConflictError('taken', { conflict: 'destination_name', jobId: 'j1' }), 'JOB_CONFLICT', [QueueError, SyncError], { conflict: 'destination_name', jobId: 'j1' }],
  [new SourceNotFoundError('/d'), 'SOURCE_NOT_FOUND', [SourceError, SyncError], { source: '/d' }],
  [new SourceNotDirectoryError('/d'), 'SOURCE_NOT_DIRECTORY', [SourceError, SyncError], { source: '/d' }],
  [new SourceChangedError('/d', ['a']), 'SOURCE_CHANGED', [SourceError, SyncError], { source: '/d', paths: ['a'] }],
  [new SourceUnreadableError('/d', ['a']), 'SOURCE_UNREADABLE', [SourceError, SyncError], { source: '/d', paths: ['a'] }],
  [new SourceNameError('/d', ['a', 'A'], { problem: 'collision' }), 'SOURCE_NAME', [SourceError, SyncError], { source: '/d', paths: ['a', 'A'], problem: 'collision' }],
  [new ConfigError('unknown key "typ"', { file: 'longhaul.yaml', line: 3, column: 7, fix: 'type: local' }), 'CONFIG', [], { file: 'longhaul.yaml', line: 3, column: 7, fix: 'type: local', hint: 'type: local' }],
];

describe('the contract', () => {
  it.each(CONTRACT.map((row) => [row[0].name, row] as const))('%s', (name, [error, code, parents, fields]) => {
    expect(error).toMatchObject({ ...fields, code, name });
    for (const parent of [...parents, LonghaulError, Error]) expect(error).toBeInstanceOf(parent);
    expect(isLonghaulError(error, error.code)).toBe(true);
    expect(Object.hasOwn(errors, name)).toBe(true);
    expect(String(error)).toBe(`${name}: ${error.message}`);
  });

  it('covers every class that has a code of its own, and every code is in the table once', () => {
    const codes = Object.values(ErrorCode);
    expect(new Set(codes).size).toBe(codes.length);
    expect(Object.entries(ErrorCode).filter(([key, value]) => key !== value)).toEqual([]);
    expect(codes.filter((code) => !CONTRACT.some(([error]) => error.code === code))).toEqual(['USAGE', 'INTERNAL']);
  });

  it('names all kinds of transport errors as programs know them', () => {
    expect(Object.entries(TransportErrorKind).map(([key, value]) => [key.toLowerCase(), value]).filter(([key, value]) => key !== value)).toEqual([]);
    expect(Object.values(TransportErrorKind).sort()).toEqual(['auth', 'config', 'hash_mismatch', 'host_key', 'interrupted', 'local_file_vanished', 'network', 'no_space', 'permission', 'source_changed', 'throttled', 'unknown']);
  });

  it('says in the hint what to do, and lets the caller say it better', () => {
    expect(new SessionAmbiguousError('train', ['tmux', 'container']).hint).toContain('--backend tmux or --backend container');
    expect(new ContainerRuntimeNotFoundError().hint).toMatch(/https:\/\/podman\.io\/getting-started\/installation.*https:\/\/docs\.docker\.com\/get-docker\//);
    expect(new SessionStartError('bot', 'container', 'no image').hint).toBeNull();
    expect(new SessionStartError('bot', 'container', 'no image', { hint: 'podman pull bot:1.4' }).hint).toBe('podman pull bot:1.4');
    expect(new TmuxNotFoundError({ hint: 'ask the admin' }).hint).toBe('ask the admin');
  });

  it('names the place of a wrong setting as compilers do, and nothing where there is none', () => {
    expect(new ConfigError('unknown key', { file: 'a.yaml', line: 3, column: 7 }).message).toBe('a.yaml:3:7: unknown key');
    expect(new ConfigError('LONGHAUL_X is not a number').message).toBe('LONGHAUL_X is not a number');
  });

  it('spells out five names, escaped, and keeps all of them readable', () => {
    const error = new SourceUnreadableError('/d', ['a\nb', '1', '2', '3', '4', '5', '6']);
    expect(error.message).toContain(String.raw`"a\nb", "1", "2", "3", "4" and 2 more`);
    expect(error.paths).toHaveLength(7);
  });
});

describe('isLonghaulError', () => {
  it('works across copies of the package, where instanceof does not', async () => {
    vi.resetModules();
    const copy = await import('../src/index.ts');
    const error = new copy.SessionNotFoundError('train', 'tmux');
    expect(error instanceof LonghaulError).toBe(false);
    expect(isLonghaulError(error)).toBe(true);
    expect([isLonghaulError(error, 'SESSION_NOT_FOUND'), isLonghaulError(error, 'SESSION_EXISTS')]).toEqual([true, false]);
  });

  it.each([null, undefined, 'text', new Error('x'), { code: 'SESSION_NOT_FOUND' }, Object.assign(new Error('x'), { code: 'ENOENT' })])('says no to %o', (value) => {
    expect(isLonghaulError(value)).toBe(false);
  });
});
