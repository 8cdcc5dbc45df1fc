import { isLonghaulError } from '@longhaul/errors';
import type { RunDirectory, SessionListing, SessionStatus } from '@longhaul/sessions';

import type { ServerSurvey } from './server-survey.ts';
import { reviveSocket, surveyServer } from './server-survey.ts';
import type { LookupContext } from './session-lookup.ts';
import { allSockets, foreignIn, homeOf, sessionOf } from './session-lookup.ts';
import { hasTerminal, withoutTerminal, withTerminal } from './session-terminal.ts';
import type { TerminalRecord } from './terminal-record.ts';
import { isSameSocket, socketLabel } from './tmux-socket.ts';

/**
 * All sessions: ours from their records, others from tmux, by one call per socket that somebody listens at (design §4.1). A socket that
 * cannot be asked makes `unavailable`; what is known from records stays.
 */
export async function listSessions(context: LookupContext): Promise<SessionListing> {
  context.client.program();
  const managed = context.runs.currentStatuses({ backend: 'tmux' });
  const homes = await homesOf(managed, context);
  const paths = allSockets(context, [...new Set(homes.values())]);
  const surveys = await Promise.all(paths.map(async (path) => surveyServer(context.client, path)));
  const ours = managed.map((status) => placed(status, homes.get(status.name), { surveys, context }));
  const foreign = surveys.flatMap((survey) => (survey.kind === 'answered' ? foreignIn(survey, context) : []));
  return { sessions: [...ours, ...foreign.map(({ status }) => status)], unavailable: surveys.find((survey) => survey.kind === 'unknown')?.cause ?? null };
}

/** The socket of each session that may have a terminal. A removed socket file is asked for once, however many sessions need it. */
async function homesOf(managed: readonly SessionStatus[], context: LookupContext): Promise<ReadonlyMap<string, string>> {
  const homes = new Map<string, string>();
  const records = new Map<string, TerminalRecord>();
  for (const status of managed) {
    const { name, runId } = status;
    const run = hasTerminal(status) && runId !== null ? await context.runs.find(runId) : null;
    if (run === null) continue;
    const home = knownHome(run, context);
    if (home === null) continue;
    homes.set(name, home.socketPath);
    records.set(`${home.socketPath} ${String(home.server?.pid)}`, home);
  }
  await Promise.all([...records.values()].map(reviveSocket));
  return homes;
}

/** null where it cannot be read: the terminal of that session is unknown, which keeps no other from being listed. */
function knownHome(run: RunDirectory, context: LookupContext): TerminalRecord | null {
  try {
    return homeOf(run, context);
  } catch (error) {
    if (isLonghaulError(error, 'BACKEND_UNAVAILABLE')) return null;
    throw error;
  }
}

function placed(status: SessionStatus, home: string | undefined, { surveys, context }: { readonly surveys: readonly ServerSurvey[]; readonly context: LookupContext }): SessionStatus {
  if (home === undefined) return status;
  const survey = surveys.find(({ socketPath }) => isSameSocket(socketPath, home));
  if (survey === undefined || survey.kind === 'unknown') return withoutTerminal(status, 'unknown');
  const session = survey.kind === 'answered' ? sessionOf(status, survey.sessions) : undefined;
  return session === undefined ? withoutTerminal(status, 'lost') : withTerminal(status, session, socketLabel(survey.socketPath, context.env));
}
