import { BackendUnavailableError } from '@longhaul/errors';
import { processStartTime } from '@longhaul/exec';
import type { RecordedSpec, RunDirectory } from '@longhaul/sessions';
import { resumeArgv } from '@longhaul/sessions';
import { setTimeout as delay } from 'node:timers/promises';

import type { NewSession } from './new-session.ts';
import { newSessionArgs, newWindowArgs, parseNewSession } from './new-session.ts';
import { surveyServer } from './server-survey.ts';
import type { StartContext } from './start-session.ts';
import { writeTerminalRecord } from './terminal-record.ts';
import { socketPath } from './tmux-socket.ts';

type ResumeContext = Pick<StartContext, 'client' | 'socket' | 'owner' | 'launch' | 'env'>;

/** How often a session that is there at one look and gone at the next is asked for again. */
const MAX_ATTEMPTS = 4;
const RETRY_MS = 50;

/**
 * Goes on with a restart loop whose launcher was killed, in a session of its name: later attempts have a terminal again. Where its own session is still
 * there, kept by a window that somebody opened in it, or made by somebody who does the same at this moment, it gets a window in that one; of two launchers
 * that come up so, one goes on.
 *
 * @throws BackendUnavailableError also where a session of the name is somebody else's; TmuxNotFoundError
 */
export async function resumeLoop(spec: RecordedSpec, run: RunDirectory, context: ResumeContext): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    const made = (await inNewSession(spec, run, context)) ?? (await inOwnSession(spec, run, context));
    if (made === 'unsaid') return;
    if (made !== null) {
      recordTerminal(run, made);
      return;
    }
    if (attempt === MAX_ATTEMPTS) throw new BackendUnavailableError('tmux', `its session "${spec.session}" comes and goes`);
    await delay(RETRY_MS);
  }
}

/** What tmux made; `unsaid` where it did and does not say what. */
type Made = NewSession | 'unsaid';

/** null where there is a session of this name. */
async function inNewSession({ session, terminal, firstRunId }: RecordedSpec, run: RunDirectory, { client, socket, owner, launch }: ResumeContext): Promise<Made | null> {
  const answer = await client.ask(socket, newSessionArgs({ name: session, terminal }, { runId: firstRunId }, { launcher: resumeArgv(run, launch), owner }));
  if (answer.kind === 'done') return parseNewSession(answer.stdout) ?? 'unsaid';
  if (answer.why === 'duplicate') return null;
  throw new BackendUnavailableError('tmux', answer.evidence);
}

/** null where it has gone since. */
async function inOwnSession({ session, firstRunId }: RecordedSpec, run: RunDirectory, { client, socket, launch, env }: ResumeContext): Promise<Made | null> {
  const survey = await surveyServer(client, socketPath(socket, env));
  if (survey.kind === 'unknown') throw survey.cause;
  const sessions = survey.kind === 'answered' ? survey.sessions : [];
  const own = sessions.find(({ runId }) => runId === firstRunId);
  if (own === undefined) {
    if (!sessions.some(({ name }) => name === session)) return null;
    throw new BackendUnavailableError('tmux', `it has a session "${session}" that is not of this loop`, { hint: `Rename that one, or end it: tmux kill-session -t =${session}` });
  }
  const first = await client.ask(socket, newWindowArgs(own.id, resumeArgv(run, launch), 'first'));
  const answer = first.kind === 'failed' && first.why === 'unknown' ? await client.ask(socket, newWindowArgs(own.id, resumeArgv(run, launch), 'free')) : first;
  if (answer.kind === 'done') return parseNewSession(answer.stdout) ?? 'unsaid';
  if (answer.why === 'no-target' || answer.why === 'gone' || answer.why === 'absent') return null;
  throw new BackendUnavailableError('tmux', answer.evidence);
}

/** The next attempt gets a link to it: it is made after a pause, and of whatever is there then. */
function recordTerminal(run: RunDirectory, { serverPid, socketPath: path }: NewSession): void {
  const startTime = processStartTime(serverPid);
  writeTerminalRecord(run, { socketPath: path, server: startTime === null ? null : { pid: serverPid, startTime } });
}
