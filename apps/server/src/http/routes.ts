import type { Host } from '@longhaul/host';
import type { JobState, ListRequest } from '@longhaul/sync-queue';

import { BadRequest } from './bad-request.ts';

/** What the routes answer from. */
export interface RouteContext {
  readonly host: Host;
  readonly health: () => Health;
}

export interface Health {
  readonly status: 'ok' | 'draining';
  readonly pid: number;
  readonly startedAt: string;
}

/** A read: nothing that is answered here changes anything. */
export type Route = (query: URLSearchParams, context: RouteContext) => Promise<unknown>;

/** `GET` only; the envelope is that of the command line. */
export const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['/healthz', (_query, { health }) => Promise.resolve(health())],
  ['/api/v1/sessions', sessions],
  ['/api/v1/jobs', jobs],
]);

async function sessions(query: URLSearchParams, { host }: RouteContext): Promise<unknown> {
  refuseUnknown(query, []);
  const { sessions: all, unavailable } = await host.sessions.list();
  return envelope({ sessions: all, unavailable: unavailable.map((error) => error.toJSON()) });
}

async function jobs(query: URLSearchParams, { host }: RouteContext): Promise<unknown> {
  refuseUnknown(query, ['limit', 'cursor', 'state', 'destination', 'session', 'run']);
  const { queue } = await host.sync();
  return envelope(await queue.list(listRequest(query)));
}

function listRequest(query: URLSearchParams): ListRequest {
  const states = query.getAll('state').map(parseState);
  const [cursor, destination, session, runId] = ['cursor', 'destination', 'session', 'run'].map((name) => query.get(name));
  return {
    limit: parseLimit(query.get('limit')),
    ...(states.length === 0 ? {} : { states }),
    ...(cursor == null ? {} : { cursor }),
    ...(destination == null ? {} : { destination }),
    ...(session == null ? {} : { session }),
    ...(runId == null ? {} : { runId }),
  };
}

const STATES: readonly string[] = ['QUEUED', 'RUNNING', 'AWAITING_VERIFY', 'VERIFIED', 'CLEANUP_ELIGIBLE', 'CLEANED', 'FAILED', 'CANCELLED'] satisfies readonly JobState[];

function parseState(text: string): JobState {
  if (STATES.includes(text)) return text as JobState;
  throw new BadRequest('state is not one of the states of a job', `use one of ${STATES.join(', ')}`);
}

function parseLimit(text: string | null): number {
  if (text === null) return 100;
  if (/^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= 500) return Number(text);
  throw new BadRequest('limit must be a whole number from 1 to 500');
}

/** A misspelt filter would answer with everything. */
function refuseUnknown(query: URLSearchParams, known: readonly string[]): void {
  const unknown = [...query.keys()].find((name) => !known.includes(name));
  if (unknown !== undefined) throw new BadRequest('there is a query parameter that is not known here', known.length === 0 ? 'leave it out' : `known: ${known.join(', ')}`);
}

function envelope(data: unknown): unknown {
  return { schemaVersion: 1, data, warnings: [] };
}
