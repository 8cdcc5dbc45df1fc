import type { GlobToken } from './glob-tokens.ts';
import { globTokens } from './glob-tokens.ts';

/** A compiled pattern: a part for each folder on the way, `deep` for any number of them. */
export type Glob = readonly GlobPart[];
export type GlobPart = readonly GlobToken[] | 'deep';

/** Takes a pattern without leading and trailing slash (latin1); null for one that can match nothing. */
export function compileGlob(pattern: string): Glob | null {
  const tokens = globTokens(pattern);
  if (tokens === null) return null;
  const parts: GlobPart[] = [];
  let part: GlobToken[] = [];
  for (const token of [...tokens, { kind: 'slash' } as const]) {
    if (token.kind !== 'slash') part.push(token);
    else {
      // An empty part ("a//b") is in no path.
      if (part.length === 0) return null;
      parts.push(part[0]?.kind === 'deep' ? 'deep' : part);
      part = [];
    }
  }
  return parts;
}

/**
 * Whether a relative path matches as a whole. Both loops go back to the last star only, so that no pattern, however odd, costs more than its
 * length times that of the path: patterns come from files that anybody may have written.
 */
export function matchesPath(glob: Glob, path: string): boolean {
  const names = path.split('/');
  // At the end `**` stands for something: "a/**" is what is in a, not a.
  const last = glob.at(-1) === 'deep' ? 1 : 0;
  return walk(glob, names, { star: (part) => part === 'deep', same: (part, name) => part !== 'deep' && matchesName(part, name), least: last });
}

/** Whether one name matches one part. */
export function matchesName(part: readonly GlobToken[], name: string): boolean {
  return walk(part, name, { star: ({ kind }) => kind === 'star' || kind === 'deep', same: matchesByte, least: 0 });
}

function matchesByte(token: GlobToken, char: string): boolean {
  switch (token.kind) {
    case 'any':
      return true;
    case 'byte':
      return token.code === char.charCodeAt(0);
    case 'class':
      return token.members[char.charCodeAt(0)] === 1;
    case 'star':
    case 'deep':
    case 'slash':
      return false;
  }
}

interface Rules<Pattern> {
  readonly star: (pattern: Pattern) => boolean;
  readonly same: (pattern: Pattern, item: string) => boolean;
  /** How many items a star at the very end takes at least. */
  readonly least: number;
}

function walk<Pattern>(patterns: readonly Pattern[], items: string | readonly string[], { star, same, least }: Rules<Pattern>): boolean {
  let at = 0;
  let item = 0;
  let retry: { readonly at: number; item: number } | null = null;
  while (item < items.length) {
    const pattern = patterns[at];
    if (pattern !== undefined && star(pattern)) {
      at += 1;
      retry = { at, item };
      if (at === patterns.length) return items.length - item >= least;
    } else if (pattern !== undefined && same(pattern, items[item] ?? '')) {
      at += 1;
      item += 1;
    } else if (retry === null) {
      return false;
    } else {
      retry.item += 1;
      at = retry.at;
      item = retry.item;
    }
  }
  while (at < patterns.length && star(patterns[at] as Pattern) && (least === 0 || at < patterns.length - 1)) at += 1;
  return at === patterns.length;
}
