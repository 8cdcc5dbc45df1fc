import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import type { CurrentRunOptions } from './current-run.ts';
import { currentStatus } from './current-run.ts';
import type { PlainStatus } from './quick-status.ts';
import { plainStatus, stillHolds } from './quick-status.ts';
import { RECORD_SCHEMA_VERSION } from './run-files.ts';
import type { SessionName } from './session-name.ts';
import type { SessionStatus } from './session-status.ts';
import type { StateDirectory } from './state-directory.ts';

/** Fewer sessions are read sooner than the notes about them. */
const WORTH_NOTING = 50;
/** A few that changed are read anew each time, until they are so many. */
const WORTH_WRITING = 20;
/** A status with an argv of a megabyte is read anew. */
const MAX_NOTE = 4096;

type Notes = Readonly<Record<string, PlainStatus>>;

/**
 * The statuses of many sessions. What was found is noted in `<state>/list-notes.json`, and taken from there while two or
 * three looks show that it still holds: 500 sessions cost half (about 20 against 40 ms). The records stay the truth; the
 * notes may be deleted at any time.
 */
export function listStatuses(names: readonly SessionName[], options: CurrentRunOptions): readonly SessionStatus[] {
  const notes = names.length < WORTH_NOTING ? {} : readNotes(options.state);
  const next: Record<string, PlainStatus> = {};
  let fresh = 0;
  const statuses = names.map((name) => {
    const noted = Object.hasOwn(notes, name) ? notes[name] : undefined;
    const holds = noted !== undefined && stillHolds(name, noted, options);
    const plain = holds ? noted : plainStatus(name, options);
    if (plain === null) return currentStatus(name, options);
    if (!holds) fresh += 1;
    next[name] = plain;
    return plain.status;
  });
  if (names.length >= WORTH_NOTING && fresh >= WORTH_WRITING) writeNotes(options.state, next);
  return statuses.filter((status) => status !== null);
}

function readNotes(state: StateDirectory): Notes {
  try {
    const { schemaVersion, notes } = JSON.parse(readFileSync(pathOf(state), 'utf8')) as { schemaVersion: unknown; notes: Notes };
    return schemaVersion === RECORD_SCHEMA_VERSION ? notes : {};
  } catch {
    // Not there, torn or of another version: everything is read from its records.
    return {};
  }
}

function writeNotes(state: StateDirectory, all: Notes): void {
  const notes = Object.fromEntries(Object.entries(all).filter(([, note]) => note.status.command.join(' ').length < MAX_NOTE));
  const draft = `${pathOf(state)}.${String(process.pid)}.tmp`;
  try {
    writeFileSync(draft, JSON.stringify({ schemaVersion: RECORD_SCHEMA_VERSION, notes }), { mode: 0o600 });
    renameSync(draft, pathOf(state));
  } catch {
    // A full or read-only disk: a list must work there, and the next one is only slower.
    rmSync(draft, { force: true });
  }
}

function pathOf(state: StateDirectory): string {
  return join(state.path, 'list-notes.json');
}
