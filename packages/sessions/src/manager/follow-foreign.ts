import { setTimeout as delay } from 'node:timers/promises';

import { isLonghaulError, SessionConfigError } from '@longhaul/errors';

import type { SessionLogEvent } from '../log/session-log-event.ts';
import type { LogOptions, SessionBackend } from '../session-backend.ts';
import type { SessionLogOptions } from './session-log-options.ts';

const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 10_000;

/** A session without a record: only its backend has its log. */
export interface ForeignLog {
  readonly name: string;
  readonly backend: SessionBackend;
}

/**
 * The log of a session that was not started by Longhaul, as long as its backend has it. While it is followed, a backend that goes
 * away and comes back is asked to go on where it was, and a container that was made anew under the same name is read from its beginning.
 *
 * @throws SessionConfigError where the backend cannot follow or has no times; BackendUnavailableError where nobody follows
 */
export async function* followForeign({ name, backend }: ForeignLog, options: SessionLogOptions): AsyncGenerator<SessionLogEvent> {
  const { follow = 'no', signal, lines, since } = options;
  const about = { session: name, runId: null };
  if (options.times !== undefined) {
    throw new SessionConfigError(`session "${name}" was not started by Longhaul, which has no times of its log`, { hint: backend.kind === 'container' ? `The engine has them: podman logs --timestamps ${name}, docker logs --timestamps ${name}` : 'tmux keeps none' });
  }
  let place: LogOptions = { lines, since };
  let incarnation: string | null = null;
  let isAway = false;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, LAST_PAUSE_MS)) {
    try {
      const now = await incarnationOf(name, backend);
      if (isAway) yield { ...about, kind: 'reached' };
      isAway = false;
      if (incarnation !== null && now !== null && now !== incarnation) {
        place = {};
        yield { ...about, kind: 'began', attempt: 1, before: null };
      }
      incarnation = now ?? incarnation;
      for await (const chunk of backend.logs(name, { ...place, follow: follow !== 'no', signal })) {
        place = { after: chunk.endOffset };
        pause = FIRST_PAUSE_MS;
        if (options.stream === undefined || chunk.stream === options.stream) yield { ...about, kind: 'output', chunk, cursor: null };
      }
      if (follow === 'no' || isAborted(signal) || (follow !== 'forever' && !(await isRunning(name, backend)))) return;
    } catch (error) {
      const isLost = isLonghaulError(error, 'BACKEND_UNAVAILABLE') || (isLonghaulError(error, 'SESSION_NOT_FOUND') && incarnation !== null);
      if (follow === 'no' || !isLost) throw error;
      if (isLonghaulError(error, 'SESSION_NOT_FOUND') && follow !== 'forever') return;
      if (!isAway) yield { ...about, kind: 'unreachable', problem: error instanceof Error ? error.message : String(error) };
      isAway = true;
    }
    await pauseFor(pause, signal);
    if (isAborted(signal)) return;
  }
}

/** What tells one container of a name from the next; null where nobody knows. */
async function incarnationOf(name: string, backend: SessionBackend): Promise<string | null> {
  const presence = await backend.status(name);
  if (presence.kind === 'unknown') throw presence.cause;
  return presence.kind === 'present' ? presence.status.createdAt : null;
}

async function isRunning(name: string, backend: SessionBackend): Promise<boolean> {
  const presence = await backend.status(name);
  if (presence.kind === 'unknown') throw presence.cause;
  return presence.kind === 'present' && presence.status.state !== 'exited' && presence.status.state !== 'stopped';
}

async function pauseFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined);
}

function isAborted(signal: AbortSignal | undefined): boolean {
  return signal?.aborted === true;
}
