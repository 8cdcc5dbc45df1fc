import { BackendUnavailableError, SessionExistsError, SessionStartError } from '@longhaul/errors';
import { processStartTime } from '@longhaul/exec';
import type { LaunchOptions, RunDirectory, RunObservation, RunStore, SessionSpec } from '@longhaul/sessions';
import { hasEnded, launcherArgv, RUN_FILES } from '@longhaul/sessions';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { watchLaunch } from './launch-watch.ts';
import type { NewSession, ServerOwner } from './new-session.ts';
import { newSessionArgs, parseNewSession } from './new-session.ts';
import { surveyServer } from './server-survey.ts';
import { startFailure } from './start-failure.ts';
import { writeTerminalRecord } from './terminal-record.ts';
import type { TmuxClient } from './tmux-client.ts';
import type { TmuxSocket } from './tmux-socket.ts';
import { socketPath } from './tmux-socket.ts';

/** What a start stands on. */
export interface StartContext {
  readonly client: TmuxClient;
  readonly runs: RunStore;
  readonly socket: TmuxSocket;
  readonly owner: ServerOwner;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly launch: LaunchOptions;
  /** Milliseconds until a launcher that says nothing is given up. */
  readonly startMs: number;
}

/** How long a session of the same name whose run has ended may take to go. */
const LEAVING_MS = 2000;

/** Starts the launcher of a prepared run in a new session; settles when the record says that the job was executed, or how it ended. */
export async function startSession(spec: SessionSpec, run: RunDirectory, context: StartContext): Promise<RunObservation> {
  context.client.program();
  writeTerminalRecord(run, { socketPath: socketPath(context.socket, context.env), server: null });
  for (let attempt = 1; ; attempt += 1) {
    const created = await createSession(spec, run, context);
    if (created !== null) recordServer(run, created);
    const launch = await watchLaunch(run, { runs: context.runs, timeoutMs: context.startMs, launcherPid: created?.panePid ?? null });
    if (launch.kind === 'decided') return await checked(launch.seen, run);
    // Its server was killed before it could ignore the hangup: nothing was executed.
    if (launch.kind === 'vanished' && attempt < MAX_ATTEMPTS) continue;
    const what = launch.kind === 'vanished' ? 'its launcher was ended before it could begin' : `its launcher said nothing for ${String(context.startMs)} ms`;
    throw new SessionStartError(spec.name, 'tmux', what, { hint: `Is the machine very busy, or the tmux server killed again and again? Look with \`longhaul status ${spec.name}\`` });
  }
}

async function checked(seen: RunObservation, run: RunDirectory): Promise<RunObservation> {
  if (hasEnded(seen.verdict) && seen.verdict.reason === 'start-failed') throw await startFailure(run);
  return seen;
}

function recordServer(run: RunDirectory, { serverPid, socketPath: path }: NewSession): void {
  const startTime = processStartTime(serverPid);
  writeTerminalRecord(run, { socketPath: path, server: startTime === null ? null : { pid: serverPid, startTime } });
}

/** How often a server that ends under the call is asked again: it is somebody's kill-server, or a shared one whose last session has just ended. */
const MAX_ATTEMPTS = 4;

/** What tmux made; null where the server ended before it could say, and yet the launcher came up: then the record tells the rest. */
async function createSession(spec: SessionSpec, run: RunDirectory, context: StartContext): Promise<NewSession | null> {
  const { client, socket, owner, launch } = context;
  const args = newSessionArgs(spec, run, { launcher: launcherArgv(run, launch), owner });
  const end = performance.now() + LEAVING_MS;
  for (let attempt = 1; ; ) {
    const answer = await client.ask(socket, args);
    const created = answer.kind === 'done' ? parseNewSession(answer.stdout) : null;
    if (created !== null) return created;
    if (await cameUp(run)) return null;
    const { why, evidence } = answer.kind === 'failed' ? answer : { why: 'gone', evidence: 'tmux did not say what it made' };
    if (why === 'duplicate' && performance.now() < end && (await isLeaving(spec, context))) {
      await delay(10);
    } else if ((why === 'gone' || why === 'absent') && attempt < MAX_ATTEMPTS) {
      attempt += 1;
    } else {
      throw createFailure(spec, context, { why, evidence });
    }
  }
}

function createFailure({ name }: SessionSpec, { socket }: StartContext, { why, evidence }: { readonly why: string; readonly evidence: string }): Error {
  if (why === 'duplicate') {
    return new SessionExistsError(name, 'tmux', { hint: `tmux has a session of this name that is not a running one of Longhaul; end it with: tmux ${socketFlag(socket)} kill-session -t =${name}` });
  }
  return why === 'unknown' ? new BackendUnavailableError('tmux', evidence) : new SessionStartError(name, 'tmux', evidence);
}

/** How long a launcher may take to show itself after a call of tmux that failed. */
const CAME_UP_MS = 200;

/** Whether the launcher came up all the same. Should it come up even later, it finds that another has the turn. */
async function cameUp(run: RunDirectory): Promise<boolean> {
  const end = performance.now() + CAME_UP_MS;
  for (;;) {
    if (existsSync(join(run.path, RUN_FILES.launcher))) return true;
    if (performance.now() > end) return false;
    await delay(5);
  }
}

/** Whether the session that has the name is one of ours, of a run that has ended: then it goes in a moment. */
async function isLeaving(spec: SessionSpec, { client, socket, env, runs }: StartContext): Promise<boolean> {
  const survey = await surveyServer(client, socketPath(socket, env));
  if (survey.kind !== 'answered') return true;
  const holder = survey.sessions.find(({ name }) => name === spec.name);
  if (holder === undefined) return true;
  const old = holder.runId === null ? null : await runs.find(holder.runId);
  return old !== null && hasEnded(runs.observe(old).verdict);
}

function socketFlag(socket: TmuxSocket): string {
  return 'path' in socket ? `-S ${socket.path}` : `-L ${socket.name}`;
}
