import { SessionConfigError } from '@longhaul/errors';

import { asRunId } from '../run-id.ts';
import type { RunId } from '../run-record.ts';

/** A place in the logs of a session: an offset in the log of one of its runs. As text `<runId>:<offset>`; opaque for its users. */
export interface LogCursor {
  readonly runId: RunId;
  readonly offset: number;
}

/** The text of a cursor. */
export function formatCursor({ runId, offset }: LogCursor): string {
  return `${runId}:${String(offset)}`;
}

/** @throws SessionConfigError for anything that {@link formatCursor} does not make */
export function parseCursor(text: string): LogCursor {
  const match = /^([0-9A-Za-z]{26}):(\d{1,15})$/.exec(text);
  const runId = asRunId((match?.[1] ?? '').toUpperCase());
  if (runId !== null) return { runId, offset: Number(match?.[2]) };
  throw new SessionConfigError(`${JSON.stringify(text)} is not a place in a log`, { hint: 'Use the cursor of a line of `longhaul logs NAME --json`' });
}
