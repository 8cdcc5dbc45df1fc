import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileGlob, matchesPath } from '../src/worker/filter/glob.ts';
import type { FilterRules, IgnoreScope, Verdict } from '../src/worker/filter/list-filter.ts';
import { ListFilter } from '../src/worker/filter/list-filter.ts';

interface Recorded {
  readonly git: string;
  readonly tree: readonly string[];
  readonly cases: readonly { readonly rules: Readonly<Record<string, string>>; readonly out: readonly string[] }[];
}

const recorded = JSON.parse(readFileSync(process.env['IGNORE_CORPUS'] ?? new URL('corpus/ignore-rules.json', import.meta.url), 'utf8')) as Recorded;

/** What a filter leaves out of a tree of names (folders end in a slash), as a listing would meet them. */
function leftOut(tree: readonly string[], rules: Readonly<Record<string, string>>, lists: Partial<FilterRules> = {}): readonly string[] {
  const filter = new ListFilter({ include: [], exclude: [], ...lists });
  const levels = new Map<string, { readonly scope: IgnoreScope | null; readonly verdict: Verdict }>();
  const scopeIn = (folder: string, above: IgnoreScope | null): IgnoreScope | null => (rules[folder] === undefined ? above : ListFilter.scope(folder, rules[folder], above));
  levels.set('', { scope: scopeIn('', null), verdict: filter.takes === 'all' ? 'wanted' : 'through' });
  const out: string[] = [];
  for (const entry of tree) {
    const isFolder = entry.endsWith('/');
    const path = isFolder ? entry.slice(0, -1) : entry;
    const level = levels.get(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
    const verdict = level === undefined ? 'out' : filter.verdict(path, isFolder ? 'folder' : 'other', { scope: level.scope, parent: level.verdict });
    if (verdict === 'out') out.push(entry);
    else if (isFolder && level !== undefined) levels.set(path, { scope: scopeIn(path, level.scope), verdict });
  }
  return out;
}

describe('rules of ignore files', () => {
  it(`say what git says (${recorded.git}, ${String(recorded.cases.length)} recorded cases)`, () => {
    expect(recorded.cases.length).toBeGreaterThan(300);
    for (const { rules, out } of recorded.cases) {
      const found = leftOut(recorded.tree, Object.fromEntries(Object.entries(rules).map(([folder, content]) => [folder, `${content}\n`])));
      expect(found, JSON.stringify(rules)).toEqual(out);
    }
  });

  it('mean the same in exclude as in a file at the top, and go before it', () => {
    expect(leftOut(['a/', 'a/x', 'b.tmp', 'keep.tmp'], { '': 'a/\n*.tmp' }, { exclude: ['!keep.tmp'] })).toEqual(['a/', 'a/x', 'b.tmp']);
    for (const { rules: { '': top = '', ...below }, out } of recorded.cases) {
      // In a list there are no remarks and no line ends.
      if (Object.keys(below).length > 0 || /[#\n\r]| $|\xef/.test(top) || top === '') continue;
      expect(leftOut(recorded.tree, {}, { exclude: [top] }), top).toEqual(out);
    }
  });
});

describe('include', () => {
  const tree = ['a/', 'a/deep/', 'a/deep/r.csv', 'a/x.bin', 'a/raw/', 'a/raw/y.csv', 'b/', 'b/z.bin', 'top.csv'];

  it('takes what matches and the folders on the way to it', () => {
    expect(leftOut(tree, {}, { include: ['*.csv'] })).toEqual(['a/x.bin', 'b/z.bin']);
    expect(leftOut(tree, {}, { include: ['/a/deep'] })).toEqual(['a/x.bin', 'a/raw/y.csv', 'b/z.bin', 'top.csv']);
  });

  it('takes a folder that matches with everything in it, but for what is excluded', () => {
    expect(leftOut(tree, {}, { include: ['a'], exclude: ['raw/'] })).toEqual(['a/raw/', 'a/raw/y.csv', 'b/z.bin', 'top.csv']);
  });

  it('takes nothing that an ignore file leaves out', () => {
    expect(leftOut(tree, { a: 'raw' }, { include: ['*.csv'] })).toEqual(['a/x.bin', 'a/raw/', 'a/raw/y.csv', 'b/z.bin']);
  });
});

describe('a glob', () => {
  const bytes = fc.array(fc.constantFrom('a', 'b', '*', '?', '[', ']', '!', '-', '\\', '/'), { maxLength: 24 }).map((chars) => chars.join(''));
  const path = fc.array(fc.constantFrom('a', 'b', '/'), { minLength: 1, maxLength: 30 }).map((chars) => chars.join('').replace(/\/+/g, '/').replace(/^\/|\/$/g, '') || 'a');

  /** The same meaning by a regular expression, written another way; brackets are left to the recorded cases. */
  function expression(glob: string): RegExp {
    const parts = glob.split('/').map((part) => (/^\*\*+$/.test(part) ? '**' : part.replace(/[.+^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, '[^/]*').replace(/\?/g, '[^/]')));
    const text = parts.map((part, index) => (part !== '**' ? `${part}${index < parts.length - 1 ? '/' : ''}` : index === parts.length - 1 ? '.+' : '(?:[^/]+/)*')).join('');
    return new RegExp(`^${text}$`, 's');
  }

  it('matches what the regular expression of the same meaning matches', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('a', 'b', '*', '**', '?', '/', '**/'), { minLength: 1, maxLength: 10 }), path, (pieces, name) => {
        const glob = pieces.join('').replace(/\/+/g, '/').replace(/^\/|\/$/g, '');
        fc.pre(glob !== '');
        const compiled = compileGlob(glob);
        expect(compiled !== null && matchesPath(compiled, name), `${glob} on ${name}`).toBe(expression(glob).test(name));
      }),
      { numRuns: 2000 },
    );
  });

  it('never throws, whatever somebody wrote', () => {
    fc.assert(fc.property(bytes, path, (glob, name) => { const compiled = compileGlob(glob); return compiled === null || typeof matchesPath(compiled, name) === 'boolean'; }), { numRuns: 2000 });
  });

  it('costs little even where every star could begin anywhere', () => {
    const compiled = compileGlob(`${'a*'.repeat(60)}b/${'**/a/'.repeat(60)}c`);
    expect(compiled !== null && matchesPath(compiled, `${'a'.repeat(250)}/${'a/'.repeat(1900)}a`)).toBe(false);
  });
});
