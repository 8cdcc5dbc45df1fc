import { BackendUnavailableError, SessionExistsError, SessionStartError } from '@longhaul/errors';
import { processStartTime } from '@longhaul/exec';
import type { LaunchOptions, RunDirectory, RunObservation, RunStore, SessionSpec } from '@longhaul/sessions';
import { hasEnded, launcherArgv } from '@longhaul/sessions';
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
  const path = socketPath(context.socket, context.env);
  writeTerminalRecord(run, { socketPath: path, server: null });
  const created = await createSession(spec, run, context);
  const startTime = processStartTime(created.serverPid);
  writeTerminalRecord(run, { socketPath: created.socketPath, server: startTime === null ? null : { pid: created.serverPid, startTime } });
  const seen = await watchLaunch(run, context.runs, context.startMs);
  if (seen === null) {
    throw new SessionStartError(spec.name, 'tmux', `its launcher said nothing for ${String(context.startMs)} ms`, { hint: `Is the machine very busy? Look again with \`longhaul status ${spec.name}\`` });
  }
  if (hasEnded(seen.verdict) && seen.verdict.reason === 'start-failed') throw await startFailure(run);
  return seen;
}

async function createSession(spec: SessionSpec, run: RunDirectory, context: StartContext): Promise<NewSession> {
  const { client, socket, owner, launch } = context;
  const args = newSessionArgs(spec, run, { launcher: launcherArgv(run, launch), owner });
  const end = performance.now() + LEAVING_MS;
  for (let again = 0; ; again += 1) {
    const answer = await client.ask(socket, args);
    const created = answer.kind === 'done' ? parseNewSession(answer.stdout) : null;
    if (created !== null) return created;
    if (answer.kind === 'done') throw new SessionStartError(spec.name, 'tmux', 'tmux did not say what it made');
    if (existsSync(join(run.path, 'launcher.json'))) throw new SessionStartError(spec.name, 'tmux', answer.evidence);
    if (answer.why === 'duplicate') {
      if (performance.now() < end && (await isLeaving(spec, context))) {
        await delay(10);
        continue;
      }
      throw new SessionExistsError(spec.name, 'tmux', { hint: `tmux has a session of this name that is not a running one of Longhaul; end it with: tmux ${socketFlag(socket)} kill-session -t =${spec.name}` });
    }
    // A shared server may have ended with its last session just now; the next call starts another.
    if ((answer.why === 'gone' || answer.why === 'absent') && again < 3) continue;
    if (answer.why === 'unknown') throw new BackendUnavailableError('tmux', answer.evidence);
    throw new SessionStartError(spec.name, 'tmux', answer.evidence);
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
