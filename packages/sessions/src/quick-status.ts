import { existsSync, lstatSync, readFileSync, readlinkSync } from 'node:fs';

import type { CurrentRunOptions } from './current-run.ts';
import type { RawRecord } from './record-json.ts';
import { parseRecord } from './record-json.ts';
import { exitRecord, readyRecord, recordedSpec, startRecord } from './record-parsers.ts';
import { asRunId } from './run-id.ts';
import { RUN_FILES } from './run-files.ts';
import type { RunRecords, StartRecord } from './run-record.ts';
import { statusFromRun } from './run-status.ts';
import { hasEnded, judgeRun } from './run-verdict.ts';
import type { SessionName } from './session-name.ts';
import type { SessionStatus } from './session-status.ts';
import type { StateDirectory } from './state-directory.ts';

/** The status of a session in an ordinary state, and what must still hold for it to be said again. */
export interface PlainStatus {
  readonly status: SessionStatus;
  /** The claim that the run has: its number and its text. */
  readonly claim: { readonly number: number; readonly text: string };
  /** The process that lives; null for a run that has ended with a record, which never changes. */
  readonly alive: Pick<StartRecord, 'pid' | 'processStartTime' | 'bootId'> | null;
}

/**
 * The status of a session from three records at half the price, for lists of hundreds of sessions: where the run that
 * `current` names has the highest claim and has ended with a record and for good, or runs. Null wherever something is missing, damaged
 * or out of the ordinary; `currentStatus` finds out what.
 */
export function plainStatus(name: SessionName, { state, world }: CurrentRunOptions): PlainStatus | null {
  try {
    const runId = asRunId(readlinkSync(`${state.session(name)}/current`).slice(-26));
    if (runId === null) return null;
    const run = state.run(runId, name);
    const spec = readPlain(`${run.path}/${RUN_FILES.spec}`, recordedSpec);
    const text = spec.claim === null ? null : highestClaimText(name, { state, number: spec.claim });
    if (spec.claim === null || text === null) return null;
    const exit = readIfThere(`${run.path}/${RUN_FILES.exit}`, exitRecord);
    const start = readIfThere(`${run.path}/${RUN_FILES.start}`, startRecord);
    const ready = spec.ready === null ? null : readIfThere(`${run.path}/${RUN_FILES.ready}`, readyRecord);
    const records: RunRecords = { runId, session: name, starter: spec.starter, launcher: null, start, stop: null, job: null, exit, ready, container: null, restart: null, keeper: null, loopEnd: null, next: null, abandoned: null, damaged: [] };
    const verdict = judgeRun(records, world);
    const isPlain = (verdict.kind === 'running' && verdict.pid !== null) || (hasEnded(verdict) && exit !== null && spec.restart.mode === 'no');
    if (!isPlain) return null;
    return { status: statusFromRun({ reading: { run, exists: true, spec, records }, verdict }), claim: { number: spec.claim, text }, alive: exit === null ? start : null };
  } catch {
    // Absent, torn, being written: each has its meaning, and the long way knows it.
    return null;
  }
}

/** Whether what was said before is still so: the same claim is the highest, and the same process lives or the run has ended for good. */
export function stillHolds(name: SessionName, note: PlainStatus, { state, world }: CurrentRunOptions): boolean {
  try {
    const { status, claim, alive } = note;
    if (status.name !== name || highestClaimText(name, { state, number: claim.number }) !== claim.text) return false;
    if (alive === null) return true;
    if (status.runId === null || alive.bootId !== world.bootId || existsSync(`${state.runPath(status.runId)}/${RUN_FILES.exit}`)) return false;
    if (status.ready?.at === null && existsSync(`${state.runPath(status.runId)}/${RUN_FILES.ready}`)) return false;
    return world.liveness(alive.pid, alive.processStartTime) === 'alive';
  } catch {
    // The claim is gone, or the note is not one of ours: whatever is there now must be read.
    return false;
  }
}

/** A claim is always made right above the highest: where the next number is free, this is the highest. Throws where it is gone. */
function highestClaimText(name: SessionName, { state, number }: { readonly state: StateDirectory; readonly number: number }): string | null {
  const claims = state.claims(name);
  const text = readlinkSync(`${claims}/${String(number)}`);
  return lstatSync(`${claims}/${String(number + 1)}`, { throwIfNoEntry: false }) === undefined ? text : null;
}

function readIfThere<T>(path: string, parse: (raw: RawRecord) => T): T | null {
  return existsSync(path) ? readPlain(path, parse) : null;
}

function readPlain<T>(path: string, parse: (raw: RawRecord) => T): T {
  return parse(parseRecord(readFileSync(path, 'utf8')));
}
