import { readFileSync } from 'node:fs';
import path from 'node:path';

import type { RunDirectory } from '@longhaul/sessions';

import { replaceFile } from '../atomic-file.ts';

/** What became of one output on its way to one destination when its run ended. */
export interface OutputOutcome {
  /** As the session names it. */
  readonly path: string;
  readonly destination: string;
  /** The sync job that carries it; null where there is none. */
  readonly jobId: string | null;
  /** Why there is none; null where there is one. */
  readonly problem: string | null;
}

/** outputs.json in a run's directory: nothing that a run was to send is ever lost in silence (design §6). */
export interface OutputRecord {
  readonly schemaVersion: 1;
  readonly at: string;
  readonly outcomes: readonly OutputOutcome[];
}

const FILE = 'outputs.json';

export function writeOutputRecord(run: RunDirectory, outcomes: readonly OutputOutcome[]): OutputRecord {
  const record: OutputRecord = { schemaVersion: 1, at: new Date().toISOString(), outcomes };
  replaceFile(path.join(run.path, FILE), `${JSON.stringify(record)}\n`);
  return record;
}

/** null: the run has not ended, has no outputs, or nobody has put them into the queue yet. */
export function readOutputRecord(run: RunDirectory): OutputRecord | null {
  try {
    const record = JSON.parse(readFileSync(path.join(run.path, FILE), 'utf8')) as Partial<OutputRecord> | null;
    return Array.isArray(record?.outcomes) ? (record as OutputRecord) : null;
  } catch (error) {
    // Not there, or damaged: the queue itself still knows the jobs of the run.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
