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
  const name = `${shortened(rawBase(finalName))}.kept-${stamp}${number === 1 ? '' : `-${String(number)}`}`;
  return joinRaw(rawParent(finalName), name as RawPath);
}

/** Not in the middle of a character: some file systems take no half of one. */
function shortened(name: string): string {
  const isContinuation = (index: number): boolean => (name.charCodeAt(index) & 0xc0) === 0x80;
  let end = Math.min(name.length, LONGEST);
  while (end > 0 && end < name.length && isContinuation(end)) end -= 1;
  return name.slice(0, end);
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
