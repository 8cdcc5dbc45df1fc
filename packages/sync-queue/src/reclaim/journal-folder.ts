import { mkdir, open, readFile } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { percentDecode, percentEncode, syncFolder } from '@longhaul/sync-transports';
import type { RawPath } from '@longhaul/sync-transports';
import type { Removal } from './files/source-files.ts';
import type { JournalHeader, JournalPast, JournalShelf, ReclaimJournal } from './journal.ts';

const MAGIC = 'longhaul-reclaim 1';
const ID = /^[A-Za-z0-9]{1,64}$/;

/**
 * Journals as files, one per reclaim: lines of JSON, appended and synced. They stay, as the record of what was deleted and when; paths are
 * percent-encoded bytes, so that every name survives. A last line that a crash has cut off says nothing.
 */
export class JournalFolder implements JournalShelf {
  readonly #directory: string;

  /** By convention `<state>/reclaim`; made when the first journal is. */
  constructor({ directory }: { readonly directory: string }) {
    this.#directory = directory;
  }

  async open(header: JournalHeader): Promise<ReclaimJournal> {
    if (!ID.test(header.reclaimId)) throw new Error(`${JSON.stringify(header.reclaimId)} is no id of a reclaim`);
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const path = join(this.#directory, `${header.reclaimId}.journal`);
    const known = await readIfThere(path);
    const whole = known.slice(0, known.lastIndexOf('\n') + 1);
    const file = await open(path, 'a', 0o600);
    try {
      // What a crash has cut off, or a full disk.
      if (whole.length < known.length) await file.truncate(Buffer.byteLength(whole));
      const journal = new JournalFile(file, pastOf(whole));
      await journal.append({ at: new Date().toISOString(), ...(whole === '' ? { journal: MAGIC, ...header } : { again: true }) });
      await file.sync();
      await syncFolder(this.#directory);
      return journal;
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}

class JournalFile implements ReclaimJournal {
  readonly past: JournalPast;
  readonly #file: FileHandle;

  constructor(file: FileHandle, past: JournalPast) {
    this.#file = file;
    this.past = past;
  }

  async intend(paths: readonly RawPath[]): Promise<void> {
    await this.append({ at: new Date().toISOString(), intend: paths.map(percentEncode) });
    await this.#file.sync();
  }

  async note(removals: readonly Removal[]): Promise<void> {
    await this.append({ done: removals.map(line) });
  }

  /** Whole or an error: half a line would hide the next one. */
  async append(entry: object): Promise<void> {
    const bytes = Buffer.from(`${JSON.stringify(entry)}\n`);
    const { size } = await this.#file.stat();
    const { bytesWritten } = await this.#file.write(bytes);
    if (bytesWritten === bytes.byteLength) return;
    await this.#file.truncate(size);
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close();
  }
}

type Line = readonly [path: string, what: Removal['kind'], freed: number];

function line(removal: Removal): Line {
  return [percentEncode(removal.path), removal.kind, removal.kind === 'removed' ? removal.freedBytes : 0];
}

async function readIfThere(path: string): Promise<string> {
  try {
    return await readFile(path, 'latin1');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    throw error;
  }
}

/** A line that cannot be read is passed over: then it is not known what was done. */
function pastOf(text: string): JournalPast {
  const pending = new Set<RawPath>();
  const intended = new Set<RawPath>();
  const counted = { filesRemoved: 0, bytesFreed: 0 };
  const entries = text.split('\n').slice(0, -1).map(parsed);
  for (const entry of entries.filter((line) => line !== null)) {
    for (const path of entry.intend ?? []) {
      add(pending, path);
      add(intended, path);
    }
    for (const [path, what, freed] of entry.done ?? []) {
      const raw = percentDecode(path);
      if (raw !== null) pending.delete(raw);
      if (what !== 'removed') continue;
      counted.filesRemoved += 1;
      counted.bytesFreed += freed;
    }
  }
  const isWhole = entries[0]?.journal === MAGIC && !entries.includes(null);
  return { ...counted, pending, intended, state: text === '' ? 'new' : isWhole ? 'whole' : 'damaged' };
}

function add(pending: Set<RawPath>, path: string): void {
  const raw = percentDecode(path);
  if (raw !== null) pending.add(raw);
}

interface Entry {
  readonly journal?: string;
  readonly intend?: readonly string[];
  readonly done?: readonly Line[];
}

function parsed(text: string): Entry | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? value : null;
  } catch {
    return null;
  }
}
