import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { BackendUnavailableError } from '@longhaul/errors';
import type { RunDirectory } from '@longhaul/sessions';

/** tmux.json in a run's directory: where its terminal is. A hint for finding it again, never the truth about the job. */
export interface TerminalRecord {
  /** Absolute. */
  readonly socketPath: string;
  /** null between the call that starts it and its answer. */
  readonly server: { readonly pid: number; readonly startTime: string } | null;
}

const FILE = 'tmux.json';

/** Writes it whole or not at all. A disk that is full must not keep a job from starting for the sake of a hint. */
export function writeTerminalRecord(run: RunDirectory, record: TerminalRecord): void {
  const path = join(run.path, FILE);
  const staging = `${path}.tmp`;
  try {
    writeFileSync(staging, `${JSON.stringify({ schemaVersion: 1, ...record })}\n`, { mode: 0o600 });
    renameSync(staging, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && (error.code === 'ENOSPC' || error.code === 'EDQUOT'))) throw error;
  }
}

/**
 * null where there is none: the run is about to be started, or its disk was full.
 *
 * @throws BackendUnavailableError where it cannot be read: which server has the terminal is then unknown, and the configured one may be another
 */
export function readTerminalRecord(run: RunDirectory): TerminalRecord | null {
  const path = join(run.path, FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
    if (code === 'ENOENT') return null;
    throw unreadable(path, code, cause);
  }
  const record = parse(text);
  if (record === null) throw unreadable(path, 'it is damaged');
  return record;
}

function unreadable(path: string, why: string, cause?: unknown): BackendUnavailableError {
  return new BackendUnavailableError('tmux', `where the terminal is stands in ${path}, which cannot be read (${why})`, { cause });
}

function parse(text: string): TerminalRecord | null {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof raw !== 'object' || raw === null || !('socketPath' in raw) || typeof raw.socketPath !== 'string') return null;
  const server = 'server' in raw && typeof raw.server === 'object' && raw.server !== null ? raw.server : {};
  const { pid, startTime } = server as { pid?: unknown; startTime?: unknown };
  const known = typeof pid === 'number' && Number.isSafeInteger(pid) && typeof startTime === 'string';
  return { socketPath: raw.socketPath, server: known ? { pid, startTime } : null };
}
