import type { Glob } from './glob.ts';
import { compileGlob, matchesName, matchesPath } from './glob.ts';

/** What a rule is asked about. */
export type RuleSubject = 'folder' | 'other';

/** One line of a list of rules, as git reads it. */
export interface IgnoreRule {
  /** `!`: takes back what a rule before it left out. */
  readonly effect: 'out' | 'in';
  /** A trailing slash: only folders. */
  readonly only: 'folders' | 'all';
  /** Without a slash in it: any name below; else the path from where the rule stands. */
  readonly applies: 'name' | 'path';
  readonly glob: Glob;
}

/** Reads one pattern (latin1); null for one that can match nothing. */
export function parseRule(text: string): IgnoreRule | null {
  const effect = text.startsWith('!') ? 'in' : 'out';
  const signed = effect === 'in' ? text.slice(1) : text;
  const only = signed.endsWith('/') ? 'folders' : 'all';
  const pattern = only === 'folders' ? signed.slice(0, -1) : signed;
  const applies = pattern.includes('/') ? 'path' : 'name';
  const glob = compileGlob(pattern.startsWith('/') ? pattern.slice(1) : pattern);
  return glob === null ? null : { effect, only, applies, glob };
}

/** Reads a file of rules: one a line, `#` begins a remark, spaces at the end of a line count only behind a backslash. */
export function parseRules(content: string): readonly IgnoreRule[] {
  return content
    .replace(/^\xef\xbb\xbf/, '')
    .split('\n')
    .map((line) => line.replace(/\r$/, ''))
    .filter((line) => !line.startsWith('#'))
    .map(withoutSpaces)
    .map(parseRule)
    .filter((rule) => rule !== null);
}

function withoutSpaces(line: string): string {
  let end = line.length;
  while (line[end - 1] === ' ') end -= 1;
  const backslashes = /\\*$/.exec(line.slice(0, end))?.[0].length ?? 0;
  return line.slice(0, backslashes % 2 === 1 && end < line.length ? end + 1 : end);
}

/** What the last rule that matches says of a path relative to where the rules stand; null: no rule speaks of it. */
export function judge(rules: readonly IgnoreRule[], path: string, subject: RuleSubject): IgnoreRule['effect'] | null {
  const name = path.slice(path.lastIndexOf('/') + 1);
  for (let at = rules.length - 1; at >= 0; at -= 1) {
    const rule = rules[at];
    if (rule !== undefined && matches(rule, { path, name, subject })) return rule.effect;
  }
  return null;
}

function matches({ only, applies, glob }: IgnoreRule, { path, name, subject }: { readonly path: string; readonly name: string; readonly subject: RuleSubject }): boolean {
  if (only === 'folders' && subject !== 'folder') return false;
  if (applies === 'path') return matchesPath(glob, path);
  const [part] = glob;
  return part === 'deep' || (part !== undefined && matchesName(part, name));
}
