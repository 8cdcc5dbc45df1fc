import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { isErrno } from '../errno.ts';
import { LAUNCH_FILES } from '../launcher/launch-file-names.ts';
import type { RunDirectory } from '../run-directory.ts';
import { readGaps } from './log-gaps.ts';
import type { LogLoss } from './run-log-event.ts';

/**
 * Whether script(1) could not write down all that its job printed: on a full disk it drops output, goes on when there is room, and says
 * so on its stderr (tried with that of util-linux). Where in the log that was, nobody knows.
 */
export function lossOf(run: RunDirectory): LogLoss | null {
  let said: string;
  try {
    said = readFileSync(join(run.path, LAUNCH_FILES.scriptErrors), 'utf8');
  } catch (error) {
    // A container has none; retention may have been quicker.
    if (isErrno(error, 'ENOENT')) return null;
    throw error;
  }
  const failure = /^.*write failed.*$/m.exec(said)?.[0];
  return failure === undefined ? null : { kind: 'incomplete', reason: failure.trim() };
}

/** All that is known to be missing from the log of a run, or that may be, because it never came there; empty as a rule. */
export function lossesOf(run: RunDirectory): readonly LogLoss[] {
  const loss = lossOf(run);
  return [...readGaps(run.path).map(({ notice }) => notice), ...(loss === null ? [] : [loss])];
}
