import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

import { isErrno } from './errno.ts';
import { recordedSpec } from './record-parsers.ts';
import { parseRecord } from './record-json.ts';
import type { RunDirectory } from './run-directory.ts';
import { RUN_FILES } from './run-files.ts';
import { asRunId } from './run-id.ts';
import type { RunId } from './run-record.ts';
import { asSessionName } from './session-name.ts';
import type { SessionName } from './session-name.ts';
import type { StateDirectory } from './state-directory.ts';

/** Which runs are wanted. */
export interface RunFilter {
  readonly session?: string | undefined;
  /** Only runs older than this one: a cursor. */
  readonly before?: RunId | undefined;
  /** At most so many. */
  readonly limit?: number | undefined;
}

/** Names of the sessions that have a folder; one that is being given up may have no run. */
export function listSessionNames(state: StateDirectory): readonly SessionName[] {
  return listFolder(state.sessions)
    .map(asSessionName)
    .filter((name) => name !== null)
    .sort();
}

/** All runs that match, of removed sessions too, newest first. */
export function listRuns(state: StateDirectory, { session, before, limit = Infinity }: RunFilter = {}): readonly RunDirectory[] {
  const found: RunDirectory[] = [];
  for (const runId of listRunIds(state).reverse()) {
    if (found.length >= limit) break;
    if (before !== undefined && runId >= before) continue;
    const run = findRun(state, runId);
    if (run !== null && (session === undefined || run.session === session)) found.push(run);
  }
  return found;
}

/** Ids of all runs, oldest first. */
export function listRunIds(state: StateDirectory): RunId[] {
  return markers(state.runs);
}

/** Run ids among the names in a folder, oldest first. */
export function markers(path: string): RunId[] {
  return listFolder(path)
    .map(asRunId)
    .filter((id) => id !== null)
    .sort();
}

/** A run by its id, or null where it is gone. Its session is known from a link, so that a damaged spec.json does not hide it. */
export function findRun(state: StateDirectory, runId: RunId): RunDirectory | null {
  const path = state.runPath(runId);
  const session = linkedSession(path) ?? specifiedSession(path);
  return session === null ? null : state.run(runId, session);
}

function linkedSession(path: string): SessionName | null {
  try {
    return asSessionName(readlinkSync(join(path, RUN_FILES.session)));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR', 'EINVAL')) return null;
    throw error;
  }
}

/** A copy that was restored without its links still has its spec.json. */
function specifiedSession(path: string): SessionName | null {
  let text: string;
  try {
    text = readFileSync(join(path, RUN_FILES.spec), 'utf8');
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return null;
    throw error;
  }
  try {
    return recordedSpec(parseRecord(text)).session;
  } catch {
    // No link and no readable spec.json: nothing says whose run this was.
    return null;
  }
}

function listFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
}
