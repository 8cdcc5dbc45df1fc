import { BackendUnavailableError } from '@longhaul/errors';
import { processStartTime } from '@longhaul/exec';
import type { RecordedSpec, RunDirectory } from '@longhaul/sessions';
import { resumeArgv } from '@longhaul/sessions';

import { newSessionArgs, parseNewSession } from './new-session.ts';
import type { StartContext } from './start-session.ts';
import { writeTerminalRecord } from './terminal-record.ts';

/**
 * Goes on with a restart loop whose launcher was killed, in a new session of its name: later attempts have a terminal again. A session that has the name
 * already is of somebody who does the same at this moment, or of the job's own children; then nothing is done.
 *
 * @throws BackendUnavailableError, TmuxNotFoundError
 */
export async function resumeLoop({ session, terminal, firstRunId }: RecordedSpec, run: RunDirectory, { client, socket, owner, launch }: Pick<StartContext, 'client' | 'socket' | 'owner' | 'launch'>): Promise<void> {
  const answer = await client.ask(socket, newSessionArgs({ name: session, terminal }, { runId: firstRunId }, { launcher: resumeArgv(run, launch), owner }));
  if (answer.kind === 'failed') {
    if (answer.why === 'duplicate') return;
    throw new BackendUnavailableError('tmux', answer.evidence);
  }
  const created = parseNewSession(answer.stdout);
  if (created === null) return;
  const startTime = processStartTime(created.serverPid);
  // The next attempt gets a link to it: it is made after a pause, and of whatever is there then.
  writeTerminalRecord(run, { socketPath: created.socketPath, server: startTime === null ? null : { pid: created.serverPid, startTime } });
}
