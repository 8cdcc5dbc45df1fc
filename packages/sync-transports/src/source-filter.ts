import { ConfigError } from '@longhaul/errors';
import { rawPathFromText } from './raw-path.ts';
import type { FilterRules } from './worker/filter/list-filter.ts';

/**
 * What of a source is sent. Patterns are those of a `.gitignore`. `include`: only what matches, with everything in it where it is a folder; empty:
 * everything. `exclude`: what is left out all the same; `!` takes back what a `.longhaulignore` leaves out. No part of the source's identity, but
 * of its content: another filter makes another generation of the same result.
 */
export interface SourceFilter {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
}

/** What a filter left out of a seal, so that nobody takes the result for the whole. */
export interface LeftOut {
  readonly include: readonly string[];
  readonly exclude: readonly string[];
  /** Display form, relative to the source: each `.longhaulignore` that was obeyed. */
  readonly ignoreFiles: readonly string[];
  /** Everything but folders, one by one. */
  readonly files: number;
  /** Folders, each with everything in it: what is in there was not counted. */
  readonly folders: number;
}

/** Checked and in its one form; undefined where it leaves everything in. @throws ConfigError naming the pattern */
export function sourceFilter({ include = [], exclude = [] }: Partial<SourceFilter>): SourceFilter | undefined {
  for (const pattern of [...include, ...exclude]) refuseUnusable(pattern);
  const negated = include.find((pattern) => pattern.startsWith('!'));
  if (negated !== undefined) throw new ConfigError(`the pattern ${JSON.stringify(negated)} cannot be included`, { fix: `exclude ${JSON.stringify(negated.slice(1))} instead` });
  return include.length + exclude.length === 0 ? undefined : { include: [...include], exclude: [...exclude] };
}

function refuseUnusable(pattern: string): void {
  if (/^!?\/?$/.test(pattern) || /[\0\n]/.test(pattern)) {
    throw new ConfigError(`${JSON.stringify(pattern)} is no pattern`, { fix: 'write patterns as in a .gitignore: "*.tmp", "cache/", "/raw/**/*.bin"' });
  }
}

/** Whether two filters ask for the same. */
export function isSameFilter(left: SourceFilter | undefined, right: SourceFilter | undefined): boolean {
  return filterKey(left) === filterKey(right);
}

/** A text that is the same for the same filter; empty for none. */
export function filterKey(filter: SourceFilter | undefined): string {
  return filter === undefined ? '' : JSON.stringify([filter.include, filter.exclude]);
}

/** As the listing takes it: patterns as bytes. */
export function filterRules(filter: SourceFilter | undefined): FilterRules {
  const raw = (patterns: readonly string[]): readonly string[] => patterns.map((pattern) => rawPathFromText(pattern));
  return { include: raw(filter?.include ?? []), exclude: raw(filter?.exclude ?? []) };
}

/** `left out by filters: 12 files, 2 folders`; null where nothing was left out. */
export function leftOutText(leftOut: LeftOut | null | undefined): string | null {
  if (leftOut == null || leftOut.files + leftOut.folders === 0) return null;
  const parts = [counted(leftOut.files, 'file'), counted(leftOut.folders, 'folder')].filter((part) => part !== null);
  return `left out by filters: ${parts.join(', ')}`;
}

function counted(count: number, what: string): string | null {
  return count === 0 ? null : `${String(count)} ${what}${count === 1 ? '' : 's'}`;
}
