import { displayPath } from '@longhaul/sync-transports';
import type { RawPath } from '@longhaul/sync-transports';
import type { Blocker } from './blocker.ts';

/** A blocker for people. */
export interface BlockerText {
  /** What stands in the way, with figures and times. */
  readonly what: string;
  /** What a person can do; null: it passes by itself, or nothing can. */
  readonly fix: string | null;
  /** When it passes by itself; ISO 8601. null: not by itself, or nobody knows. */
  readonly until: string | null;
}

const SHOWN = 5;

/** `source`: as a person would type it. */
export function blockerText(blocker: Blocker, source: string): BlockerText {
  const { what, fix = null, until = null } = texts(blocker, source);
  return { what, fix, until: until === null ? null : iso(until) };
}

interface Text {
  readonly what: string;
  readonly fix?: string | null;
  readonly until?: number | null;
}

type PlaceBlocker = Extract<Blocker, { destination: string }>;
type SourceBlocker = Extract<Blocker, { kind: 'source_busy' | 'no_handles' | 'source_gone' | 'source_moved' | 'changed' | 'unreadable' | 'foreign_metadata' | 'cannot_write' | 'holds_result' | 'receipt_unknown' }>;
type GeneralBlocker = Exclude<Blocker, PlaceBlocker | SourceBlocker>;

const SOURCE_KINDS: readonly Blocker['kind'][] = ['source_busy', 'no_handles', 'source_gone', 'source_moved', 'changed', 'unreadable', 'foreign_metadata', 'cannot_write', 'holds_result', 'receipt_unknown'];

function isSourceBlocker(blocker: SourceBlocker | GeneralBlocker): blocker is SourceBlocker {
  return SOURCE_KINDS.includes(blocker.kind);
}

function texts(blocker: Blocker, source: string): Text {
  if ('destination' in blocker) return placeText(blocker, source);
  return isSourceBlocker(blocker) ? sourceText(blocker, source) : generalText(blocker, source);
}

function generalText(blocker: GeneralBlocker, source: string): Text {
  switch (blocker.kind) {
    case 'off':
      return { what: 'reclaim is off', fix: 'in longhaul.yaml: reclaim: { enabled: true }' };
    case 'only_asked':
      return { what: 'local files are only deleted when a person asks (reclaim.automatic is false)', fix: `longhaul sync reclaim ${source} --delete` };
    case 'disk_has_room':
      return { what: `the disk has ${bytes(blocker.freeBytes)} free; files are deleted when it has less than ${bytes(blocker.below)} (reclaim.when.diskFreeBelow)`, fix: `longhaul sync reclaim ${source} --delete` };
    case 'nothing_verified':
      return { what: 'no destination is known to hold it', fix: `longhaul sync push ${source} --to DEST` };
    case 'in_hand':
      return { what: `process ${String(blocker.open.owner.pid)} on ${blocker.open.owner.host} has been at it since ${blocker.open.begunAt}` };
    case 'overlap':
      return { what: `job ${blocker.jobId} (${blocker.state}) still needs these files: it sends ${blocker.source}`, fix: `longhaul why ${blocker.jobId}` };
    case 'neighbour': {
      const { what, ...rest } = texts(blocker.blocker, blocker.source);
      return { what: `it shares files with ${blocker.source}, and ${what}`, ...rest };
    }
    case 'interrupted':
      return { what: 'a person has ended it', fix: `longhaul sync reclaim ${source} --delete` };
    case 'seal_lost':
      return { what: `the list of what was sealed (${blocker.sealId}) is gone from this machine or damaged`, fix: `longhaul sync push ${source} --to DEST` };
  }
}

function placeText(blocker: PlaceBlocker, source: string): Text {
  const { destination } = blocker;
  const again = `longhaul sync push ${source} --to ${destination}`;
  switch (blocker.kind) {
    case 'on_its_way':
      return { what: `it is still on its way to ${destination} (job ${blocker.jobId}, ${blocker.state})`, fix: `longhaul why ${blocker.jobId}` };
    case 'not_there':
      return notThereText(blocker, { source, again });
    case 'other_content':
      return { what: `${destination} holds an earlier content of it (job ${blocker.jobId})`, fix: `${again}; or leave it out: longhaul sync reclaim ${source} --without ${destination}` };
    case 'superseded':
      return { what: `what job ${blocker.jobId} had put at ${destination} has been replaced there by a newer result`, fix: again };
    case 'damaged':
      return { what: `${destination} was found damaged: ${blocker.damage}`, fix: `longhaul why ${blocker.jobId}` };
    case 'never_by_rule':
      return { what: `nothing is deleted on the word of ${destination} (destinations.${destination}.reclaim.allow is false)` };
    case 'too_few_proofs':
      return { what: `${destination} has proven it ${times(blocker.have)}, and ${times(blocker.need)} are needed${besides(blocker)}`, fix: `longhaul sync verify ${blocker.jobId}` };
    case 'too_young':
      return { what: `${destination} has proven it often enough since ${iso(blocker.since)}; it may go from ${iso(blocker.until)} on`, until: blocker.until };
    case 'paused':
      return { what: `${destination} is paused, so that it cannot be asked`, fix: `longhaul sync destinations resume ${destination}` };
    case 'blocked':
      return { what: `${destination} does not answer: ${blocker.detail}`, fix: `longhaul sync destinations probe ${destination}`, until: blocker.until };
    case 'not_configured':
      return { what: `nobody knows any more how to reach ${destination}, so that it cannot be asked`, fix: `define it again in longhaul.yaml; or leave it out: longhaul sync reclaim ${source} --without ${destination}` };
    case 'no_answer':
      return { what: `${destination} does not answer now: ${blocker.detail}`, fix: `longhaul sync destinations probe ${destination}` };
    case 'check_failed':
      return { what: `the last check at ${destination} did not find what was sealed: ${blocker.detail}`, fix: again };
    case 'check_busy':
      return { what: `${destination} is being verified by another process (${blocker.detail})` };
    case 'one_copy':
      return { what: `${blocker.other} and ${destination} are one copy, not two: both show the receipt of job ${blocker.jobId}`, fix: `leave one out: longhaul sync reclaim ${source} --without ${destination}` };
    case 'inside_destination':
      return insideText(blocker);
    case 'same_place':
      return { what: `${destination} shows ${blocker.paths.length === 0 ? '' : `${named(blocker.paths)} of `}the source itself, not a copy: a link or a mount leads back to it`, fix: `see where ${destination} leads; a copy must lie elsewhere` };
  }
}

