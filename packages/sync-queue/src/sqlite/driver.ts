import type Sqlite from 'better-sqlite3';
import { QueueStoreError } from '@longhaul/errors';

/** Older versions can corrupt a WAL file that two connections write and checkpoint at once (design §5.5). */
export const MIN_SQLITE_VERSION = '3.51.3';

type Driver = typeof Sqlite;

let loaded: Promise<Driver> | undefined;

/**
 * Loads better-sqlite3 when the first queue is opened, not when the package is imported: most commands never open one.
 * @throws QueueStoreError where it cannot be loaded or brings too old an SQLite.
 */
export async function loadDriver(): Promise<Driver> {
  loaded ??= importDriver();
  return loaded;
}

async function importDriver(): Promise<Driver> {
  const driver = await import('better-sqlite3').then(
    (module) => module.default,
    (cause: unknown) => {
      const hint = 'Install the package again on this machine: npm install better-sqlite3';
      throw new QueueStoreError('the SQLite driver better-sqlite3 cannot be loaded', { problem: 'unreadable', cause, hint });
    },
  );
  assertSqliteVersion(versionOf(driver));
  return driver;
}

function versionOf(driver: Driver): string {
  const memory = new driver(':memory:');
  try {
    return memory.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '';
  } finally {
    memory.close();
  }
}

/** @throws QueueStoreError for a version below {@link MIN_SQLITE_VERSION}. */
export function assertSqliteVersion(version: string): void {
  if (compareVersions(version, MIN_SQLITE_VERSION) >= 0) return;
  throw new QueueStoreError(`SQLite ${version} is too old: at least ${MIN_SQLITE_VERSION} is needed, older ones can corrupt a queue that two processes share`, {
    problem: 'sqlite_too_old',
    hint: 'npm install better-sqlite3@latest',
  });
}

function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (const [index, part] of (right ?? []).entries()) {
    const difference = (left?.[index] ?? 0) - part;
    if (difference !== 0) return Number.isNaN(difference) ? -1 : difference;
  }
  return 0;
}
