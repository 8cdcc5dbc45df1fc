import { createReadStream } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ErrorCode, SyncError } from '@longhaul/errors';
import type { Seal } from '../seal.ts';
import { writeAtomically } from './atomic-file.ts';
import { encodeSeal, SealDecoder } from './seal-file.ts';

const SEAL_ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/;
const SUFFIX = '.seal';

/** Options of {@link SealArchive}. */
export interface SealArchiveOptions {
  /** By convention `<state>/seals`; created when the first seal is put. */
  readonly directory: string;
}

/**
 * Seals on disk, one file each, written whole or not at all: a job outlives the process that sealed its source (design §5.1, §5.5).
 * Several processes may share a folder.
 */
export class SealArchive {
  readonly #directory: string;

  constructor({ directory }: SealArchiveOptions) {
    this.#directory = directory;
  }

  /** Durable when it settles. Putting the same seal twice is harmless. */
  async put(seal: Seal): Promise<void> {
    await writeAtomically(this.#file(seal.id), encodeSeal(seal), 'synced');
  }

  /** null where there is none. @throws SyncError (code QUEUE_STORE) when the file is there and damaged: that is not "no seal" */
  async get(sealId: string): Promise<Seal | null> {
    const file = this.#file(sealId);
    const decoder = new SealDecoder();
    try {
      for await (const line of createInterface({ input: createReadStream(file, 'latin1'), crlfDelay: Infinity })) decoder.line(line);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
      throw error;
    }
    const result = decoder.finish();
    if ('seal' in result) return result.seal;
    throw new SyncError(`the seal ${sealId} cannot be read: ${result.damage}`, {
      code: ErrorCode.QUEUE_STORE,
      hint: `Seal the source again (longhaul sync retry), then delete ${file}`,
      context: { sealId, file },
    });
  }

  /** What is not there is fine. */
  async delete(sealId: string): Promise<void> {
    await rm(this.#file(sealId), { force: true });
  }

  /** Ids of all seals, for collecting those that no job needs. */
  async list(): Promise<readonly string[]> {
    try {
      const names = await readdir(this.#directory);
      return names.filter((name) => name.endsWith(SUFFIX)).map((name) => name.slice(0, -SUFFIX.length)).sort();
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
      throw error;
    }
  }

  #file(sealId: string): string {
    if (!SEAL_ID.test(sealId)) throw new SyncError(`${JSON.stringify(sealId)} is no id of a seal`, { code: ErrorCode.INTERNAL });
    return join(this.#directory, `${sealId}${SUFFIX}`);
  }
}
