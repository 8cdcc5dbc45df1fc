import { SessionStopError } from '@longhaul/errors';

import type { Abandoned } from '../abandonment.ts';
import type { RunStore } from '../run-store.ts';
import { systemProcesses } from '../stop/process-view.ts';
import { defaultRequester } from '../stop/stop-files.ts';
import type { LocatedSession } from './locate-session.ts';

/** Gives a session's name up. Its backend was asked already: what an engine still knows of a job is no riddle. @throws SessionStopError */
export function abandonSession({ name, kind, current, status }: LocatedSession, { runs, mode }: { readonly runs: RunStore; readonly mode: 'plan' | 'give up' }): Promise<Abandoned> {
  if (current === null) throw new SessionStopError(name, kind, 'it was not started by Longhaul, so that nothing keeps its name but itself', { hint: `End it: longhaul stop ${name}` });
  if (status.state === 'running' || status.state === 'paused') throw new SessionStopError(name, kind, 'it is running', { hint: `End it first: longhaul stop ${name}` });
  return runs.abandon(current.claim.session, { mode, by: defaultRequester(), tagged: systemProcesses().tagged });
}
