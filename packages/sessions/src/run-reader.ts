import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

import { errnoOf, isErrno } from './errno.ts';
import { abandonRecord, exitRecord, launcherRecord, loopEndRecord, readyRecord, recordedSpec, restartRecord, startRecord, stopRecord } from './record-parsers.ts';
import type { RawRecord } from './record-json.ts';
import { parseRecord } from './record-json.ts';
import type { RecordedSpec } from './recorded-spec.ts';
import type { RunDirectory } from './run-directory.ts';
import { RUN_FILES } from './run-files.ts';
import { asRunId } from './run-id.ts';
import type { DamagedRecord, RunId, RunRecords, Starter } from './run-record.ts';

/** What a run's directory holds at one moment. */
export interface RunReading {
  readonly run: RunDirectory;
  /** Whether the run's folder is there. */
  readonly exists: boolean;
  /** null where it is missing or damaged; `records.damaged` tells which. */
  readonly spec: RecordedSpec | null;
  readonly records: RunRecords;
}

/**
 * Reads all records of a run. Synchronous on purpose: the files are small and cached, and 500 of them must be read
 * within a few ten milliseconds. Never throws for what it finds: a record that cannot be read is `damaged`.
 *
 * @param starter who claimed the run, where its spec.json is not written yet
 */
export function readRun(run: RunDirectory, starter: Starter | null = null): RunReading {
  const damaged: DamagedRecord[] = [];
  const files = listFiles(run.path, damaged);
  const read = <T>(file: string, parse: (raw: RawRecord) => T): T | null => (files?.has(file) === true ? readRecord({ path: run.path, file, parse, damaged }) : null);
  const spec = read(RUN_FILES.spec, recordedSpec);
  const records: RunRecords = {
    runId: run.runId,
    session: run.session,
    starter: spec?.starter ?? starter,
    launcher: read(RUN_FILES.launcher, launcherRecord),
    start: read(RUN_FILES.start, startRecord),
    stop: read(RUN_FILES.stop, stopRecord),
    job: read(RUN_FILES.job, exitRecord),
    exit: read(RUN_FILES.exit, exitRecord),
    // What it says is a convenience: damaged, it is as if nobody had looked.
    ready: files?.has(RUN_FILES.ready) === true ? readRecord({ path: run.path, file: RUN_FILES.ready, parse: readyRecord, damaged: [] }) : null,
    container: files?.has(RUN_FILES.container) === true ? 'made' : null,
    restart: read(RUN_FILES.restart, restartRecord),
    // Empty where the disk is full: a hint then that is missing, and no damage.
    keeper: files?.has(RUN_FILES.again) === true ? readRecord({ path: run.path, file: RUN_FILES.again, parse: launcherRecord, damaged: [] }) : null,
    loopEnd: read(RUN_FILES.loopEnd, loopEndRecord),
    next: files?.has(RUN_FILES.next) === true ? readNext(run.path) : null,
    // Written whole or not at all: what else is there says nothing.
    abandoned: files?.has(RUN_FILES.abandoned) === true ? readRecord({ path: run.path, file: RUN_FILES.abandoned, parse: abandonRecord, damaged: [] }) : null,
    damaged,
  };
  return { run, exists: files !== null, spec, records };
}

/** One listing tells which records there are: asking for each would cost an exception for each that is not. */
function listFiles(path: string, damaged: DamagedRecord[]): ReadonlySet<string> | null {
  try {
    return new Set(readdirSync(path));
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return null;
    damaged.push({ file: RUN_FILES.spec, problem: `its folder cannot be read (${errnoOf(error) ?? String(error)})` });
    return new Set();
  }
}

interface RecordFile<T> {
  readonly path: string;
  readonly file: string;
  readonly parse: (raw: RawRecord) => T;
  readonly damaged: DamagedRecord[];
}

function readRecord<T>({ path, file, parse, damaged }: RecordFile<T>): T | null {
  try {
    return parse(parseRecord(readFileSync(join(path, file), 'utf8')));
  } catch (error) {
    // Removed since it was listed: retention was quicker.
    if (!isErrno(error, 'ENOENT')) damaged.push({ file, problem: problemOf(error) });
    return null;
  }
}

function readNext(path: string): RunId | null {
  try {
    return asRunId(readlinkSync(join(path, RUN_FILES.next)));
  } catch (error) {
    // Taken back since it was listed: that attempt could not be prepared.
    if (isErrno(error, 'ENOENT', 'EINVAL')) return null;
    throw error;
  }
}

function problemOf(error: unknown): string {
  const code = errnoOf(error);
  if (code !== null) return `it cannot be read (${code})`;
  return error instanceof Error ? error.message : String(error);
}
