import type { SessionListing, SessionStatus } from '@longhaul/sessions';

import type { ContainerListing, EngineClient } from './engine/index.ts';
import { foreignStatus, listContainers, ownerOf } from './engine/index.ts';
import type { FindPorts } from './find-container.ts';
import { isOurs } from './find-container.ts';

interface Survey {
  readonly client: EngineClient;
  readonly listing: ContainerListing;
}

/** All sessions: ours from their records, others from the engines, by one call for each (design §4.1). An engine that cannot be asked makes `unavailable`. */
export async function listSessions(ports: FindPorts): Promise<SessionListing> {
  const clients = ports.engines.required();
  const managed = ports.runs.currentStatuses({ backend: 'container' });
  const surveys = await Promise.all(clients.map(async (client) => ({ client, listing: await listContainers(client) })));
  const paused = new Set(surveys.flatMap(({ listing }) => (listing.kind === 'answered' ? listing.containers.filter(({ state }) => state === 'paused').map(runOf) : [])));
  const known = new Set<string>(await ports.runs.names());
  const foreign = surveys.flatMap((survey) => foreignIn(survey, known, ports));
  const unknown = surveys.find(({ listing }) => listing.kind === 'unknown')?.listing;
  return {
    sessions: [...managed.map((status) => isPaused(status, paused)), ...foreign],
    unavailable: unknown?.kind === 'unknown' ? unknown.cause : null,
  };
}

function isPaused(status: SessionStatus, paused: ReadonlySet<string | null>): SessionStatus {
  return status.state === 'running' && paused.has(status.runId) ? { ...status, state: 'paused' } : status;
}

function runOf(info: Parameters<typeof ownerOf>[0]): string | null {
  return ownerOf(info)?.runId ?? null;
}

/** What no record here owns. A container that one of our runs has left behind is not a session of its own, unless nobody knows its session any more. */
function foreignIn({ client, listing }: Survey, known: ReadonlySet<string>, { runs }: FindPorts): readonly SessionStatus[] {
  if (listing.kind === 'unknown') return [];
  return listing.containers.filter((info) => !isOurs(info, runs.stateDir) || !known.has(ownerOf(info)?.session ?? '')).map((info) => foreignStatus(info, client.runtime));
}