function insideText({ destination, folder, lies }: Extract<Blocker, { kind: 'inside_destination' }>): Text {
  const what = lies === 'in_the_source' ? `the folder of ${destination} (${folder}) lies in the source` : `the source lies in the folder of ${destination} (${folder})`;
  return { what: `${what}: what is deleted here may be the only copy there`, fix: 'keep sources and destinations apart; delete it by hand once you have looked' };
}

function notThereText({ destination, jobId, state }: Extract<Blocker, { kind: 'not_there' }>, { source, again }: { readonly source: string; readonly again: string }): Text {
  const without = `longhaul sync reclaim ${source} --without ${destination}`;
  if (jobId === null || state === null) return { what: `it was meant for ${destination} too, and what became of that is not known any more`, fix: `${again}; or leave it out: ${without}` };
  const how = state === 'FAILED' ? 'has failed' : state === 'CANCELLED' ? 'was cancelled' : 'was freed before, with another content';
  return { what: `it was meant for ${destination} too, and that job (${jobId}) ${how}`, fix: state === 'FAILED' || state === 'CANCELLED' ? `longhaul sync retry ${jobId}; or leave it out: ${without}` : again };
}

function sourceText(blocker: SourceBlocker, source: string): Text {
  switch (blocker.kind) {
    case 'source_busy':
      return { what: `the source is in use: ${blocker.detail}` };
    case 'no_handles':
      return { what: `on ${blocker.platform} files cannot be deleted below a held folder, so that a link that is swapped in might lead elsewhere`, fix: 'delete them by hand; longhaul sync reclaim shows the proof of each' };
    case 'source_gone':
      return { what: `the source is not there: ${blocker.detail}` };
    case 'source_moved':
      return { what: `what lies there now is not what was sealed: ${blocker.detail}`, fix: `longhaul sync push ${source} --to DEST` };
    case 'changed':
      return { what: `changed since it was sealed: ${named(blocker.paths)}`, fix: `longhaul sync push ${source} --to DEST` };
    case 'unreadable':
      return { what: `cannot be read or deleted: ${named(blocker.paths)} (${blocker.detail})`, fix: 'give this user the right to, or delete it by hand' };
    case 'foreign_metadata':
      return { what: `the receipts cannot be left in the source: ${blocker.detail}`, fix: 'move it away, or in longhaul.yaml: reclaim: { keepMetadata: false }' };
    case 'holds_result':
      return { what: `${blocker.path} holds the result of ${blocker.source} from ${blocker.host}, by its receipt: it may be the only copy of that`, fix: 'free what lies outside of it by hand; or, where it is no result any more, move its .longhaul away' };
    case 'receipt_unknown':
      return { what: `the receipt in ${blocker.path} cannot be read (${blocker.detail}), so that nobody can tell whether a result lies there`, fix: `look at it, and repair or move away ${blocker.path}` };
    case 'cannot_write':
      return { what: `the record of what is deleted cannot be written, so that nothing was: ${blocker.detail}`, fix: 'free a little space on that disk by hand' };
  }
}

function besides({ weak, close }: { readonly weak: number; readonly close: number }): string {
  const parts = [weak === 0 ? '' : `${String(weak)} by size alone do not count`, close === 0 ? '' : `${String(close)} came right after another`];
  const said = parts.filter((part) => part !== '').join('; ');
  return said === '' ? '' : ` (${said})`;
}

function times(number: number): string {
  return number === 1 ? 'once' : number === 2 ? 'twice' : `${String(number)} times`;
}

function named(paths: readonly RawPath[]): string {
  const shown = paths.slice(0, SHOWN).map((path) => displayPath(path)).join(', ');
  return paths.length > SHOWN ? `${shown} and ${String(paths.length - SHOWN)} more` : shown;
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}

/** Powers of ten, as disks are sold. */
function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(unit === 0 || value >= 99.5 ? 0 : 1)} ${units[unit] ?? ''}`;
}
