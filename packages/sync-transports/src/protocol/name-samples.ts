import type { RawPath } from '../raw-path.ts';
import { rawPathBytes } from '../raw-path.ts';
import type { SealListing } from '../seal.ts';

const PLAIN = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9_-])?$/;
const DEVICE_NAME = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)/i;
const SAMPLES_PER_KIND = 8;
const strict = new TextDecoder('utf-8', { fatal: true });

/**
 * Names to try out at a destination, so that one that cannot hold them is found before the first byte. Every kind of oddity in the seal is tried
 * with a few of its longest names, not each of a million: a kind is the set of special characters, and what else file systems trip over.
 */
export function nameSamples(seal: Pick<SealListing, 'entries'>): readonly RawPath[] {
  const kinds = new Map<string, Set<string>>();
  for (const { path } of seal.entries) {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (PLAIN.test(name) && !DEVICE_NAME.test(name)) continue;
    const kind = kindOf(name);
    const names = kinds.get(kind) ?? kinds.set(kind, new Set()).get(kind);
    names?.add(name);
    if (names !== undefined && names.size > SAMPLES_PER_KIND) names.delete(shortest(names));
  }
  return [...kinds.values()].flatMap((names) => [...names]) as readonly string[] as readonly RawPath[];
}

/** `null` where the bytes are no UTF-8. */
export function nameText(name: RawPath): string | null {
  try {
    return strict.decode(rawPathBytes(name));
  } catch {
    return null;
  }
}

function kindOf(name: string): string {
  const specials = [...new Set(name.replace(/[A-Za-z0-9]/g, ''))].filter((char) => char < '\x80').sort().join('');
  const text = nameText(name as RawPath);
  const traits = [
    text === null ? 'bytes' : /[^\x00-\x7f]/.test(name) ? 'text' : 'ascii',
    text !== null && text.normalize('NFC') !== text ? 'decomposed' : '',
    /[\u{10000}-\u{10ffff}]/u.test(text ?? '') ? 'astral' : '',
    /[. ]$/.test(name) ? 'ends' : '',
    /^[ .-]/.test(name) ? 'begins' : '',
    DEVICE_NAME.test(name) ? 'device' : '',
    name.length > 250 ? 'longest' : name.length > 140 ? 'long' : '',
  ];
  return `${specials}\0${traits.join(' ')}`;
}

function shortest(names: ReadonlySet<string>): string {
  return [...names].reduce((left, right) => (right.length < left.length ? right : left));
}
