import { setImmediate } from 'node:timers/promises';

import { isLonghaulError } from '@longhaul/errors';
import type { ListOptions, RunDirectory, SessionListing, SessionStatus } from '@longhaul/sessions';

import type { TmuxSession } from './pane-list.ts';
import type { ProbedSocket, ServerSurvey } from './server-survey.ts';
import { reviveSocket, surveyProbed } from './server-survey.ts';
import type { LookupContext } from './session-lookup.ts';
import { allSockets, foreignIn, homeOf, markOf } from './session-lookup.ts';
import { hasTerminal, withoutTerminal, withTerminal } from './session-terminal.ts';
import type { TerminalRecord } from './terminal-record.ts';
import { isSameSocket, probeSocket, socketLabel, socketPath } from './tmux-socket.ts';

/**
 * All sessions: ours from their records, others from tmux, by one call per socket that somebody listens at (design §4.1). A socket that
 * cannot be asked makes `unavailable`; what is known from records stays.
 */
export async function listSessions(context: LookupContext, { whose = 'all' }: ListOptions): Promise<SessionListing> {
  context.client.program();
  // Asked first, so that tmux answers while the records are read: with 500 sessions each takes 20 ms.
  const asking = survey(await probe(whose === 'ours' ? [socketPath(context.socket, context.env)] : allSockets(context)), context);
  asking.catch(() => undefined);
  // The programs are started in this turn of the event loop, which the reading of records would hold up.
  await setImmediate();
  const managed = context.runs.currentStatuses({ backend: 'tmux' });
  const first = new TerminalIndex(await asking, context.env);
  const missed = managed.filter((status) => hasTerminal(status) && first.find(status) === undefined);
  // Started since, or elsewhere, or the socket's file was removed: where they were made somebody is asked once more.
  const homes = await homesOf(missed, context);
  const index = homes.size === 0 ? first : first.with(await survey(await probe([...new Set(homes.values())]), context));
  const ours = managed.map((status) => placed(status, homes.get(status.name), index));
  const foreign = whose === 'ours' ? [] : index.surveys.flatMap((one) => (one.kind === 'answered' ? foreignIn(one, context) : []));
  return { sessions: [...ours, ...foreign.map(({ status }) => status)], unavailable: index.surveys.find((one) => one.kind === 'unknown')?.cause ?? null };
}

async function probe(paths: readonly string[]): Promise<readonly ProbedSocket[]> {
  return Promise.all(paths.map(async (socketPath) => ({ socketPath, state: await probeSocket(socketPath) })));
}

async function survey(sockets: readonly ProbedSocket[], { client }: LookupContext): Promise<readonly ServerSurvey[]> {
  return Promise.all(sockets.map(async (socket) => surveyProbed(client, socket)));
}

/** A session of tmux and how its socket is called in listings. */
interface LabelledSession {
  readonly session: TmuxSession;
  readonly label: string;
}

function marked({ sessions, socketPath }: Extract<ServerSurvey, { kind: 'answered' }>, env: LookupContext['env']): readonly (readonly [string, LabelledSession])[] {
  const label = socketLabel(socketPath, env);
  return sessions.flatMap((session) => (session.runId === null ? [] : [[session.runId, { session, label }] as const]));
}

/** What servers have said, and where each marked session is among it. */
class TerminalIndex {
  readonly surveys: readonly ServerSurvey[];
  readonly #places: ReadonlyMap<string, LabelledSession>;
  readonly #env: LookupContext['env'];

  constructor(surveys: readonly ServerSurvey[], env: LookupContext['env']) {
    this.surveys = surveys;
    this.#env = env;
    this.#places = new Map(surveys.flatMap((one) => (one.kind === 'answered' ? marked(one, env) : [])));
  }

  /** With newer answers in place of older ones from the same socket. */
  with(newer: readonly ServerSurvey[]): TerminalIndex {
    const older = this.surveys.filter(({ socketPath }) => !newer.some((one) => isSameSocket(one.socketPath, socketPath)));
    return new TerminalIndex([...older, ...newer], this.#env);
  }

  find(status: SessionStatus): LabelledSession | undefined {
    return this.#places.get(markOf(status) ?? '');
  }

  at(path: string): ServerSurvey | undefined {
    return this.surveys.find(({ socketPath }) => isSameSocket(socketPath, path));
  }
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

function placed(status: SessionStatus, home: string | undefined, index: TerminalIndex): SessionStatus {
  const place = hasTerminal(status) ? index.find(status) : undefined;
  if (place !== undefined) return withTerminal(status, place.session, place.label);
  if (home === undefined) return status;
  const kind = index.at(home)?.kind ?? 'unknown';
  return withoutTerminal(status, kind === 'unknown' ? 'unknown' : 'lost');
}
