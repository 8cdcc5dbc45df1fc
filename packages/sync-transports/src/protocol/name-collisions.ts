import type { RawPath } from '../raw-path.ts';
import type { SealListing } from '../seal.ts';
import { nameText } from './name-samples.ts';

/** What a file system takes for the same name. Found out by trying (design §5.1), never assumed. */
export interface NameFolding {
  readonly letterCase: 'kept' | 'ignored';
  readonly unicodeForm: 'kept' | 'ignored';
}

/** All paths of a seal that would become one with another at a destination that folds names so. Pure. */
export function nameCollisions(seal: Pick<SealListing, 'entries'>, folding: NameFolding): readonly RawPath[] {
  if (folding.letterCase === 'kept' && folding.unicodeForm === 'kept') return [];
  const groups = new Map<string, RawPath[]>();
  for (const { path } of seal.entries) {
    const key = fold(path, folding);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [path]);
    else group.push(path);
  }
  return [...groups.values()].filter((group) => group.length > 1).flat();
}

/** `ß` and `ẞ`, final and medial sigma: up and down again meets more than one of the two alone. */
function fold(path: RawPath, { letterCase, unicodeForm }: NameFolding): string {
  const text = nameText(path);
  if (text === null) return `\0${path}`;
  const formed = unicodeForm === 'ignored' ? text.normalize('NFC') : text;
  return letterCase === 'ignored' ? formed.toUpperCase().toLowerCase() : formed;
}
