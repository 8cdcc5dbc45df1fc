import type { RawPath } from '../raw-path.ts';
import { displayPath, joinRaw, rawBase, rawParent } from '../raw-path.ts';
import type { PublishOutcome } from '../transport.ts';

/** Room for the ending, in a name of 255 bytes. */
const LONGEST = 220;

/**
 * Where things of others stay that lay in an earlier result: beside the results, under a name that says what it is (PROTOCOL.md, "What others put
 * into a result"). `number`: from 1, for when that name is taken.
 */
export function keptName(finalName: RawPath, { now = new Date(), number = 1 }: { readonly now?: Date; readonly number?: number } = {}): RawPath {
  const stamp = now.toISOString().replace(/[-:]|\.\d+/g, '');
  const name = `${rawBase(finalName).slice(0, LONGEST)}.kept-${stamp}${number === 1 ? '' : `-${String(number)}`}`;
  return joinRaw(rawParent(finalName), name as RawPath);
}

/** For the history of a job; null: nothing was kept. */
export function keptText(places: readonly RawPath[]): string | null {
  return places.length === 0 ? null : `the earlier result held entries that are not its own; nothing of them was deleted, they are in ${places.map((place) => `"${displayPath(place)}"`).join(', ')}`;
}

/** The end of a publish, with what there is to tell beside it. */
export function publishedWith(told: readonly (string | null)[]): Extract<PublishOutcome, { kind: 'published' }> {
  const leftover = told.filter((text) => text !== null && text !== '').join('; ');
  return leftover === '' ? { kind: 'published' } : { kind: 'published', leftover };
}
