import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, link, rm } from 'node:fs/promises';
import type { Database } from 'better-sqlite3';
import { QueueStoreError } from '@longhaul/errors';
import { APPLICATION_ID, SCHEMA_STEPS, SCHEMA_VERSION } from './schema.ts';

/**
 * Brings the file to the schema of this program, in one transaction; a file with rows in it is copied first
 * (`<path>.schema-<n>.bak`). A newer schema and another program's database are refused.
 * @throws QueueStoreError, and SQLite's own errors
 */
export async function migrate(db: Database, path: string): Promise<void> {
  const found = readVersion(db, path);
  if (found === SCHEMA_VERSION) return;
  if (found > 0 && path !== ':memory:') await backUp(db, `${path}.schema-${String(found)}.bak`);
  db.transaction(() => {
    // Asked again under the write lock: another process may have done it meanwhile.
    const from = readVersion(db, path);
    for (const step of SCHEMA_STEPS.slice(from)) db.exec(step);
    db.pragma(`application_id = ${String(APPLICATION_ID)}`);
    db.pragma(`user_version = ${String(SCHEMA_VERSION)}`);
  }).immediate();
}

function readVersion(db: Database, path: string): number {
  const version = Number(db.pragma('user_version', { simple: true }));
  const application = Number(db.pragma('application_id', { simple: true }));
  const tables = db.prepare<[], number>('SELECT count(*) FROM sqlite_schema').pluck().get() ?? 0;
  if (version === 0 && application === 0 && tables === 0) return 0;
  if (application !== APPLICATION_ID) throw foreign(path);
  if (version > SCHEMA_VERSION) throw tooNew(path, version);
  return version;
}

/**
 * Takes its name only when it is whole, and never the name of another: of several processes that come here at once, a slow
 * one may copy what a quick one has migrated already, but then the quick one's copy is in place.
 */
async function backUp(db: Database, target: string): Promise<void> {
  if (existsSync(target)) return;
  const unfinished = `${target}.${randomUUID()}.tmp`;
  try {
    db.prepare('VACUUM INTO ?').run(unfinished);
    await chmod(unfinished, 0o600);
    await link(unfinished, target).catch(ignoreExisting);
  } finally {
    await rm(unfinished, { force: true });
  }
}

function ignoreExisting(error: unknown): void {
  if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
}

function tooNew(path: string, version: number): QueueStoreError {
  return new QueueStoreError(`the queue ${path} was written by a newer Longhaul (schema ${String(version)}, this one knows ${String(SCHEMA_VERSION)})`, {
    problem: 'schema_too_new',
    path,
    hint: 'Use the newer Longhaul here, too: npm install -g longhaul@latest',
  });
}

function foreign(path: string): QueueStoreError {
  return new QueueStoreError(`${path} is a database of another program, not a queue of Longhaul`, {
    problem: 'corrupt',
    path,
    hint: 'It was left as it is. Choose another state directory: set LONGHAUL_STATE_DIR',
  });
}
