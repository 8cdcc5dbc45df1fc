import { BackendUnavailableError, isLonghaulError, SessionAmbiguousError, SessionNotFoundError } from '@longhaul/errors';
import type { CurrentRun, RunDirectory, RunStore, SessionStatus } from '@longhaul/sessions';
import { asSessionName, statusFromRun } from '@longhaul/sessions';

import type { ContainerRecord } from './container-record.ts';
import { readContainerId, readContainerRecord } from './container-record.ts';
import type { EngineSet } from './engine-set.ts';
import type { ContainerInfo, ContainerPresence, EngineClient } from './engine/index.ts';
import { foreignStatus, inspectContainer, ownerOf, stateIdOf } from './engine/index.ts';

/** What a lookup stands on. */
export interface FindPorts {
  readonly engines: EngineSet;
  readonly runs: RunStore;
}

/** A session of ours: the record decides, the engine adds (design §4.2). */
export interface ManagedContainer {
  readonly kind: 'managed';
  readonly current: CurrentRun;
  /** null where its run never came so far as to ask an engine. */
  readonly record: ContainerRecord | null;
}

/** A container that was made by hand. */
export interface ForeignContainer {
  readonly kind: 'foreign';
  readonly client: EngineClient;
  readonly info: ContainerInfo;
  readonly status: SessionStatus;
}

/** Finds one session by its exact name. */
export type Found = ManagedContainer | ForeignContainer | { readonly kind: 'absent' } | { readonly kind: 'unknown'; readonly cause: BackendUnavailableError };

/** The run that has this name here, or null. From the record alone: no engine is asked. */
export function findManaged(name: string, runs: RunStore): ManagedContainer | null {
  const checked = asSessionName(name);
  const current = checked === null ? null : runs.observeCurrent(checked);
  if (current === null || (current.claim.backend ?? current.reading.spec?.backend) !== 'container') return null;
  return { kind: 'managed', current, record: readContainerRecord(current.reading.run) };
}

/** @throws SessionAmbiguousError when both engines have a container of this name; ContainerRuntimeNotFoundError */
export async function find(name: string, ports: FindPorts): Promise<Found> {
  try {
    return findManaged(name, ports.runs) ?? (await findForeign(name, ports));
  } catch (error) {
    if (error instanceof BackendUnavailableError) return { kind: 'unknown', cause: error };
    throw error;
  }
}

/** {@link find} for what must be there. @throws SessionNotFoundError, BackendUnavailableError, SessionAmbiguousError */
export async function requireContainer(name: string, ports: FindPorts): Promise<ManagedContainer | ForeignContainer> {
  const found = await find(name, ports);
  if (found.kind === 'unknown') throw found.cause;
  if (found.kind === 'absent') throw new SessionNotFoundError(name, 'container');
  return found;
}

/** What the engine says of a run's container. */
export type RunContainer = Exclude<ContainerPresence, { kind: 'present' }> | { readonly kind: 'present'; readonly info: ContainerInfo; readonly client: EngineClient };

/** What the engine says of the container of a run; absent also where none was ever made. Asks by id: a name may be somebody else's by now. */
export async function inspectRun(run: RunDirectory, { engines }: FindPorts): Promise<RunContainer> {
  const [record, id] = [readContainerRecord(run), readContainerId(run)];
  if (record === null || id === null) return { kind: 'absent' };
  const client = engines.of(record.runtime);
  const seen = await inspectContainer(client, id);
  return seen.kind === 'present' ? { ...seen, client } : seen;
}

/** A status from the record with what the engine adds while the container runs. */
export function managedStatus(current: CurrentRun, record: ContainerRecord | null, seen: ContainerInfo | null | 'not asked'): SessionStatus {
  const status = statusFromRun({ ...current, backend: 'container' });
  const socketName = record?.runtime ?? null;
  if (status.state !== 'running') return { ...status, socketName };
  if (seen === 'not asked') return { ...status, socketName, terminal: terminalOf(record, null) };
  return { ...status, socketName, terminal: terminalOf(record, seen !== null), state: seen?.state === 'paused' ? 'paused' : 'running' };
}

/** The terminal of a container that runs. @param isThere whether its engine has it; null where that was not asked, or not answered */
export function terminalOf(record: ContainerRecord | null, isThere: boolean | null): SessionStatus['terminal'] {
  if (record === null) return 'unknown';
  if (record.terminal === 'no') return 'none';
  return isThere === null ? 'unknown' : isThere ? 'detached' : 'lost';
}

async function findForeign(name: string, ports: FindPorts): Promise<Found> {
  const { engines } = ports;
  const clients = engines.required();
  const answers = await Promise.all(clients.map(async (client) => ({ client, presence: await inspectContainer(client, name) })));
  // A part of an id finds a container too; names are never taken for a prefix of another.
  const found = answers.flatMap(({ client, presence }) => (presence.kind === 'present' && presence.info.name === name && !isLeftover(presence.info, ports) ? [{ client, info: presence.info }] : []));
  const [first, second] = found;
  if (first !== undefined && second !== undefined) throw new SessionAmbiguousError(name, found.map(({ client }) => client.runtime), { hint: 'Both engines have a container of this name: rename one of them (podman rename, docker rename)' });
  if (first !== undefined) return { kind: 'foreign', ...first, status: foreignStatus(first.info, first.client.runtime) };
  const unknown = answers.find(({ presence }) => presence.kind === 'unknown')?.presence;
  return unknown?.kind === 'unknown' ? { kind: 'unknown', cause: unknown.cause } : { kind: 'absent' };
}

/**
 * Whether a container is what a run of ours has left behind, of a session that the records know: one that is being removed, as a rule. It is no session of its
 * own, or whoever starts the name in tmux then would have it twice.
 */
export function isLeftover(info: ContainerInfo, { runs }: Pick<FindPorts, 'runs'>): boolean {
  const session = isOurs(info, runs.stateDir) ? ownerOf(info)?.session : undefined;
  const name = session === undefined ? null : asSessionName(session);
  return name !== null && runs.observeCurrent(name) !== null;
}

/** Whether a container is of a run of this state directory. */
export function isOurs(info: ContainerInfo, stateDir: string): boolean {
  return ownerOf(info)?.stateId === stateIdOf(stateDir);
}

/** Whether an engine that is missing keeps a question from being answered; anything else is thrown on. */
export function isMissing(error: unknown): boolean {
  return isLonghaulError(error, 'CONTAINER_RUNTIME_NOT_FOUND');
}
