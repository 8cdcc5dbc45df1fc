import type { IgnoreRule, RuleSubject } from './ignore-rule.ts';
import { judge, parseRule, parseRules } from './ignore-rule.ts';

/** Patterns as raw bytes (latin1); see SourceFilter. */
export interface FilterRules {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** The rules that hold in a folder: its own ignore file's, and those of the folders above. */
export interface IgnoreScope {
  readonly folder: string;
  readonly rules: readonly IgnoreRule[];
  readonly above: IgnoreScope | null;
}

/** `wanted`: taken. `through`: a folder that is not asked for itself, but may hold something that is. `out`: left out. */
export type Verdict = 'wanted' | 'through' | 'out';

/**
 * Which entries of a tree are taken. `exclude` goes before every `.longhaulignore`, a deeper one of those before those above it, a later rule
 * before an earlier one: git's order. What is left out as a folder is not entered, so nothing in it can be taken back.
 */
export class ListFilter {
  readonly #include: readonly IgnoreRule[];
  readonly #exclude: readonly IgnoreRule[];

  constructor({ include, exclude }: FilterRules) {
    this.#include = include.map(parseRule).filter((rule) => rule !== null);
    this.#exclude = exclude.map(parseRule).filter((rule) => rule !== null);
    this.takes = include.length === 0 ? 'all' : 'included';
  }

  /** `included`: only what a pattern asks for. */
  readonly takes: 'all' | 'included';

  /** The scope of a folder with an ignore file in it. */
  static scope(folder: string, content: string, above: IgnoreScope | null): IgnoreScope {
    return { folder, rules: parseRules(content), above };
  }

  /** `parent` is the verdict on the folder that holds it: what is wanted as a folder is wanted with everything in it. */
  verdict(path: string, subject: RuleSubject, { scope, parent }: { readonly scope: IgnoreScope | null; readonly parent: Verdict }): Verdict {
    if (this.#isOut(path, subject, scope)) return 'out';
    if (parent === 'wanted' || judge(this.#include, path, subject) === 'out') return 'wanted';
    return subject === 'folder' ? 'through' : 'out';
  }

  #isOut(path: string, subject: RuleSubject, scope: IgnoreScope | null): boolean {
    const said = judge(this.#exclude, path, subject);
    if (said !== null) return said === 'out';
    for (let at = scope; at !== null; at = at.above) {
      const ruled = judge(at.rules, at.folder === '' ? path : path.slice(at.folder.length + 1), subject);
      if (ruled !== null) return ruled === 'out';
    }
    return false;
  }
}
