import { lstat, realpath } from 'node:fs/promises';
import path from 'node:path';

import type { WatchSettings } from '@longhaul/config';
import { ConfigError, isLonghaulError } from '@longhaul/errors';
import type { SealSource, SourceGlance } from '@longhaul/sync-transports';
import { rawPathFromText, sourceFilter } from '@longhaul/sync-transports';

import type { FolderMemory, Handled, Observation } from './folder-memory.ts';
import { observe, withHandled } from './folder-memory.ts';
import { listTop } from './top-folder.ts';
import type { GoneFolder, WatchRecord } from './watch-file.ts';

/** Folders that were there are remembered so long: an unmounted disk must not make everything new. Milliseconds. */
const GONE_FOR_MS = 7 * 86_400_000;
/** The watched folder itself is listed this often, beside the hints. Milliseconds. */
const TOP_EVERY_MS = 15_000;
/** Looks in a row before others get their turn. */
const AT_A_TIME = 500;

/** What a watcher needs of its host. */
export interface WatchPorts {
  readonly now: () => number;
  /** @throws what SourceSurveyor.glance throws */
  readonly glance: (source: SealSource) => Promise<SourceGlance>;
  /** Puts a folder into the queue, once per destination and fingerprint. */
  readonly enqueue: (folder: ReadyFolder) => Promise<Pick<Handled, 'jobs' | 'held'>>;
  /** Folders that must not be sent, such as the state directory itself, absolute. */
  readonly never: readonly string[];
  readonly log: (text: string) => void;
}

/** A folder that has been quiet for long enough. */
export interface ReadyFolder {
  /** Real path. */
  readonly path: string;
  readonly source: SealSource;
  readonly fingerprint: string;
  /** How many files it holds that would be sent. */
  readonly files: number;
  readonly settings: WatchSettings;
}

/** Looks after one watched folder. It holds no timers and no watches: whoever runs it calls `turn` when it is time. */
export class FolderWatcher {
  readonly settings: WatchSettings;
  readonly #ports: WatchPorts;
  readonly #folders: Map<string, FolderMemory>;
  readonly #gone: Map<string, GoneFolder>;
  #record: WatchRecord;
  #real: string | null = null;
  #topDueAt = Number.NEGATIVE_INFINITY;
  #changed = false;

  constructor(settings: WatchSettings, record: WatchRecord, ports: WatchPorts) {
    this.settings = settings;
    this.#ports = ports;
    this.#record = record;
    this.#folders = new Map(Object.entries(record.folders));
    this.#gone = new Map(Object.entries(record.gone));
  }

  /** Something may have come or gone. */
  hint(): void {
    this.#topDueAt = Number.NEGATIVE_INFINITY;
  }

