import { isLonghaulError } from '@longhaul/errors';
import type { ListOptions, RunDirectory, SessionListing, SessionStatus } from '@longhaul/sessions';

import type { ContainerRecord } from './container-record.ts';
import { readContainerRecord } from './container-record.ts';
import type { ContainerListing, ContainerState, EngineClient } from './engine/index.ts';
import { foreignStatus, listContainers, ownerOf } from './engine/index.ts';
import type { FindPorts } from './find-container.ts';
import { isOurs, terminalOf } from './find-container.ts';
import type { LaunchPorts } from './launch.ts';
import { adopt, isUnsupervised } from './launch.ts';

interface Survey {
  readonly client: EngineClient;
  readonly listing: ContainerListing;
}

/** All sessions: ours from their records, others from the engines, by one call for each (design §4.1). An engine that cannot be asked makes `unavailable`. */
export async function listSessions(ports: FindPorts & LaunchPorts, { whose = 'all' }: ListOptions): Promise<SessionListing> {
  const clients = ports.engines.required();
  const recorded = ports.runs.currentStatuses();
  const managed = recorded.filter(({ backend }) => backend === 'container');
  // Of ours an engine knows only one thing that the record does not: which are paused.
  if (whose === 'ours' && !managed.some(({ state }) => state === 'running')) return { sessions: managed, unavailable: null };
  const surveys = await Promise.all(clients.map(async (client) => ({ client, listing: await listContainers(client) })));
  await takeUpLeft(managed, surveys, ports);
  const paused = new Set(surveys.flatMap(({ listing }) => (listing.kind === 'answered' ? listing.containers.filter(({ state }) => state === 'paused').map(runOf) : [])));
  // Not every name that has a folder: one may have been given up.
  const known = new Set(recorded.map(({ name }) => name));
  const foreign = whose === 'ours' ? [] : surveys.flatMap((survey) => foreignIn(survey, known, ports));
  const unknown = surveys.find(({ listing }) => listing.kind === 'unknown')?.listing;
  return {
    sessions: [...(await Promise.all(managed.map((status) => completed(status, { surveys, paused, ports })))), ...foreign],
    unavailable: unknown?.kind === 'unknown' ? unknown.cause : null,
  };
}

/**
 * Containers whose launcher was killed are taken up, those of sessions that have another run by now too: somebody must write down how they ended. Looks at
 * what does not run, and at what nobody knows anything of; waits for nothing.
 */
async function takeUpLeft(managed: readonly SessionStatus[], surveys: readonly Survey[], ports: FindPorts & LaunchPorts): Promise<void> {
  const unknown = managed.flatMap(({ state, runId }) => (state === 'unknown' && runId !== null ? [runId] : []));
  const still = surveys.flatMap(({ listing }) => (listing.kind === 'answered' ? listing.containers : [])).filter((info) => !LIVES.has(info.state) && isOurs(info, ports.runs.stateDir));
  const runIds = new Set([...unknown, ...still.flatMap((info) => ownerOf(info)?.runId ?? [])]);
  for (const runId of runIds) {
    const run = await ports.runs.find(runId);
    const seen = run === null ? null : ports.runs.observe(run);
    if (seen !== null && isUnsupervised(seen)) await adopt(seen, ports);
  }
}

const LIVES: ReadonlySet<ContainerState> = new Set(['running', 'paused', 'restarting']);

interface Engines {
  readonly surveys: readonly Survey[];
  readonly paused: ReadonlySet<string | null>;
  readonly ports: FindPorts;
}

/** What the record of a running one does not say: its engine, its terminal, whether it is paused. As `status` says it. */
async function completed(status: SessionStatus, { surveys, paused, ports }: Engines): Promise<SessionStatus> {
  const run = status.state === 'running' && status.runId !== null ? await ports.runs.find(status.runId) : null;
  if (run === null) return status;
  const record = recordOf(run);
  const listing = surveys.find(({ client }) => client.runtime === record?.runtime)?.listing;
  const isThere = listing?.kind === 'answered' ? listing.containers.some((info) => ownerOf(info)?.runId === run.runId) : null;
  const state = paused.has(run.runId) ? 'paused' : status.state;
  return { ...status, state, socketName: record?.runtime ?? null, terminal: terminalOf(record, isThere) };
}

/** null also where it cannot be read: that keeps no other session from being listed. */
function recordOf(run: RunDirectory): ContainerRecord | null {
  try {
    return readContainerRecord(run);
  } catch (error) {
    if (isLonghaulError(error, 'BACKEND_UNAVAILABLE')) return null;
    throw error;
  }
}

function runOf(info: Parameters<typeof ownerOf>[0]): string | null {
  return ownerOf(info)?.runId ?? null;
}

/** What no record here owns. A container that one of our runs has left behind is not a session of its own, unless nobody knows its session any more. */
function foreignIn({ client, listing }: Survey, known: ReadonlySet<string>, { runs }: FindPorts): readonly SessionStatus[] {
  if (listing.kind === 'unknown') return [];
  return listing.containers.filter((info) => !isOurs(info, runs.stateDir) || !known.has(ownerOf(info)?.session ?? '')).map((info) => foreignStatus(info, client.runtime));
}
