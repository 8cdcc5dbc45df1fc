import { appendFileSync, chmodSync, existsSync, linkSync, lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { createSealer, displayPath, printReceipt } from '@longhaul/sync-transports';
import type { Seal, Sealer, SealRequest } from '@longhaul/sync-transports';
import { ODD_NAMES, oddTree, runProgram, tempDir, writeTree } from '@longhaul/testbed';
import type { TempDir, TreeEntry } from '@longhaul/testbed';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { exampleReceipt } from './examples.ts';

// Files and threads on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

interface Bench {
  readonly dir: TempDir;
  readonly sealer: Sealer;
  readonly source: string;
  readonly seal: (options?: Partial<SealRequest>) => Promise<Seal>;
}

/** A clock that is ahead: a file whose ctime is younger than two seconds is not remembered, and nobody can set a ctime. */
const ahead = (): number => Date.now() + 60_000;

async function bench(entries: readonly TreeEntry[] = [], { at = 'source', now = ahead }: { readonly at?: string; readonly now?: () => number } = {}): Promise<Bench> {
  const dir = await tempDir();
  const sealer = createSealer({ stateDir: dir.join('state'), now });
  onTestFinished(async () => {
    await sealer[Symbol.asyncDispose]();
    // By its bytes: recursive rm of Node takes names for UTF-8.
    await runProgram('rm', ['-rf', dir.path]);
  });
  const source = dir.join('source');
  writeTree(source, entries);
  const seal = async (options: Partial<SealRequest> = {}): Promise<Seal> => sealer.seal({ source: await sealer.resolve(dir.join(at)), hashing: 'cached', ...options });
  return { dir, sealer, source, seal };
}

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex');
const paths = (seal: Seal): readonly string[] => seal.entries.map(({ path }) => displayPath(path));

describe('a seal', () => {
  it('lists everything once, sorted by bytes, with the hash of every file', async () => {
    const { seal } = await bench([
      { path: 'a/c', file: 'c' }, { path: 'a-b', file: 'ab' }, { path: 'a/d/e', file: '' }, { path: 'a0', file: 'a0' }, { path: 'link', symlink: 'nowhere' }, { path: 'empty', dir: true, mode: 0o700 },
    ]);
    const taken = await seal();
    expect(paths(taken)).toEqual(['a', 'a-b', 'a/c', 'a/d', 'a/d/e', 'a0', 'empty', 'link']);
    expect(taken.entries.find(({ path }) => path === 'a/c')).toMatchObject({ type: 'file', size: 1, sha256: sha256('c'), nlink: 1 });
    expect(taken.entries.find(({ path }) => path === 'a/d/e')).toMatchObject({ size: 0, sha256: sha256('') });
    expect(taken.entries.find(({ path }) => path === 'link')).toMatchObject({ type: 'symlink', target: 'nowhere' });
    expect(taken.entries.find(({ path }) => path === 'empty')).toMatchObject({ type: 'dir', mode: 0o700 });
    expect(taken.totals).toEqual({ files: 4, directories: 3, symlinks: 1, bytes: 5 });
  });

  it('is sorted by bytes whatever the names are', async () => {
    const { seal } = await bench([...oddTree(), ...['a', 'a/b', 'a b/c', 'a!/x', 'a-/y', 'a.d/z', 'a0/q', 'a/b-', 'a/b-/deep'].filter((path) => path !== 'a' && path !== 'a/b' && path !== 'a/b-').map((path) => ({ path, file: path }))]);
    const taken = await seal();
    const found = taken.entries.map(({ path }) => path);
    expect(found).toEqual([...found].sort());
    expect(new Set(found).size).toBe(found.length);
    for (const name of ODD_NAMES) expect(found).toContain(name.toString('latin1'));
  });

  it('has the digest of its content: the same for the same content, another for any difference', async () => {
    const { seal, source } = await bench([{ path: 'f', file: 'content' }, { path: 'l', symlink: 't' }, { path: 'd', dir: true }]);
    const first = await seal();
    utimesSync(`${source}/f`, 1, 1);
    const touched = await seal();
    expect(touched.digest).toBe(first.digest);
    expect(touched.id).not.toBe(first.id);
    const digests = [first.digest];
    const changes = [
      () => chmodSync(`${source}/f`, 0o755), () => appendFileSync(`${source}/f`, '!'), () => mkdirSync(`${source}/e`), () => renameSync(`${source}/f`, `${source}/g`),
      () => { unlinkSync(`${source}/l`); symlinkSync('elsewhere', `${source}/l`); }, () => chmodSync(`${source}/d`, 0o711),
    ];
    for (const change of changes) {
      change();
      digests.push((await seal()).digest);
    }
    expect(new Set(digests).size).toBe(digests.length);
  });

  it('hashes content of every size around the chunk', async () => {
    const sizes = [0, 1, 4095, 4096, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 5 * (1 << 20) + 17];
    const { seal } = await bench(sizes.map((size) => ({ path: String(size), file: Buffer.alloc(size, size % 251) })));
    for (const entry of (await seal()).entries) {
      expect(entry).toMatchObject({ sha256: createHash('sha256').update(Buffer.alloc(Number(entry.path), Number(entry.path) % 251)).digest('hex') });
    }
  });

  it('reads hard links once and names them all', async () => {
    const { seal } = await bench([{ path: 'one', file: Buffer.alloc(100_000) }, { path: 'two', hardLinkTo: 'one' }, { path: 'three', hardLinkTo: 'one' }]);
    const before = bytesRead();
    const taken = await seal({ hashing: 'fresh' });
    expect(bytesRead() - before).toBeLessThan(200_000);
    expect(new Set(taken.entries.map((entry) => (entry.type === 'file' ? entry.sha256 : ''))).size).toBe(1);
    expect(taken.totals).toMatchObject({ files: 3, bytes: 300_000 });
  });

  it('says of sockets, fifos and devices that they are not sent', async () => {
    const { seal, source } = await bench([{ path: 'f', file: 'x' }]);
    await runProgram('mkfifo', [`${source}/pipe`]);
    const server = createServer().listen(`${source}/socket`);
    onTestFinished(() => void server.close());
    await new Promise((resolve) => server.once('listening', resolve));
    const taken = await seal();
    expect(paths(taken)).toEqual(['f']);
    expect(taken.findings).toEqual([{ path: 'pipe', kind: 'fifo' }, { path: 'socket', kind: 'socket' }]);
  });

  it('knows that a file is sparse', async () => {
    const { seal } = await bench([{ path: 'sparse', sparse: { size: 10 << 20, data: [{ at: 5 << 20, bytes: 'x' }] } }]);
    const [entry] = (await seal()).entries;
    expect(entry).toMatchObject({ size: 10 << 20 });
    expect(entry?.type === 'file' && entry.allocated).toBeLessThan(1 << 20);
  });

  it('tells how far it is, up to the total', async () => {
    const { seal } = await bench(Array.from({ length: 700 }, (_, index) => ({ path: String(index), file: 'x'.repeat(10) })));
    const told: Parameters<NonNullable<SealRequest['onProgress']>>[0][] = [];
    await seal({ onProgress: (progress) => told.push(progress) });
    expect(told[0]).toEqual({ filesDone: 0, filesTotal: 700, bytesDone: 0, bytesTotal: 7000 });
    expect(told.at(-1)).toEqual({ filesDone: 700, filesTotal: 700, bytesDone: 7000, bytesTotal: 7000 });
  });
});

describe('a source', () => {
  it('is its real path, resolved once', async () => {
    const { sealer, dir, source } = await bench([{ path: 'f', file: 'x' }]);
    symlinkSync('source', dir.join('link'));
    expect(await sealer.resolve(dir.join('link'))).toEqual({ kind: 'directory', root: source, name: 'source', dev: lstatSync(source, { bigint: true }).dev });
  });

  it('can be a single file', async () => {
    const { sealer, source, seal } = await bench([{ path: 'model', file: 'weights' }, { path: 'more', file: 'x' }], { at: 'source/model' });
    expect(await sealer.resolve(`${source}/model`)).toMatchObject({ kind: 'file', root: source, name: 'model' });
    const taken = await seal();
    expect(paths(taken)).toEqual(['model']);
    expect(await sealer.check(taken)).toEqual({ kind: 'unchanged' });
    rmSync(`${source}/model`);
    expect(await sealer.check(taken)).toEqual({ kind: 'vanished', paths: ['model'] });
  });

  it('that is missing is said to be missing, before and after it was resolved', async () => {
    const { sealer, dir, source } = await bench([]);
    await expect(sealer.resolve(dir.join('no/such'))).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
    const resolved = await sealer.resolve(source);
    rmSync(source, { recursive: true });
    await expect(sealer.seal({ source: resolved, hashing: 'cached' })).rejects.toMatchObject({ code: 'SOURCE_NOT_FOUND' });
  });

  it('that is a fifo is refused', async () => {
    const { sealer, dir } = await bench([]);
    await runProgram('mkfifo', [dir.join('pipe')]);
    await expect(sealer.resolve(dir.join('pipe'))).rejects.toMatchObject({ code: 'SOURCE_NOT_DIRECTORY' });
  });

  it('leaves `.longhaul` at its top out where it holds a receipt, and says so; deeper ones are data', async () => {
    const { seal, sealer } = await bench([{ path: '.longhaul/longhaul.json', file: printReceipt(exampleReceipt()) }, { path: '.longhaul/more', file: 'x' }, { path: 'deep/.longhaul/data', file: 'x' }]);
    const taken = await seal();
    expect(paths(taken)).toEqual(['deep', 'deep/.longhaul', 'deep/.longhaul/data']);
    expect(taken.findings).toEqual([{ path: '.longhaul', kind: 'metadata' }]);
    expect(await sealer.check(taken)).toEqual({ kind: 'unchanged' });
  });

  it.each<[string, TreeEntry]>([
    ['a file', { path: '.longhaul', file: 'x' }],
    ['a folder without a receipt', { path: '.longhaul/mine', file: 'x' }],
    ['a folder with a damaged receipt', { path: '.longhaul/longhaul.json', file: '{' }],
    ['a symlink', { path: '.longhaul', symlink: '/etc' }],
  ])('whose `.longhaul` is %s is refused', async (_, entry) => {
    const { seal } = await bench([entry]);
    await expect(seal()).rejects.toMatchObject({ code: 'SOURCE_NAME', problem: 'reserved', paths: ['.longhaul'] });
  });

  it('that changes while it is read is refused, naming the file', async () => {
    const { seal, source } = await bench([{ path: 'steady', file: 'x' }, { path: 'log', sparse: { size: 300 << 20, data: [] } }]);
    const writer = setInterval(() => appendFileSync(`${source}/log`, 'more'), 1);
    onTestFinished(() => clearInterval(writer));
    await expect(seal()).rejects.toMatchObject({ code: 'SOURCE_CHANGED', paths: ['log'] });
  });

  it('can be left in the middle', async () => {
    const { seal } = await bench([{ path: 'big', sparse: { size: 256 << 20, data: [] } }, ...Array.from({ length: 600 }, (_, index) => ({ path: `f${String(index)}`, file: 'x' }))]);
    const abort = new AbortController();
    const reason = new Error('no longer wanted');
    await expect(seal({ signal: abort.signal, onProgress: ({ filesDone }) => { if (filesDone > 0) abort.abort(reason); } })).rejects.toBe(reason);
    expect((await seal()).totals.files).toBe(601);
  });
});

describe('a check of a seal', () => {
  it('reads nothing and says that nothing changed', async () => {
    const { seal, sealer } = await bench([...oddTree(), { path: 'big', file: Buffer.alloc(1 << 20) }]);
    const taken = await seal();
    const before = bytesRead();
    expect(await sealer.check(taken)).toEqual({ kind: 'unchanged' });
    expect(bytesRead() - before).toBeLessThan(50_000);
  });

  it.each<[string, (source: string) => void, object]>([
    ['content', (source) => appendFileSync(`${source}/f`, 'x'), { kind: 'changed', paths: ['f'] }],
    ['the same size with the time put back', (source) => { const { atime, mtime } = lstatSync(`${source}/f`); writeFileSync(`${source}/f`, 'y'); utimesSync(`${source}/f`, atime, mtime); }, { kind: 'changed', paths: ['f'] }],
    ['a mode', (source) => chmodSync(`${source}/f`, 0o600), { kind: 'changed', paths: ['f'] }],
    ['a folder\'s mode', (source) => chmodSync(`${source}/d`, 0o700), { kind: 'changed', paths: ['d'] }],
    ['a new file', (source) => writeFileSync(`${source}/d/new`, ''), { kind: 'changed', paths: ['d/new'] }],
    ['a new file at the end', (source) => writeFileSync(`${source}/zzz`, ''), { kind: 'changed', paths: ['zzz'] }],
    ['another link', (source) => linkSync(`${source}/f`, `${source}/d/g`), { kind: 'changed', paths: ['d/g', 'f'] }],
    ['another target', (source) => { unlinkSync(`${source}/l`); symlinkSync('u', `${source}/l`); }, { kind: 'changed', paths: ['l'] }],
    ['a file gone', (source) => unlinkSync(`${source}/f`), { kind: 'vanished', paths: ['f'] }],
    ['a file gone and another changed', (source) => { unlinkSync(`${source}/f`); writeFileSync(`${source}/z`, ''); }, { kind: 'vanished', paths: ['f'] }],
    ['a file replaced by a folder', (source) => { unlinkSync(`${source}/f`); mkdirSync(`${source}/f`); }, { kind: 'changed', paths: ['f'] }],
    ['all gone', (source) => rmSync(source, { recursive: true }), { kind: 'vanished', paths: ['d', 'f', 'l'] }],
    ['nothing but a temporary file that came and went', (source) => { writeFileSync(`${source}/d/tmp`, ''); unlinkSync(`${source}/d/tmp`); }, { kind: 'unchanged' }],
  ])('sees %s', async (_, change, expected) => {
    const { seal, sealer, source } = await bench([{ path: 'f', file: 'x' }, { path: 'd', dir: true }, { path: 'l', symlink: 't' }]);
    const taken = await seal();
    change(source);
    expect(await sealer.check(taken)).toEqual(expected);
  });
});

describe('the hash cache', () => {
  const FILE = { path: 'f', file: Buffer.alloc(1 << 20, 1) };
  const cacheFiles = (dir: TempDir): readonly string[] => (existsSync(dir.join('state/hash-cache')) ? readdirSync(dir.join('state/hash-cache')) : []);

  it('saves reading a source that has not changed: not one byte of it', async () => {
    const { seal } = await bench([FILE, { path: 'g', hardLinkTo: 'f' }, ...oddTree()]);
    const first = await seal();
    const before = bytesRead();
    const second = await seal();
    // The cache itself and /proc are all that was read.
    expect(bytesRead() - before).toBeLessThan(100_000);
    expect(second.digest).toBe(first.digest);
    expect(second.entries).toEqual(first.entries);
  });

  it('remembers nothing that is younger than two seconds', async () => {
    const { seal } = await bench([FILE], { now: () => Date.now() + 1000 });
    await seal();
    const before = bytesRead();
    await seal();
    expect(bytesRead() - before).toBeGreaterThan(1 << 20);
  });

  it('reads again what only has another ctime, and comes to the same digest', async () => {
    const { seal, source } = await bench([FILE]);
    const first = await seal();
    chmodSync(`${source}/f`, 0o600);
    chmodSync(`${source}/f`, 0o644);
    const before = bytesRead();
    const second = await seal();
    expect(bytesRead() - before).toBeGreaterThan(1 << 20);
    expect(second.digest).toBe(first.digest);
  });

  it('keeps what was hashed before it was left in the middle', async () => {
    const { seal } = await bench([{ path: 'big', sparse: { size: 256 << 20, data: [] } }, ...Array.from({ length: 600 }, (_, index) => ({ path: `f${String(index)}`, file: 'x' }))]);
    const abort = new AbortController();
    const left = seal({ signal: abort.signal, onProgress: ({ filesDone }) => { if (filesDone >= 600) abort.abort(); } });
    // The large one can only be done before the others where this process was held up: then nothing is left to be called off.
    await left.catch((error: unknown) => { expect(error).toBe(abort.signal.reason); });
    const told: number[] = [];
    await seal({ onProgress: ({ filesDone }) => { told.push(filesDone); } });
    expect(told[0]).toBeGreaterThanOrEqual(512);
  });

  it('is not asked when fresh hashes are wanted', async () => {
    const { seal } = await bench([FILE]);
    await seal();
    const before = bytesRead();
    await seal({ hashing: 'fresh' });
    expect(bytesRead() - before).toBeGreaterThan(1 << 20);
  });

  it.each<[string, (file: string) => void]>([
    ['cut off', (file) => truncateSync(file, 60)],
    ['empty', (file) => truncateSync(file, 0)],
    ['with a flipped byte in a hash', (file) => { const bytes = readFileSync(file); bytes.writeUInt8((bytes.at(-40) ?? 0) ^ 1, bytes.length - 40); writeFileSync(file, bytes); }],
    ['of another version', (file) => writeFileSync(file, readFileSync(file, 'latin1').replace('cache 1', 'cache 2'), 'latin1')],
    ['with rubbish behind it', (file) => appendFileSync(file, 'rubbish')],
  ])('that is %s is no cache', async (_, damage) => {
    const { seal, dir } = await bench([FILE]);
    const first = await seal();
    damage(dir.join('state/hash-cache', cacheFiles(dir)[0]!));
    const before = bytesRead();
    expect((await seal()).digest).toBe(first.digest);
    expect(bytesRead() - before).toBeGreaterThan(1 << 20);
    const whole = bytesRead();
    await seal();
    expect(bytesRead() - whole).toBeLessThan(100_000);
  });

  it('is shared by processes that seal at the same time', async () => {
    const { dir, source, sealer } = await bench([FILE, ...Array.from({ length: 500 }, (_, index) => ({ path: `d/${String(index)}`, file: String(index) }))]);
    const others = Array.from({ length: 4 }, () => createSealer({ stateDir: dir.join('state'), now: ahead }));
    const resolved = await sealer.resolve(source);
    const seals = await Promise.all([sealer, ...others].map(async (each) => each.seal({ source: resolved, hashing: 'cached' })));
    expect(new Set(seals.map(({ digest }) => digest)).size).toBe(1);
    await Promise.all(others.map(async (each) => each[Symbol.asyncDispose]()));
    expect(cacheFiles(dir)).toHaveLength(1);
  });

  it('is bounded: the source that was sealed longest ago goes first', async () => {
    const dir = await tempDir();
    await using sealer = createSealer({ stateDir: dir.join('state'), maxCacheBytes: 600, now: ahead });
    onTestFinished(async () => dir[Symbol.asyncDispose]());
    for (const name of ['one', 'two', 'three', 'four']) writeTree(dir.join(name), [{ path: 'x'.repeat(100), file: name }]);
    for (const name of ['one', 'two', 'three', 'four']) await sealer.seal({ source: await sealer.resolve(dir.join(name)), hashing: 'cached' });
    const sizes = cacheFiles(dir).map((name) => lstatSync(dir.join('state/hash-cache', name)).size);
    expect(sizes.length).toBeGreaterThan(0);
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(600);
  });
});

/** By this process and its threads, files and all. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)/m.exec(readFileSync('/proc/self/io', 'utf8'))?.[1]);
}
