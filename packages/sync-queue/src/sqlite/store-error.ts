import { isLonghaulError, QueueStoreError } from '@longhaul/errors';
import type { QueueStoreProblem } from '@longhaul/errors';

/** What SQLite's result codes mean for a person, ordered from specific to generic. */
const RULES: readonly { readonly code: RegExp; readonly problem: QueueStoreProblem; readonly text: string; readonly hint: string }[] = [
  { code: /^SQLITE_(?:CORRUPT|NOTADB)/, problem: 'corrupt', text: 'is damaged', hint: 'Nothing was written to it. Copy it aside before anything else; sqlite3 FILE ".recover" can often save the rows' },
  { code: /^SQLITE_FULL/, problem: 'full', text: 'cannot grow: the disk is full', hint: 'Free some space on the disk that holds it' },
  { code: /^SQLITE_(?:BUSY|LOCKED)/, problem: 'busy', text: 'is locked by another process for too long', hint: 'See who holds it: fuser FILE' },
  { code: /^SQLITE_(?:CANTOPEN|PERM|READONLY|AUTH|IOERR)/, problem: 'unreadable', text: 'cannot be read or written', hint: 'See that the file and its folder belong to this user and the disk is sound' },
];

/** Whether trying again may help: another process holds the lock. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(?:BUSY|LOCKED)/.test(codeOf(error));
}

/** An error of SQLite as QueueStoreError; every other error as it is. */
export function asStoreError(error: unknown, path: string): unknown {
  if (isLonghaulError(error)) return error;
  if (error instanceof TypeError && error.message.includes('connection is not open')) return closed(path, error);
  const code = codeOf(error);
  const rule = RULES.find((candidate) => candidate.code.test(code));
  if (rule === undefined) return error;
  const detail = error instanceof Error ? error.message : String(error);
  return new QueueStoreError(`the queue ${path} ${rule.text} (${code}: ${detail})`, { problem: rule.problem, path, cause: error, hint: rule.hint });
}

function closed(path: string, cause: unknown): QueueStoreError {
  return new QueueStoreError(`the queue ${path} is closed`, { problem: 'closed', path, cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
