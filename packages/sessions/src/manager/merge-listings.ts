import type { OpsError } from '@longhaul/errors';

import type { RunStore } from '../run-store.ts';
import type { ListOptions, SessionBackend } from '../session-backend.ts';
import type { SessionStatus } from '../session-status.ts';
import type { DefinedSession } from './defined-session.ts';
import { definedStatus } from './defined-session.ts';
import { asBackendFailure, isBackendNotFound } from './locate-session.ts';

/** All sessions of all backends, ours and foreign ones, and those that the configuration describes and nobody has started yet. */
export interface MergedListing {
  /** By name. */
  readonly sessions: readonly SessionStatus[];
  /**
   * Backends that could not be asked: of their sessions only those with a record are listed, and foreign ones may be missing.
   * One that is not installed is told of only where the records say that it has sessions.
   */
  readonly unavailable: readonly OpsError[];
}

interface Listed {
  readonly backend: SessionBackend;
  readonly sessions: readonly SessionStatus[];
  readonly failure: OpsError | null;
}

/** What {@link mergeListings} brings together. */
export interface ListingSources {
  readonly backends: readonly SessionBackend[];
  readonly runs: RunStore;
  readonly defined: readonly DefinedSession[];
  readonly options: ListOptions;
}

/**
 * Lists everything: each backend once, the records of sessions that no backend told of, and what is only defined.
 *
 * @throws BackendNotFoundError when no backend is installed and there is neither a record nor a definition
 */
export async function mergeListings({ backends, runs, defined, options }: ListingSources): Promise<MergedListing> {
  const listed = await Promise.all(backends.map((backend) => listOne(backend, options)));
  const found = listed.flatMap(({ sessions }) => sessions);
  const recorded = runs.currentStatuses({ except: new Set(found.filter(({ managed }) => managed).map(({ name }) => name)) });
  const known = [...found, ...recorded];
  const sessions = [...known, ...onlyDefined(defined, known)].sort(byName);
  const failures = listed.filter(({ failure }) => failure !== null);
  const [first] = failures;
  if (sessions.length === 0 && first?.failure !== undefined && failures.length === listed.length && failures.every(({ failure }) => isBackendNotFound(failure))) throw first.failure as OpsError;
  const needed = failures.filter(({ failure, backend }) => !isBackendNotFound(failure) || recorded.some((status) => status.backend === backend.kind));
  return { sessions, unavailable: needed.map(({ failure }) => failure).filter((failure) => failure !== null) };
}

/** A session of this name in its backend is what the definition has become, or what stands in its way: the one that is there is told. */
function onlyDefined(defined: readonly DefinedSession[], known: readonly SessionStatus[]): readonly SessionStatus[] {
  const taken = new Set(known.flatMap(({ name, backend, managed }) => (managed ? [name, `${backend} ${name}`] : [`${backend} ${name}`])));
  return defined.filter(({ name, backend }) => !taken.has(name) && !taken.has(`${backend} ${name}`)).map(definedStatus);
}

async function listOne(backend: SessionBackend, options: ListOptions): Promise<Listed> {
  try {
    const { sessions, unavailable } = await backend.list(options);
    return { backend, sessions, failure: unavailable };
  } catch (error) {
    const failure = asBackendFailure(error);
    if (failure === null) throw error;
    return { backend, sessions: [], failure };
  }
}

function byName(a: SessionStatus, b: SessionStatus): number {
  return compare(a.name, b.name) || compare(a.backend, b.backend) || compare(a.socketName ?? '', b.socketName ?? '');
}

/** By code units: the same order in every locale. */
function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
