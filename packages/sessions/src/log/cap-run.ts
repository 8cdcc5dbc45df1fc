import type { RunDirectory } from '../run-directory.ts';
import { readRun } from '../run-reader.ts';
import type { CapOutcome } from './cap-log.ts';
import { capLog } from './cap-log.ts';
import type { HolePuncher } from './punch-hole.ts';

/** Holds the log of a run to the limit that its session was started with; null where it has none. */
export async function capRun(run: RunDirectory, punch?: HolePuncher): Promise<CapOutcome | null> {
  const maxBytes = readRun(run).spec?.log?.maxBytes ?? null;
  return maxBytes === null ? null : capLog(run, { maxBytes, ...(punch === undefined ? {} : { punch }) });
}
