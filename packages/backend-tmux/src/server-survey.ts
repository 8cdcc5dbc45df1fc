import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { BackendUnavailableError, SessionConfigError } from '@longhaul/errors';
import { processInfo } from '@longhaul/exec';

import type { TmuxSession } from './pane-list.ts';
import { LIST_PANES, parsePanes } from './pane-list.ts';
import type { TerminalRecord } from './terminal-record.ts';
import type { TmuxClient } from './tmux-client.ts';
import type { SocketState } from './tmux-socket.ts';
import { probeSocket, socketExists } from './tmux-socket.ts';

/** What the server at one socket says. `absent`: none answers there. `unknown`: one is there and cannot be asked. */
export type ServerSurvey =
  | { readonly kind: 'answered'; readonly socketPath: string; readonly sessions: readonly TmuxSession[] }
  | { readonly kind: 'absent'; readonly socketPath: string }
  | { readonly kind: 'unknown'; readonly socketPath: string; readonly cause: BackendUnavailableError };

/** All sessions of one server by one call; none is started, and where nobody listens nothing is started at all. */
export async function surveyServer(client: TmuxClient, socketPath: string): Promise<ServerSurvey> {
  return surveyProbed(client, { socketPath, state: await probeSocket(socketPath) });
}

/** A socket, and who is there. */
export interface ProbedSocket {
  readonly socketPath: string;
  readonly state: SocketState;
}

/** The same where {@link probeSocket} has been asked already. */
export async function surveyProbed(client: TmuxClient, { socketPath, state }: ProbedSocket): Promise<ServerSurvey> {
  if (state === 'missing' || state === 'refused') return { kind: 'absent', socketPath };
  const answer = await client.ask({ path: socketPath }, LIST_PANES);
  if (answer.kind === 'done') return { kind: 'answered', socketPath, sessions: parsePanes(answer.stdout) };
  if (answer.why === 'absent' || answer.why === 'gone') return { kind: 'absent', socketPath };
  // A server without sessions says so in this way.
  if (answer.why === 'no-target') return { kind: 'answered', socketPath, sessions: [] };
  if (answer.why === 'unusable') throw new SessionConfigError(`the path of the tmux socket ${JSON.stringify(socketPath)} is too long`, { hint: 'use a shorter TMUX_TMPDIR' });
  return { kind: 'unknown', socketPath, cause: new BackendUnavailableError('tmux', `${answer.evidence} (socket ${socketPath})`) };
}

const REVIVAL_MS = 2000;

/**
 * A socket file that was removed does not make anything absent: a tmux server makes it again on USR1 (design §4.2).
 *
 * @returns whether there is a socket at that path now.
 */
export async function reviveSocket({ socketPath, server }: TerminalRecord): Promise<boolean> {
  if (socketExists(socketPath)) return true;
  if (server === null || processInfo(server.pid)?.startTime !== server.startTime) return false;
  mkdirSync(dirname(socketPath), { recursive: true, mode: 0o700 });
  process.kill(server.pid, 'SIGUSR1');
  const end = performance.now() + REVIVAL_MS;
  while (!socketExists(socketPath) && performance.now() < end) await delay(5);
  return socketExists(socketPath);
}
