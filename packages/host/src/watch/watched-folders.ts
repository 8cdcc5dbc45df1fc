import type { WatchSettings } from '@longhaul/config';
import { formatDuration } from '@longhaul/config';
import type { Job } from '@longhaul/sync-queue';

import type { FolderMemory } from './folder-memory.ts';
import { readWatchRecord } from './watch-file.ts';

/**
 * `settling`: it must stay as it is for a while longer. `restless`: it never has. `waiting`: for its sentinel. `queued`: jobs carry it.
 * `sent`: all of them have proven it. `failed`: one of them needs a person. `held`: not sent by itself, for the reason given. `problem`: it
 * cannot be looked at or sent. `gone`: it vanished before it was sent. `ignored`: it is not sent at all.
 */
export type WatchedState = 'settling' | 'restless' | 'waiting' | 'queued' | 'sent' | 'failed' | 'held' | 'problem' | 'gone' | 'ignored';

/** A subfolder of a watched folder, with the reason of its state. */
export interface WatchedFolder {
  readonly name: string;
  readonly state: WatchedState;
  readonly reason: string;
  /** What would help; null where nothing is needed. */
  readonly hint: string | null;
  /** Since when; ISO 8601, null where that is not known. */
  readonly since: string | null;
  readonly files: number;
  readonly bytes: number;
  readonly jobs: readonly { readonly destination: string; readonly jobId: string; readonly state: Job['state'] | null }[];
}

/** A folder that is watched. */
export interface WatchedTop {
  readonly path: string;
  readonly settings: WatchSettings;
  /** ISO 8601; null: nobody has looked yet. */
  readonly lookedAt: string | null;
  readonly problem: string | null;
  /** Files that lie beside the folders: they are not sent. */
  readonly files: number;
  readonly folders: readonly WatchedFolder[];
}

export interface WatchedOptions {
  readonly stateDir: string;
  readonly now: number;
  /** Those of these jobs that the queue knows. */
  readonly jobs: (ids: readonly string[]) => Promise<readonly Job[]>;
}

/** A folder that has changed for longer than so many settling times, and at least ten minutes, is called restless. */
const RESTLESS_FACTOR = 10;
const RESTLESS_LEAST_MS = 600_000;

/** What whoever watches has written down of a watched folder, with the jobs as they stand now. Looks at no folder. */
export async function watchedTop(settings: WatchSettings, { stateDir, now, jobs }: WatchedOptions): Promise<WatchedTop> {
  const { lookedAt, problem, files, folders, gone, ignored } = readWatchRecord(stateDir, settings.path);
  const found = await jobs(Object.values(folders).flatMap(({ handled }) => handled?.jobs.map(({ jobId }) => jobId) ?? []));
  const byId = new Map(found.map((job) => [job.id, job]));
  const known = Object.entries(folders).map(([name, memory]) => watchedFolder(name, memory, { settings, now, jobs: jobsOf(memory, byId) }));
  const lost = Object.entries(gone).filter(([, { memory }]) => memory.handled === null || memory.handled.fingerprint !== (memory.fingerprint ?? memory.handled.fingerprint));
  return {
    path: settings.path,
    settings,
    lookedAt: lookedAt === null ? null : iso(lookedAt),
    problem,
    files,
    folders: [
      ...known,
      ...lost.map(([name, { at, memory }]): WatchedFolder => ({ ...sized(name, memory), state: 'gone', reason: 'it vanished, or was renamed, before it was put into the queue', hint: null, since: iso(at), jobs: [] })),
      ...ignored.map(({ name, reason }): WatchedFolder => ({ name, state: 'ignored', reason, hint: null, since: null, files: 0, bytes: 0, jobs: [] })),
    ],
  };
}

function jobsOf({ handled }: FolderMemory, byId: ReadonlyMap<string, Job>): readonly (WatchedFolder['jobs'][number] & { readonly job: Job | null })[] {
  return (handled?.jobs ?? []).map(({ destination, jobId }) => {
    const job = byId.get(jobId) ?? null;
    return { destination, jobId, state: job?.state ?? null, job };
  });
}

interface FolderContext {
  readonly settings: WatchSettings;
  readonly now: number;
  readonly jobs: ReturnType<typeof jobsOf>;
}

function watchedFolder(name: string, memory: FolderMemory, context: FolderContext): WatchedFolder {
  const jobs = context.jobs.map(({ destination, jobId, state }) => ({ destination, jobId, state }));
  return { ...sized(name, memory), jobs, ...stateOf(memory, context) };
}

function sized(name: string, { files, bytes }: FolderMemory): Pick<WatchedFolder, 'name' | 'files' | 'bytes'> {
  return { name, files, bytes };
}

type Told = Pick<WatchedFolder, 'state' | 'reason' | 'hint' | 'since'>;

function stateOf(memory: FolderMemory, context: FolderContext): Told {
  const { problem, waitsForSentinel, handled, fingerprint, unchangedSince } = memory;
  const { settings } = context;
  if (problem !== null) return { state: 'problem', reason: problem.what, hint: problem.hint, since: iso(problem.since) };
  if (waitsForSentinel) return { state: 'waiting', reason: `waits for ${settings.sentinel ?? 'its sentinel'} in it`, hint: null, since: iso(unchangedSince) };
  if (handled !== null && handled.fingerprint === fingerprint) return handledState(handled, context);
  return changingState(memory, context);
}

function handledState({ held, at }: NonNullable<FolderMemory['handled']>, { jobs }: FolderContext): Told {
  const since = iso(at);
  if (held !== null) return { state: 'held', reason: held, hint: null, since };
  // One that the queue has forgotten was followed by a newer generation that is proven: only then is it forgotten.
  const failed = jobs.find(({ state }) => state === 'FAILED' || state === 'CANCELLED');
  if (failed !== undefined) {
    const { job, jobId, destination } = failed;
    const reason = `job ${jobId} to ${destination} is ${failed.state ?? ''}${job?.lastError == null ? '' : `: ${job.lastError}`}`;
    return { state: 'failed', reason, hint: job?.hint ?? `longhaul sync retry ${jobId}`, since };
  }
  const open = jobs.filter(({ state }) => state === 'QUEUED' || state === 'RUNNING' || state === 'AWAITING_VERIFY');
  if (open.length > 0) return { state: 'queued', reason: open.map(({ destination, jobId, state }) => `job ${jobId} to ${destination}: ${state ?? ''}`).join(', '), hint: null, since };
  return { state: 'sent', reason: `proven at ${jobs.map(({ destination }) => destination).join(', ')}`, hint: null, since };
}

function changingState({ restlessSince, unchangedSince, handled }: FolderMemory, { settings, now }: FolderContext): Told {
  const before = handled === null ? '' : '; an earlier state of it was sent';
  if (restlessSince !== null && now - restlessSince > Math.max(RESTLESS_LEAST_MS, RESTLESS_FACTOR * settings.settleMs)) {
    return { state: 'restless', reason: `never quiet for ${formatDuration(settings.settleMs)} since ${iso(restlessSince)}${before}`, hint: 'end what writes there, or leave out what changes: exclude', since: iso(restlessSince) };
  }
  const left = Math.max(0, Math.ceil((unchangedSince + settings.settleMs - now) / 1000) * 1000);
  return { state: 'settling', reason: `must be left alone for ${left === 0 ? 'a moment' : formatDuration(left)} more${before}`, hint: null, since: iso(unchangedSince) };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