  /** What is to be remembered, if anything has changed since it was asked for last. */
  takeRecord(): WatchRecord | null {
    if (!this.#changed) return null;
    this.#changed = false;
    this.#record = { ...this.#record, folders: Object.fromEntries(this.#folders), gone: Object.fromEntries(this.#gone) };
    return this.#record;
  }

  /** What was taken could not be written: it is given again. */
  keepRecord(): void {
    this.#changed = true;
  }

  /** Looks at all that is due, a limited number of folders at a time. Gives when the next look is due. */
  async turn(signal: AbortSignal): Promise<number> {
    const { now } = this.#ports;
    if (now() >= this.#topDueAt) await this.#lookAtTop();
    const due = this.#real === null ? [] : [...this.#folders].filter(([, { nextLookAt }]) => nextLookAt <= now()).sort(([, left], [, right]) => left.nextLookAt - right.nextLookAt);
    for (const [name] of due.slice(0, AT_A_TIME)) {
      if (signal.aborted) break;
      await this.#lookAt(name);
    }
    return this.#nextAt();
  }

  #nextAt(): number {
    let next = this.#topDueAt;
    if (this.#real !== null) for (const { nextLookAt } of this.#folders.values()) next = Math.min(next, nextLookAt);
    return next;
  }

  async #lookAtTop(): Promise<void> {
    const now = this.#ports.now();
    this.#topDueAt = now + TOP_EVERY_MS;
    this.#changed = true;
    try {
      const real = await realpath(this.settings.path);
      // Results would become new folders, for ever.
      if (this.#ports.never.includes(real)) throw new ConfigError('it is itself a destination, or the state directory', { fix: 'watch another folder' });
      const { folders, ignored, files } = await listTop(real);
      this.#real = real;
      const own = folders.filter((name) => this.#isOwn(path.join(real, name)));
      this.#takeIn(folders.filter((name) => !own.includes(name)), now);
      this.#record = { ...this.#record, lookedAt: now, problem: null, files, ignored: [...own.map((name) => ({ name, reason: 'Longhaul itself, or a destination, lies in it' })), ...ignored] };
    } catch (error) {
      // Nothing is known then, and nothing is forgotten: the disk may come back.
      this.#real = null;
      const problem = topProblem(error);
      if (this.#record.problem !== problem) this.#ports.log(`watched folder ${this.settings.path}: ${problem}`);
      this.#record = { ...this.#record, lookedAt: now, problem };
    }
  }

  #isOwn(folder: string): boolean {
    return this.#ports.never.some((other) => other === folder || other.startsWith(`${folder}/`));
  }

  #takeIn(names: readonly string[], now: number): void {
    const there = new Set(names);
    for (const [name, memory] of this.#folders) {
      if (there.has(name)) continue;
      this.#folders.delete(name);
      this.#gone.set(name, { at: now, memory });
      if (!isDone(memory)) this.#ports.log(`${path.join(this.settings.path, name)} is gone before it was put into the queue`);
    }
    for (const [name, { at }] of this.#gone) if (now - at > GONE_FOR_MS) this.#gone.delete(name);
    for (const name of names) {
      if (this.#folders.has(name)) continue;
      const back = this.#gone.get(name);
      this.#gone.delete(name);
      // What was handled before is known by its fingerprint; it settles anew all the same.
      const { memory } = observe(back === undefined ? null : { ...back.memory, fingerprint: null }, { kind: 'changing' }, { now, settleMs: 0, to: [] });
      this.#folders.set(name, { ...memory, nextLookAt: now });
    }
  }

  async #lookAt(name: string): Promise<void> {
    const { settings } = this;
    const { now, log } = this.#ports;
    const folder = path.join(this.#real ?? settings.path, name);
    const before = this.#folders.get(name) ?? null;
    const source = this.#source(folder, name);
    const observation = await this.#observation(folder, source);
    const { memory, ready } = observe(before, observation, { now: now(), settleMs: settings.settleMs, to: settings.to });
    this.#remember(name, memory);
    if (memory.problem !== null && before?.problem?.what !== memory.problem.what) log(`${folder}: ${memory.problem.what}`);
    if (!ready || memory.fingerprint === null) return;
    try {
      const done = await this.#ports.enqueue({ path: folder, source, fingerprint: memory.fingerprint, files: memory.files, settings });
      this.#remember(name, withHandled(memory, { fingerprint: memory.fingerprint, at: now(), to: settings.to, ...done }));
      log(`${folder}: ${done.held ?? `is quiet: ${done.jobs.map(({ destination, jobId }) => `job ${jobId} to ${destination}`).join(', ')}`}`);
    } catch (error) {
      if (!isLonghaulError(error) || error.code === 'QUEUE_STORE') throw error;
      const refused = observe(memory, { kind: 'problem', what: error.message, hint: error.hint }, { now: now(), settleMs: settings.settleMs, to: settings.to });
      this.#remember(name, refused.memory);
      log(`${folder}: ${error.message}`);
    }
  }

  #remember(name: string, memory: FolderMemory): void {
    const before = this.#folders.get(name);
    this.#folders.set(name, memory);
    if (before === undefined || shownOf(before) !== shownOf(memory)) this.#changed = true;
  }

  #source(folder: string, name: string): SealSource {
    const filter = sourceFilter(this.settings);
    return { kind: 'directory', root: rawPathFromText(folder), name: rawPathFromText(name), dev: 0n, ...(filter === undefined ? {} : { filter }) };
  }

  async #observation(folder: string, source: SealSource): Promise<Observation> {
    try {
      // Asked again: what was a folder may be a symlink by now.
      if (!(await lstat(folder)).isDirectory()) return { kind: 'problem', what: 'it is no folder any more', hint: null };
      const { sentinel } = this.settings;
      if (sentinel !== null && !(await exists(path.join(folder, sentinel)))) return { kind: 'no-sentinel' };
      return { kind: 'seen', ...(await this.#ports.glance(source)) };
    } catch (error) {
      return observationOf(error);
    }
  }
}

function isDone({ handled, fingerprint }: FolderMemory): boolean {
  return handled !== null && (fingerprint === null || handled.fingerprint === fingerprint);
}

/** What a person sees of it: the rest changes with every look and is not worth a write. */
function shownOf({ fingerprint, restlessSince, waitsForSentinel, problem, handled }: FolderMemory): string {
  return JSON.stringify([fingerprint, restlessSince, waitsForSentinel, problem?.what, handled]);
}

function observationOf(error: unknown): Observation {
  if (isLonghaulError(error, 'SOURCE_CHANGED') || isLonghaulError(error, 'SOURCE_NOT_FOUND') || isGone(error)) return { kind: 'changing' };
  if (isLonghaulError(error)) return { kind: 'problem', what: error.message, hint: error.hint };
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (typeof code === 'string') return { kind: 'problem', what: `it cannot be looked at: ${code}`, hint: null };
  throw error;
}

function isGone(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | null)?.code;
  return code === 'ENOENT' || code === 'ENOTDIR';
}

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file);
    return true;
  } catch (error) {
    if (isGone(error)) return false;
    throw error;
  }
}

function topProblem(error: unknown): string {
  if (isLonghaulError(error)) return error.message;
  const code = (error as NodeJS.ErrnoException | null)?.code;
  if (isGone(error)) return 'it is not there; if it lies on a disk or share, see that it is mounted';
  return `it cannot be read: ${code ?? (error instanceof Error ? error.message : String(error))}`;
}
