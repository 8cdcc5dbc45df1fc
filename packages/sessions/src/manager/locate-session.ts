import type { BackendNotFoundError, BackendUnavailableError, OpsError } from '@longhaul/errors';
import { ErrorCode, isLonghaulError, SessionAmbiguousError, SessionNotFoundError } from '@longhaul/errors';

import type { CurrentRun } from '../current-run.ts';
import { statusFromRun } from '../run-status.ts';
import type { RunStore } from '../run-store.ts';
import type { SessionBackend } from '../session-backend.ts';
import { asSessionName } from '../session-name.ts';
import type { BackendKind } from '../session-spec.ts';
import type { SessionStatus } from '../session-status.ts';
import type { DefinedSession } from './defined-session.ts';

/** Where a name is looked for. */
export interface LocateOptions {
  readonly runs: RunStore;
  readonly backends: readonly SessionBackend[];
  /** Only in this backend. */
  readonly backend?: BackendKind | undefined;
  /** `trust the record`: the backend of a session with a record is not asked. Others are, since two of a name are ambiguous. */
  readonly own: 'ask' | 'trust the record';
  /** What the configuration describes: for the hint of a session that was never started. */
  readonly defined?: readonly DefinedSession[] | undefined;
}

/** One session that was found: by its record (`current`), or in a backend only (foreign). */
export interface LocatedSession {
  readonly name: string;
  readonly kind: BackendKind;
  /** null where the manager has no backend of the record's kind. */
  readonly backend: SessionBackend | null;
  readonly current: CurrentRun | null;
  readonly status: SessionStatus;
}

type Answer =
  | { readonly kind: 'present'; readonly status: SessionStatus; readonly backend: SessionBackend }
  | { readonly kind: 'absent' }
  | { readonly kind: 'not installed'; readonly cause: BackendNotFoundError }
  | { readonly kind: 'unknown'; readonly cause: BackendUnavailableError };

/**
 * Finds the one session of this name: by its record, and in every backend that is there.
 *
 * @throws SessionAmbiguousError when it is in two, SessionNotFoundError when all that are there said no,
 * BackendUnavailableError when one of those could not be asked, BackendNotFoundError when none is installed
 */
export async function locateSession(name: string, options: LocateOptions): Promise<LocatedSession> {
  const current = currentOf(name, options);
  const kind = current?.claim.backend ?? current?.reading.spec?.backend ?? null;
  const asked = options.backends.filter((backend) => isWanted(backend, options) && !(options.own === 'trust the record' && current !== null && backend.kind === kind));
  const answers = await Promise.all(asked.map((backend) => ask(backend, name)));
  const present = answers.filter((answer) => answer.kind === 'present');
  const others = present.filter(({ backend }) => current === null || backend.kind !== kind);
  if (others.length + (current === null ? 0 : 1) > 1) throw ambiguous(name, [...(current === null ? [] : [recordedPlace(current)]), ...others.map(({ status }) => status)]);
  if (current !== null) return recorded(current, { name, options, present });
  const [only] = others;
  if (only === undefined) throw notFound(name, { answers, options });
  return { name, kind: only.backend.kind, backend: only.backend, current: null, status: only.status };
}

type Place = Pick<SessionStatus, 'backend' | 'managed' | 'socketName'>;

function recordedPlace(current: CurrentRun): Place {
  return { backend: statusFromRun({ ...current, backend: current.claim.backend }).backend, managed: true, socketName: null };
}

/** Says where each of them is, and the flag that tells them apart. */
function ambiguous(name: string, places: readonly Place[]): SessionAmbiguousError {
  const choices = places.map(({ backend, managed, socketName }) => {
    const where = [managed ? 'started by Longhaul' : 'made by hand', ...(socketName === null ? [] : [backend === 'tmux' ? `tmux socket ${socketName}` : socketName])];
    return `--backend ${backend} (${where.join(', ')})`;
  });
  return new SessionAmbiguousError(name, places.map(({ backend }) => backend), { hint: `Say which one: ${choices.join(' or ')}` });
}

function recorded(current: CurrentRun, { name, options, present }: { readonly name: string; readonly options: LocateOptions; readonly present: readonly (Answer & { kind: 'present' })[] }): LocatedSession {
  const fromRecord = statusFromRun({ ...current, backend: current.claim.backend });
  const kind = fromRecord.backend;
  const own = present.find(({ backend }) => backend.kind === kind);
  const backend = own?.backend ?? options.backends.find((candidate) => candidate.kind === kind) ?? null;
  return { name, kind, backend, current, status: own?.status ?? fromRecord };
}

function currentOf(name: string, { runs, backend }: LocateOptions): CurrentRun | null {
  // Names of foreign sessions may be anything; ours are not.
  const checked = asSessionName(name);
  const current = checked === null ? null : runs.observeCurrent(checked);
  const kind = current?.claim.backend ?? current?.reading.spec?.backend ?? backend;
  return backend === undefined || kind === backend ? current : null;
}

function isWanted({ kind }: SessionBackend, { backend }: LocateOptions): boolean {
  return backend === undefined || kind === backend;
}

async function ask(backend: SessionBackend, name: string): Promise<Answer> {
  try {
    const presence = await backend.status(name);
    return presence.kind === 'present' ? { ...presence, backend } : presence;
  } catch (error) {
    if (isBackendNotFound(error)) return { kind: 'not installed', cause: error };
    if (isBackendUnavailable(error)) return { kind: 'unknown', cause: error };
    throw error;
  }
}

/** A backend that is not installed, or does not answer; null for any other error. */
export function asBackendFailure(error: unknown): OpsError | null {
  return isBackendNotFound(error) || isBackendUnavailable(error) ? error : null;
}

/** Whether the error says that a backend's program is not on this machine. */
export function isBackendNotFound(error: unknown): error is BackendNotFoundError {
  const codes = [ErrorCode.BACKEND_NOT_FOUND, ErrorCode.TMUX_NOT_FOUND, ErrorCode.CONTAINER_RUNTIME_NOT_FOUND];
  return codes.some((code) => isLonghaulError(error, code));
}

function isBackendUnavailable(error: unknown): error is BackendUnavailableError {
  return isLonghaulError(error, ErrorCode.BACKEND_UNAVAILABLE);
}

function notFound(name: string, { answers, options }: { readonly answers: readonly Answer[]; readonly options: LocateOptions }): OpsError {
  const unknown = answers.find((answer) => answer.kind === 'unknown');
  if (unknown !== undefined) return unknown.cause;
  const missing = answers.filter((answer) => answer.kind === 'not installed');
  const [first] = missing;
  if (first !== undefined && missing.length === answers.length) return first.cause;
  const kinds = options.backend ?? [...new Set(options.backends.map(({ kind }) => kind))].join(' or ');
  const isDefined = options.defined?.some((session) => session.name === name) === true;
  const hint = isDefined ? `The configuration describes it, and it was not started yet: longhaul start ${name}` : `See what is there: longhaul list; and what was: longhaul history ${name}`;
  return new SessionNotFoundError(name, kinds === '' ? 'no backend' : kinds, { hint });
}
