import { SessionStopError } from '@longhaul/errors';

import type { EngineClient } from './engine/index.ts';
import { inspectContainer } from './engine/index.ts';
import { until } from './until.ts';

/** Removing takes docker a while, and the launcher may be at it already. */
const REMOVE_MS = 60_000;

/** Removes a container with its anonymous volumes; one that was given a name stays. Harmless where it is gone. @throws BackendUnavailableError, SessionStopError */
export async function discardContainer(client: EngineClient, id: string, session: string): Promise<void> {
  const answer = await client.ask(['rm', '--force', '--volumes', id], { timeoutMs: REMOVE_MS });
  if (answer.kind === 'done' || answer.why === 'absent') return;
  if (/in progress|being removed/i.test(answer.evidence) && (await until(async () => (await inspectContainer(client, id)).kind === 'absent', REMOVE_MS, 100))) return;
  if (answer.why === 'unknown') throw client.unavailable(answer);
  throw new SessionStopError(session, 'container', answer.evidence);
}
