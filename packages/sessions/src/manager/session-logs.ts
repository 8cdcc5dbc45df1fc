import { isLonghaulError } from '@longhaul/errors';

import { capRun } from '../log/cap-run.ts';
import { ChangeSignal } from '../log/change-signal.ts';
import type { SessionLogEvent } from '../log/session-log-event.ts';
import type { RunDirectory } from '../run-directory.ts';
import type { RunStore } from '../run-store.ts';
import { asSessionName } from '../session-name.ts';
import type { World } from '../world.ts';
import { followForeign } from './follow-foreign.ts';
import { followSession } from './follow-session.ts';
import type { LocatedSession } from './locate-session.ts';
import type { SessionLogOptions } from './session-log-options.ts';

/** How long a name that is not there is waited for between two looks. */
const LOOK_MS = 1000;

/** What reading the logs of sessions needs. */
export interface SessionLogPorts {
  readonly runs: RunStore;
  readonly world: () => World;
  /** Finds a session, by its record or in its backend. @throws SessionNotFoundError */
  readonly locate: (name: string) => Promise<LocatedSession>;
}

/** The logs of one session, of ours or foreign. */
export async function* sessionLogs(name: string, options: SessionLogOptions, ports: SessionLogPorts): AsyncGenerator<SessionLogEvent> {
  const following = { runs: ports.runs, world: ports.world, cap: (run: RunDirectory) => capRun(run) };
  if (options.runId !== undefined || options.after !== undefined) {
    yield* followSession(name, { ...options, current: null }, following);
    return;
  }
  const located = yield* locateOrWait(name, options, ports);
  if (located === null) return;
  if (located.current !== null) yield* followSession(name, { ...options, current: located.current.reading.run }, following);
  // A record may have no backend here; a session without a record was found in one.
  else if (located.backend !== null) yield* followForeign({ name, backend: located.backend }, options);
}

/** One who follows for ever waits for a session that is not there yet. */
async function* locateOrWait(name: string, { follow, signal }: SessionLogOptions, { locate, runs }: SessionLogPorts): AsyncGenerator<SessionLogEvent, LocatedSession | null> {
  try {
    return await locate(name);
  } catch (error) {
    const ours = asSessionName(name);
    if (follow !== 'forever' || ours === null || !isLonghaulError(error, 'SESSION_NOT_FOUND')) throw error;
    yield { session: name, runId: null, kind: 'absent' };
    using changes = new ChangeSignal(runs.stateDir);
    while (signal?.aborted !== true) {
      if (runs.observeCurrent(ours) !== null) return await locate(name);
      await changes.next(LOOK_MS, signal);
    }
    return null;
  }
}
