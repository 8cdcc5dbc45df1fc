import type { OpsError } from '@longhaul/errors';
import { isLonghaulError, SessionAmbiguousError, SessionNotFoundError } from '@longhaul/errors';
import type { CurrentRun, RunDirectory, RunId, RunStore, SessionStatus } from '@longhaul/sessions';
import { asSessionName, holdsName, statusFromRun } from '@longhaul/sessions';

import type { TmuxSession } from './pane-list.ts';
import type { ServerSurvey } from './server-survey.ts';
import { reviveSocket, surveyServer } from './server-survey.ts';
import { foreignStatus, withoutTerminal, withTerminal } from './session-terminal.ts';
import type { TerminalRecord } from './terminal-record.ts';
import { readTerminalRecord } from './terminal-record.ts';
import type { TmuxClient } from './tmux-client.ts';
import type { TmuxSocket } from './tmux-socket.ts';
import { findSockets, isSameSocket, socketLabel, socketPath } from './tmux-socket.ts';

/** What a lookup stands on. */
export interface LookupContext {
  readonly client: TmuxClient;
  readonly runs: RunStore;
  readonly socket: TmuxSocket;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A session in its place. */
export interface PlacedSession {
  readonly session: TmuxSession;
  readonly socketPath: string;
}

/** A session that was started by Longhaul: the record decides about the job, `terminal` says what tmux knows (design §4.2). */
export interface ManagedSession {
  readonly kind: 'managed';
  readonly run: RunDirectory;
  readonly status: SessionStatus;
  readonly mayLive: boolean;
  /** null: it has none (any more). `unknown`: tmux is missing, or cannot be asked. */
  readonly place: PlacedSession | null | { readonly kind: 'unknown'; readonly cause: OpsError };
}

/** A session that was made by hand. */
export interface ForeignSession {
  readonly kind: 'foreign';
  readonly status: SessionStatus;
  readonly place: PlacedSession;
}

/** Finds one session by its exact name. */
export type Lookup = ManagedSession | ForeignSession | { readonly kind: 'absent' } | Extract<ServerSurvey, { kind: 'unknown' }>;

/** @throws SessionAmbiguousError when sessions made by hand have this name on several sockets */
export async function lookUp(name: string, context: LookupContext): Promise<Lookup> {
  const managed = findManaged(name, context.runs);
  return managed === null ? findForeign(name, context) : placeManaged(managed, context);
}

/** {@link lookUp} for what must be there. @throws SessionNotFoundError, BackendUnavailableError, SessionAmbiguousError */
export async function requireSession(name: string, context: LookupContext): Promise<ManagedSession | ForeignSession> {
  const found = await lookUp(name, context);
  if (found.kind === 'unknown') throw found.cause;
  if (found.kind === 'absent') throw new SessionNotFoundError(name, 'tmux');
  return found;
}

/** A session that is known to have no record here. @throws SessionNotFoundError, BackendUnavailableError, SessionAmbiguousError */
export async function requireForeign(name: string, context: LookupContext): Promise<ForeignSession> {
  const found = await requireSession(name, context);
  if (found.kind === 'foreign') return found;
  // Somebody started a session of this name since the record was looked for.
  throw new SessionNotFoundError(name, 'tmux');
}

/** Takes away what tmux still has of an ended run: windows that somebody opened beside the job. @throws BackendUnavailableError */
export async function removeTerminal(run: RunDirectory, context: LookupContext): Promise<void> {
  const path = await recordedSocket(run, context);
  const survey = await surveyServer(context.client, path);
  if (survey.kind === 'unknown') throw survey.cause;
  const session = survey.kind === 'answered' ? sessionOf(context.runs.status(run), survey.sessions) : undefined;
  // Whether it went by itself since is all the same.
  if (session !== undefined) await context.client.ask({ path }, ['kill-session', '-t', session.id]);
}

/** The session of ours that has this name, with all that tmux knows of it. Asks nobody where the run has ended. */
export async function placeManaged(current: CurrentRun, context: LookupContext): Promise<ManagedSession> {
  const { run } = current.reading;
  const status = statusFromRun({ ...current, backend: current.claim.backend });
  const alive = holdsName(current);
  const base = { kind: 'managed', run, mayLive: alive } as const;
  if (!alive) return { ...base, status, place: null };
  const survey = await surveyForRecord(run, context);
  if (survey.kind === 'unknown') return { ...base, status: withoutTerminal(status, 'unknown'), place: survey };
  const session = survey.kind === 'answered' ? sessionOf(status, survey.sessions) : undefined;
  if (session === undefined) return { ...base, status: withoutTerminal(status, 'lost'), place: null };
  return { ...base, status: withTerminal(status, session, socketLabel(survey.socketPath, context.env)), place: { session, socketPath: survey.socketPath } };
}

/** Where the terminal of a run was made. @throws BackendUnavailableError where that cannot be read */
export function homeOf(run: RunDirectory, { socket, env }: LookupContext): TerminalRecord {
  return readTerminalRecord(run) ?? { socketPath: socketPath(socket, env), server: null };
}

/** {@link homeOf}; its socket file is made again where it was removed. */
export async function recordedSocket(run: RunDirectory, context: LookupContext): Promise<string> {
  const home = homeOf(run, context);
  await reviveSocket(home);
  return home.socketPath;
}

/** Every socket that may have sessions: ours first, the user's others, and where runs that may live were started. */
export function allSockets({ socket, env }: LookupContext, recorded: readonly string[] = []): readonly string[] {
  const paths = [socketPath(socket, env), ...findSockets(env), ...recorded];
  return paths.filter((path, index) => paths.findIndex((other) => isSameSocket(other, path)) === index);
}

/** Sessions of a survey that no record of this state directory owns. */
export function foreignIn({ sessions, socketPath: path }: Extract<ServerSurvey, { kind: 'answered' }>, { env }: LookupContext): readonly ForeignSession[] {
  return sessions.filter(({ runId }) => runId === null).map((session) => ({ kind: 'foreign', status: foreignStatus(session, socketLabel(path, env)), place: { session, socketPath: path } }));
}

/** The tmux session of a run: by its mark, since names are given away again. */
export function sessionOf(status: Pick<SessionStatus, 'runId' | 'restart'>, sessions: readonly TmuxSession[]): TmuxSession | undefined {
  const mark = markOf(status);
  return mark === null ? undefined : sessions.find((session) => session.runId === mark);
}

/** What the tmux session of a run carries: all attempts of a start have one pane, marked with the first. */
export function markOf({ runId, restart }: Pick<SessionStatus, 'runId' | 'restart'>): RunId | null {
  return restart?.firstRunId ?? runId;
}

/** The run that has this name here, or null. From the record alone: tmux is not asked. */
export function findManaged(name: string, runs: RunStore): CurrentRun | null {
  const checked = asSessionName(name);
  const current = checked === null ? null : runs.observeCurrent(checked);
  return current?.claim.backend === 'container' ? null : current;
}

/** Without tmux the record still says what the job is doing; only its terminal is not known. */
async function surveyForRecord(run: RunDirectory, context: LookupContext): Promise<ServerSurvey | { readonly kind: 'unknown'; readonly cause: OpsError }> {
  try {
    return await surveyServer(context.client, await recordedSocket(run, context));
  } catch (error) {
    if (isLonghaulError(error, 'TMUX_NOT_FOUND') || isLonghaulError(error, 'BACKEND_UNAVAILABLE')) return { kind: 'unknown', cause: error as unknown as OpsError };
    throw error;
  }
}

async function findForeign(name: string, context: LookupContext): Promise<Lookup> {
  context.client.program();
  const surveys = await Promise.all(allSockets(context).map(async (path) => surveyServer(context.client, path)));
  const found = surveys.flatMap((survey) => (survey.kind === 'answered' ? foreignIn(survey, context) : [])).filter(({ status }) => status.name === name);
  const [first, second] = found;
  if (first !== undefined && second === undefined) return first;
  if (first !== undefined) return chosenOf(name, found, context);
  return surveys.find((survey) => survey.kind === 'unknown') ?? { kind: 'absent' };
}

/** Of several made by hand the one at the socket that the caller named; Longhaul's own is nobody's choice. @throws SessionAmbiguousError */
function chosenOf(name: string, found: readonly ForeignSession[], { socket, env }: LookupContext): ForeignSession {
  const isOwn = 'name' in socket && socket.name === OWN_SOCKET;
  const chosen = isOwn ? undefined : found.find(({ place }) => isSameSocket(place.socketPath, socketPath(socket, env)));
  if (chosen !== undefined) return chosen;
  const labels = found.map(({ status }) => status.socketName ?? '?');
  throw new SessionAmbiguousError(name, labels.map((label) => `tmux socket ${label}`), { hint: `They were made by hand. Say which one: ${labels.map((label) => `--tmux-socket ${label}`).join(' or ')}` });
}

/** The server that Longhaul starts where nobody says otherwise. */
export const OWN_SOCKET = 'longhaul';
