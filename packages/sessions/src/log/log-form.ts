import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { RunDirectory } from '../run-directory.ts';
import { readRun } from '../run-reader.ts';
import type { LogChunk } from '../session-backend.ts';
import { CRI_FILE, criForm } from './cri-form.ts';
import type { DroppedRange } from './dropped-range.ts';
import type { LogFile } from './log-file.ts';
import { scriptForm } from './script-form.ts';

/** The file's part that has output. */
export interface FormRange {
  readonly run: RunDirectory;
  /** Where the output begins. */
  readonly start: number;
  /** Where it ends, so far. */
  readonly limit: number;
  readonly dropped: DroppedRange | null;
}

/** The output in a block with its times. @param start where the output begins in the file @throws SessionConfigError where the log has no times */
export type TimedChunks = (block: Buffer, place: { readonly from: number; readonly start: number }) => Promise<readonly LogChunk[]>;

/** How the output of a job lies in a file: as script(1) writes it, or as the engines of containers do. */
export interface LogForm {
  /** Name of the file in the run's folder. */
  readonly file: string;
  /** Whether a file of this form never begins with a NUL: then one that does was cut by somebody else. */
  readonly hasHead: boolean;
  /** Whether stdout and stderr can be told apart: a terminal merges them. */
  readonly streams: 'apart' | 'merged';
  /** How far the output goes. `isFinal`: the run is over, so nothing more will be written. */
  readonly limit: (file: LogFile, at: { readonly size: number; readonly isFinal: boolean }) => Promise<number>;
  /** Where the output begins; null while that cannot be told. @param head the beginning of the file */
  readonly start: (head: Buffer) => number | null;
  /** Where the last lines begin; `start` where there are not so many (any more). */
  readonly lastLines: (file: LogFile, range: FormRange, wanted: { readonly lines: number; readonly stream: LogChunk['stream'] | null }) => Promise<number>;
  /** Where output that was printed at a moment or later begins; `start` where that part was dropped. @throws SessionConfigError where there are no times */
  readonly since: (file: LogFile, range: FormRange, moment: Date) => Promise<number>;
  /** The output in a block, and where each piece ends in the file. @param from where the block begins */
  readonly chunks: (block: Buffer, from: number) => readonly LogChunk[];
  /** {@link chunks} in pieces that say when they were printed, for one reader of a run. */
  readonly timed: (run: RunDirectory) => TimedChunks;
  /** What to remember of a head that is dropped, beside where it ends. */
  readonly sums: (file: LogFile, range: { readonly run: RunDirectory; readonly from: number; readonly to: number; readonly before: DroppedRange | null }) => Promise<Pick<DroppedRange, 'timing' | 'entries'>>;
}

/** A container with a terminal: engines call its one stream stdout. */
const terminalForm: LogForm = {
  ...criForm,
  streams: 'merged',
  chunks: (block, from) => criForm.chunks(block, from).map(asTerminal),
  timed: (run) => async (block, place) => (await criForm.timed(run)(block, place)).map(asTerminal),
};

function asTerminal(chunk: LogChunk): LogChunk {
  return { ...chunk, stream: 'terminal' };
}

/** The form of a run's log. */
export function formOf(run: RunDirectory): LogForm {
  const { spec } = readRun(run);
  const isContainer = spec === null ? existsSync(join(run.path, CRI_FILE)) : spec.backend === 'container';
  if (isContainer) return spec?.container?.terminal === 'yes' ? terminalForm : criForm;
  return scriptForm(spec?.platform ?? process.platform);
}
