import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { chmod, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { SqliteQueueStore } from '@longhaul/sync-queue';
import { rawPathFromText } from '@longhaul/sync-transports';
import { tempDir } from '@longhaul/testbed';
import type { TempDir } from '@longhaul/testbed';
import Database from 'better-sqlite3';
import { describe, expect, it, onTestFinished } from 'vitest';
import { assertSqliteVersion } from '../src/sqlite/driver.ts';
import { SCHEMA_STEPS, SCHEMA_VERSION } from '../src/sqlite/schema.ts';
import { watchWal } from '../src/sqlite/wal-watch.ts';

const OLD_QUEUE = new URL('fixtures/queue-schema-1.sql', import.meta.url);

async function folder(): Promise<TempDir> {
  const dir = await tempDir();
  onTestFinished(async () => dir[Symbol.asyncDispose]());
  return dir;
}

async function opened(path: string): Promise<SqliteQueueStore> {
  const store = await SqliteQueueStore.open({ path });
  onTestFinished(async () => store[Symbol.asyncDispose]());
  return store;
}

/** A file as schema 1 had it: one job in each state that schema knew. */
function writeOldQueue(path: string): void {
  const db = new Database(path);
  db.exec(readFileSync(OLD_QUEUE, 'utf8'));
  db.close();
}

const JOB = {
  source: { kind: 'directory', root: rawPathFromText('/data/results'), name: rawPathFromText('results'), dev: 1n },
  sourceId: 'id',
  destination: 'nas',
  finalName: rawPathFromText('results'),
  run: null,
  dedupKey: null,
  priority: 0,
} as const;

describe('the file of a queue', () => {
  it('is made for its owner alone, with its folder, and in WAL mode with every commit synced', async () => {
    const dir = await folder();
    const path = dir.join('state', 'deep', 'queue.db');
    const store = await opened(path);
    await store.enqueue(JOB);
    const modes = await Promise.all([path, `${path}-wal`, `${path}-shm`].map(async (file) => (await stat(file)).mode & 0o777));
    expect(modes).toEqual([0o600, 0o600, 0o600]);
    expect((await stat(dir.join('state', 'deep'))).mode & 0o777).toBe(0o700);
    const look = new Database(path, { readonly: true });
    expect([look.pragma('journal_mode', { simple: true }), look.pragma('user_version', { simple: true })]).toEqual(['wal', SCHEMA_VERSION]);
    look.close();
  });

  it('that others may read is closed to them', async () => {
    const dir = await folder();
    const path = dir.join('queue.db');
    await (await SqliteQueueStore.open({ path }))[Symbol.asyncDispose]();
    await chmod(path, 0o644);
    await opened(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('survives being closed and opened again, and being closed twice', async () => {
    const dir = await folder();
    const path = dir.join('queue.db');
    const first = await SqliteQueueStore.open({ path });
    const { job } = await first.enqueue(JOB);
    await first[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    expect(await (await opened(path)).get(job.id)).toMatchObject({ id: job.id, state: 'QUEUED' });
    await expect(first.get(job.id)).rejects.toMatchObject({ code: 'QUEUE_STORE', problem: 'closed' });
  });

  it('can be opened by several at once when nobody has made it yet', async () => {
    const dir = await folder();
    const stores = await Promise.all(Array.from({ length: 6 }, async () => opened(dir.join('queue.db'))));
    await Promise.all(stores.map(async (store, index) => store.enqueue({ ...JOB, sourceId: `s${index}` })));
    expect((await stores[0]!.list()).jobs).toHaveLength(6);
  });
});

describe('a queue of an older schema', () => {
  it('is migrated with all it holds, after a copy of it', async () => {
    const dir = await folder();
    const path = dir.join('queue.db');
    writeOldQueue(path);
    const store = await opened(path);
    const jobs = (await store.list()).jobs.map(({ id, state, attempts }) => ({ id, state, attempts }));
    expect(jobs).toEqual([
      { id: 'JOB-CANCELLED', state: 'CANCELLED', attempts: 0 },
      { id: 'JOB-FAILED', state: 'FAILED', attempts: 5 },
      { id: 'JOB-RUNNING', state: 'RUNNING', attempts: 0 },
      { id: 'JOB-VERIFIED', state: 'VERIFIED', attempts: 0 },
      { id: 'JOB-QUEUED', state: 'QUEUED', attempts: 1 },
    ]);
    expect((await store.history('JOB-VERIFIED')).map(({ to }) => to)).toEqual(['QUEUED', 'RUNNING', 'AWAITING_VERIFY', 'VERIFIED']);
    expect(await store.proofs('JOB-VERIFIED')).toMatchObject([{ occasion: 'publish', voidedAt: null }]);
    // What was verified before is audited too, from then on.
    const { provenAt, verifiedAt } = (await store.get('JOB-VERIFIED')) ?? {};
    expect([provenAt, typeof verifiedAt]).toEqual([verifiedAt, 'string']);
    const copy = new Database(`${path}.schema-1.bak`, { readonly: true });
    expect([copy.pragma('user_version', { simple: true }), copy.prepare('SELECT count(*) FROM jobs').pluck().get()]).toEqual([1, 5]);
    copy.close();
    expect((await stat(`${path}.schema-1.bak`)).mode & 0o777).toBe(0o600);
  });

  it('goes on working: its jobs are claimed, recovered, retried and their staging removed', async () => {
    const dir = await folder();
    const path = dir.join('queue.db');
    writeOldQueue(path);
    const store = await opened(path);
    const owner = { host: 'h', bootId: 'b', pid: 1, processStartTime: '1' };
    expect(await store.recover({ dead: [], lapsed: 'recover', maxRecoveries: 3 })).toMatchObject([{ id: 'JOB-RUNNING', state: 'QUEUED' }]);
    await store.retry('JOB-FAILED');
    const ids = [];
    for (let job = await store.claim({ owner, leaseMs: 1000, slots: 9 }); job !== null; job = await store.claim({ owner, leaseMs: 1000, slots: 9 })) ids.push([job.job.id, job.lease.epoch]);
    expect(ids).toEqual([['JOB-QUEUED', 8], ['JOB-RUNNING', 9], ['JOB-FAILED', 10]]);
    expect(await store.claimAbandonedStaging({ owner, leaseMs: 1000 })).toMatchObject({ lease: { jobId: 'JOB-CANCELLED' } });
  });

  it('is migrated once when two open it at the same time', async () => {
    const dir = await folder();
    writeOldQueue(dir.join('queue.db'));
    const stores = await Promise.all([opened(dir.join('queue.db')), opened(dir.join('queue.db'))]);
    for (const store of stores) expect((await store.list()).jobs).toHaveLength(5);
  });

  it('that is empty gets every step, and each step is what it was', async () => {
    const dir = await folder();
    const path = dir.join('queue.db');
    writeOldQueue(path);
    await opened(path);
    await opened(dir.join('new.db'));
    const shape = (file: string): unknown => {
      const db = new Database(file, { readonly: true });
      const rows = db.prepare("SELECT type, name, tbl_name FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY name").all();
      const columns = (db.prepare('PRAGMA table_info(jobs)').all() as { name: string }[]).map(({ name }) => name);
      db.close();
      return { rows, columns };
    };
    expect(shape(path)).toEqual(shape(dir.join('new.db')));
    // A step that queues have taken is never edited: what must change is a further step.
    expect(SCHEMA_STEPS.slice(0, 6).map((step) => createHash('sha256').update(step).digest('hex').slice(0, 16))).toEqual(['28c98f08ce10cb3d', '15679eaaff3a5c51', 'ab96e2de432179f7', 'a3d330f3902149d9', '9b47b6ae22531ccb', '159542b0db92b454']);
  });
});

describe('what cannot be used as a queue', () => {
  it.each([
    { what: 'text', bytes: Buffer.from('this is no database, but somebody wrote it'.repeat(100)) },
    { what: 'a file shorter than a header', bytes: Buffer.from('SQLi') },
    { what: 'a header and nothing behind it', bytes: Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(5_000, 0xa5)]) },
  ])('is refused with a clear error and left as it is: $what', async ({ bytes }) => {
    const dir = await folder();
    const path = dir.join('queue.db');
    await writeFile(path, bytes);
    await expect(SqliteQueueStore.open({ path })).rejects.toMatchObject({ code: 'QUEUE_STORE', problem: 'corrupt', path });
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it('is a queue with damaged pages: said when they are met, and nothing is written over', async () => {
    const dir = await folder();
    const path = dir.join('queue.db');
    const store = await SqliteQueueStore.open({ path });
    for (let index = 0; index < 200; index += 1) await store.enqueue({ ...JOB, sourceId: `s${index}` });
    await store[Symbol.asyncDispose]();
    const bytes = await readFile(path);
    bytes.fill(0xa5, 4096 * 3);
    await writeFile(path, bytes);
    const use = async (): Promise<unknown> => {
      const damaged = await opened(path);
      await damaged.enqueue({ ...JOB, sourceId: 'one-more' });
      return damaged.list({ limit: 500 });
    };
    await expect(use()).rejects.toMatchObject({ code: 'QUEUE_STORE', problem: 'corrupt', path });
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  it('is a queue that a newer program wrote', async () => {
    const dir = await folder();
    const path = dir.join('queue.db');
    await (await SqliteQueueStore.open({ path }))[Symbol.asyncDispose]();
    const db = new Database(path);
    db.pragma(`user_version = ${SCHEMA_VERSION + 1}`);
    db.close();
    await expect(SqliteQueueStore.open({ path })).rejects.toMatchObject({ problem: 'schema_too_new', message: expect.stringContaining('newer Longhaul') as string, hint: expect.stringContaining('npm install -g longhaul@latest') as string });
  });

  it('is another program’s database', async () => {
    const dir = await folder();
    const path = dir.join('queue.db');
    const db = new Database(path);
    db.exec('CREATE TABLE theirs (x)');
    db.close();
    await expect(SqliteQueueStore.open({ path })).rejects.toMatchObject({ problem: 'corrupt', message: expect.stringContaining('another program') as string });
    const after = new Database(path, { readonly: true });
    expect(after.prepare('SELECT name FROM sqlite_schema').pluck().all()).toEqual(['theirs']);
    after.close();
  });

  it('is a folder, and a path below a file', async () => {
    const dir = await folder();
    await writeFile(dir.join('file'), '');
    for (const path of [dir.path, dir.join('file', 'queue.db')]) await expect(SqliteQueueStore.open({ path })).rejects.toMatchObject({ code: 'QUEUE_STORE', problem: 'unreadable' });
    expect(await readdir(dir.path)).toEqual(['file']);
  });

  it.each([
    { what: 'NFS', type: 0x6969, mounts: '', refused: 'NFS' },
    { what: 'SMB, its number being negative on 32 bits', type: 0xfe534d42 | 0, mounts: '', refused: 'SMB' },
    { what: 'sshfs', type: 0x65735546, mounts: 'lab:/home HOME fuse.sshfs rw 0 0', refused: 'fuse.sshfs' },
    { what: 'ext4', type: 0xef53, mounts: '', refused: null },
    { what: 'a local file system in user space', type: 0x65735546, mounts: '/dev/sdb1 HOME fuseblk rw 0 0', refused: null },
  ])('is a file on a network file system: $what', async ({ type, mounts, refused }) => {
    const dir = await folder();
    const fileSystem = { typeOf: () => Promise.resolve(type), mounts: () => Promise.resolve(`rootfs / ext4 rw 0 0\n${mounts.replace('HOME', dir.path)}\n`) };
    const open = SqliteQueueStore.open({ path: dir.join('state', 'queue.db'), fileSystem });
    if (refused === null) await (await open)[Symbol.asyncDispose]();
    else await expect(open).rejects.toMatchObject({ problem: 'network_file_system', message: expect.stringContaining(refused) as string });
  });

  it('is an SQLite that can corrupt a shared WAL file', () => {
    for (const old of ['3.7.0', '3.45.1', '3.51.2', 'unknown']) expect(() => assertSqliteVersion(old)).toThrow(expect.objectContaining({ problem: 'sqlite_too_old' }) as Error);
    for (const good of ['3.51.3', '3.52.0', '4.0.0']) expect(() => assertSqliteVersion(good)).not.toThrow();
  });
});

describe('a busy file', () => {
  it('is waited for without stopping the event loop', async () => {
    const dir = await folder();
    const path = dir.join('queue.db');
    const store = await opened(path);
    const rival = new Database(path);
    rival.exec('BEGIN IMMEDIATE');
    let turns = 0;
    const ticking = setInterval(() => (turns += 1), 1);
    const writing = store.enqueue(JOB);
    // The write is under way and finds the lock taken; the loop turns all the same.
    while (turns < 5) await new Promise((resolve) => setImmediate(resolve));
    rival.exec('COMMIT');
    rival.close();
    expect((await writing).kind).toBe('created');
    clearInterval(ticking);
  });

  it('tells others by its log that something changed', async () => {
    const dir = await folder();
    const [mine, theirs] = [await opened(dir.join('queue.db')), await opened(dir.join('queue.db'))];
    let wake = (): void => undefined;
    const woken = new Promise<void>((resolve) => (wake = resolve));
    using _ = mine.watch(wake);
    await theirs.enqueue(JOB);
    await woken;
  });

  it('tells them again once the commit behind a write to the log can be read', async () => {
    const dir = await folder();
    const path = dir.join('queue.db');
    await writeFile(`${path}-wal`, '');
    let version = 0;
    let tellReadable = (): void => undefined;
    const readable = new Promise<void>((resolve) => (tellReadable = resolve));
    // As after a slow fsync: the file changes at once, what it says can be read only when it is asked for again.
    using _ = watchWal({ path, version: () => version++ }, () => {
      if (version > 1) tellReadable();
    });
    await writeFile(`${path}-wal`, 'frames');
    await readable;
  });
});
