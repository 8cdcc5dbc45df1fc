import { setTimeout as delay } from 'node:timers/promises';
import type { Database, Statement, Transaction } from 'better-sqlite3';
import { loadDriver } from './driver.ts';
import type { FileSystemPorts } from './local-disk.ts';
import { migrate } from './migrate.ts';
import { prepareQueueFile } from './queue-file.ts';
import { asStoreError, isBusy } from './store-error.ts';

/** SQLite waits inside the call, and the event loop with it: so only this long, then we wait outside. */
const BUSY_TIMEOUT_MS = 50;
/** How long a transaction may find the file locked in all before that is an error. */
const BUSY_DEADLINE_MS = 30_000;
const WAL_LIMIT_BYTES = 16 * 1024 * 1024;
const WRITES_BETWEEN_CHECKPOINTS = 2_000;

/** One transaction: a cached statement by its text, and the moment it takes place. */
export interface Tx {
  readonly now: number;
  readonly newId: () => string;
  sql(text: string): Statement;
}

/** What a database takes from outside. */
export interface QueueDatabaseOptions {
  /** `:memory:` for a queue that lives as long as the object. */
  readonly path: string;
  readonly now: () => number;
  readonly newId: (now: number) => string;
  readonly fileSystem?: FileSystemPorts;
}

let emptyInMemory: Buffer | null = null;

/** The open file: WAL, FULL, one connection; every write is one BEGIN IMMEDIATE. */
export class QueueDatabase {
  readonly path: string;
  readonly #db: Database;
  readonly #options: QueueDatabaseOptions;
  readonly #transaction: Transaction<(work: (tx: Tx) => unknown) => unknown>;
  readonly #statements = new Map<string, Statement>();
  #writes = 0;

  private constructor(db: Database, options: QueueDatabaseOptions) {
    this.#db = db;
    // Made once: each call of `transaction` would make four functions anew.
    this.#transaction = db.transaction((work) => work(this.#tx()));
    this.#options = options;
    this.path = options.path;
  }

  /** @throws QueueStoreError */
  static async open(options: QueueDatabaseOptions): Promise<QueueDatabase> {
    const { path, fileSystem } = options;
    if (path !== ':memory:') await prepareQueueFile(path, fileSystem);
    const driver = await loadDriver();
    // A queue in memory begins as a copy of the first: its tables need not be made again.
    const from = path === ':memory:' && emptyInMemory !== null ? emptyInMemory : path;
    const db = await patiently(path, () => new driver(from, { timeout: BUSY_TIMEOUT_MS }));
    try {
      await patiently(path, () => configure(db));
      await patiently(path, () => migrate(db, path));
    } catch (error) {
      db.close();
      throw asStoreError(error, path);
    }
    if (path === ':memory:') emptyInMemory ??= db.serialize();
    return new QueueDatabase(db, options);
  }

  /** One read-write transaction; what it did is on the disk when it returns. */
  async write<T>(work: (tx: Tx) => T): Promise<T> {
    const result = await patiently(this.path, () => this.#transact('immediate', work));
    this.#limitWal();
    return result;
  }

  /** One consistent and short look. */
  async read<T>(work: (tx: Tx) => T): Promise<T> {
    return patiently(this.path, () => this.#transact('deferred', work));
  }

  /** Changes with every commit of another connection; null where it cannot be read just now. */
  dataVersion(): number | null {
    try {
      return this.#db.open ? (this.#db.pragma('data_version', { simple: true }) as number) : null;
    } catch {
      // Whoever asks for a hint asks again.
      return null;
    }
  }

  close(): void {
    this.#statements.clear();
    this.#db.close();
  }

  #transact<T>(mode: 'immediate' | 'deferred', work: (tx: Tx) => T): T {
    return this.#transaction[mode](work) as T;
  }

  #tx(): Tx {
    const now = this.#options.now();
    return { now, newId: () => this.#options.newId(now), sql: (text) => this.#statement(text) };
  }

  #statement(text: string): Statement {
    const known = this.#statements.get(text);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(text);
    this.#statements.set(text, statement);
    return statement;
  }

  /** A reader that stays long keeps the log from being reused; now and then it is emptied, when nobody is in the way. */
  #limitWal(): void {
    this.#writes += 1;
    if (this.#writes % WRITES_BETWEEN_CHECKPOINTS !== 0 || this.path === ':memory:') return;
    try {
      this.#db.pragma('wal_checkpoint(TRUNCATE)');
    } catch (error) {
      if (!isBusy(error)) throw asStoreError(error, this.path);
    }
  }
}

function configure(db: Database): void {
  const mode = db.pragma('journal_mode = WAL', { simple: true });
  if (mode !== 'wal' && mode !== 'memory') throw new Error(`journal_mode is ${String(mode)} instead of wal`);
  // Set explicitly: the driver is compiled to use NORMAL in WAL mode, which a power cut can set back by hundreds of commits.
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  db.pragma(`journal_size_limit = ${String(WAL_LIMIT_BYTES)}`);
}

/** Runs `work`, and again with jitter while another process holds the lock. */
async function patiently<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + BUSY_DEADLINE_MS;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error) || performance.now() > deadline) throw asStoreError(error, path);
    }
    await delay(2 + Math.random() * 25);
  }
}
