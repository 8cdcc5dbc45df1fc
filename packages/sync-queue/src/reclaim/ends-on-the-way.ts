import type { RawPath } from '@longhaul/sync-transports';
import type { Blocker } from './blocker.ts';
import type { ProvenPlace } from './decide-reclaim.ts';
import { errnoOf } from './files/errno.ts';
import type { Removal } from './files/source-files.ts';
import { SourceBlocked } from './files/source-files.ts';

export const WITHDRAWN = 'in the meantime its job was cancelled or found damaged, or the source is being sent anew';

/** A blocker on the way. Never leaves the run. */
export class Stop extends Error {
  override readonly name = 'Stop';
  readonly blockers: readonly Blocker[];

  constructor(blockers: readonly Blocker[]) {
    super('stop');
    this.blockers = blockers;
  }
}

/** The hold is not certain any more: nothing more is deleted, and the next reaper asks everything again. */
export class Uncertain extends Error {
  override readonly name = 'Uncertain';
}

/** What a test's step threw: as a kill would, it leaves everything as it is. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

/** What an error forbids; null: it is about something else. */
export function blockersOf(error: unknown): readonly Blocker[] | null {
  if (error instanceof Stop) return error.blockers;
  if (error instanceof SourceBlocked) return [error.blocker];
  const code = errnoOf(error);
  return code === 'UNKNOWN' ? null : [{ kind: 'unreadable', paths: ['.' as RawPath], detail: error instanceof Error ? error.message : code }];
}

export function stopAt(blockers: readonly Blocker[]): void {
  if (blockers.length > 0) throw new Stop(blockers);
}

export function keptBlocker(removal: Removal): readonly Blocker[] {
  if (removal.kind !== 'kept') return [];
  const paths = [removal.path];
  return removal.why === 'denied' ? [{ kind: 'unreadable', paths, detail: removal.detail }] : removal.why === 'moved' ? [{ kind: 'source_moved', detail: removal.detail }] : [{ kind: 'changed', paths }];
}

export function withdrawn(places: readonly ProvenPlace[]): readonly Blocker[] {
  return places.map(({ destination }) => ({ kind: 'check_failed', destination, detail: WITHDRAWN }));
}
