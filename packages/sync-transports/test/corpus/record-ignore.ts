// Asks git what its ignore files leave out, and keeps the answers: node --conditions=@longhaul/source test/corpus/record-ignore.ts [SEED [CASES]]
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** Names as latin1; a folder ends in a slash. */
const TREE = [
  'a/', 'a/b/', 'a/b/c/', 'a/b/c/x.tmp', 'a/b/c/keep', 'a/b/x', 'a/b.tmp', 'a/[x]', 'ab', 'abc', 'a-b', 'b/', 'b/a/', 'b/a/x.tmp', 'b/x', 'c/', 'c/d/', 'c/d/x', 'c/keep', 'x', 'x.tmp', 'X', 'X.TMP',
  ' lead', 'trail ', '#x', '!x', '*', '?', '[', ']', 'a]', '\\', 'a\\b', '-', 'a^', '1', '12', '\xc3\xa4', '\xff', 'tmp/', 'tmp/x', 'b/tmp', 'new\nline', 'cache/', 'cache/deep/', 'cache/deep/x', 'keep',
];
const BY_HAND = [
  'x', '/x', 'x/', 'a/', '/a/', 'a', '*.tmp', '/*.tmp', 'a/*.tmp', '**/*.tmp', 'a/**', 'a/**/', '**', '/**', '**/', '/**/', '***', 'a/***/x', 'a/**/x', '**/x', 'a/**/b/**', '**/b/x', 'a**', 'a/b**/x', '*', '?', '??', '/*', '/*/',
  '*/x', '*/*/x', '[ab]', '[!ab]', '[^ab]', '[a-c]', '[c-a]', '[]]', '[!]]', '[a', '[', '\\[', '[[]', '[[:digit:]]', '[[:alpha:]]*', '[[:nope:]]', '[[:digit]', '[[:]x', '[\\]]', '[a\\-z]', '[-a]', '[a-]', '[a-\\c]', '[\xc0-\xff]', '?\xa4', '\\', '\\\\', 'a\\\\b', '\\x', '\\#x', '#x',
  '\\!x', '!x', '*\n!x', '*\n!*/\n!x', '/*\n!/a\n/a/*\n!/a/b', 'a/\n!a/b/x', '*.tmp\n!x.tmp', '!x.tmp\n*.tmp', 'trail ', 'trail\\ ', 'trail\\  ', ' lead', 'x ', 'x\r', '\xef\xbb\xbfx', '', '/', '//', '!', '!/', 'a//b', 'a/./b', './x', '../x', 'a/b/', '/a/b', 'b/a', '/b/', 'tmp', 'tmp/', '/tmp', 'cache/*', 'cache/*\n!cache/deep',
  'cache/**\n!cache/deep/x', '*/', 'a*b', '*a*b*c*', 'new\\\nline', 'new?line', 'X', 'x.TMP', 'a/[/]b', '[/]', 'a[/]b', 'a\\/b', 'a\\/', 'a/b\\', '\xff', '\xc3\xa4', '[[:upper:]]', '[[:punct:]]', '[[:space:]]*', '[!-]', '*[!a-z]', 'a?', 'a/b/c/', 'a/b/c/*\n!a/b/c/keep', 'keep\n!/keep', '!keep\nkeep',
];
/** Rules in folders below, beside those at the top. */
const NESTED = [
  ['*.tmp', 'a', '!*.tmp'], ['*', 'a', '!*'], ['x', 'a/b', '!x'], ['', 'a/b', 'x'], ['', 'a', '/b'], ['', 'a', 'b/c'], ['', 'a', 'a/b'], ['!x', 'b', 'x'], ['a/b/x', 'a', '!b/x'], ['a/b/x', 'a/b', '!/x'], ['cache/', 'cache', '!deep'], ['', 'c', '*\n!*/\n!keep'],
] as const;

export interface IgnoreCase {
  /** By folder (empty: the top), latin1. */
  readonly rules: Readonly<Record<string, string>>;
  /** What is left out, of the tree's names, in its order. */
  readonly out: readonly string[];
}

function ask(root: string, rules: IgnoreCase['rules']): IgnoreCase {
  for (const [folder, content] of Object.entries(rules)) writeFileSync(join(root, folder, '.gitignore'), `${content}\n`, 'latin1');
  // A folder is asked about without its slash, as a listing meets it.
  const input = Buffer.from(TREE.map((path) => `${path.replace(/\/$/, '')}\0`).join(''), 'latin1');
  const { stdout, status, stderr } = spawnSync('git', ['-c', 'core.ignoreCase=false', 'check-ignore', '--no-index', '--stdin', '-z'], { cwd: root, input });
  if (status !== 0 && status !== 1) throw new Error(stderr.toString());
  const out = new Set(stdout.toString('latin1').split('\0'));
  for (const folder of Object.keys(rules)) rmSync(join(root, folder, '.gitignore'));
  return { rules, out: TREE.filter((path) => out.has(path.replace(/\/$/, ''))) };
}

function makeTree(): string {
  const root = mkdtempSync(join(tmpdir(), 'longhaul-ignore-'));
  execFileSync('git', ['init', '-q', root]);
  for (const path of TREE) {
    const bytes = Buffer.from(join(root, path), 'latin1');
    mkdirSync(path.endsWith('/') ? bytes : Buffer.from(dirname(join(root, path)), 'latin1'), { recursive: true });
    if (!path.endsWith('/')) writeFileSync(bytes, '');
  }
  return root;
}

/**
 * Where git does what its manual does not say: an escaped slash behind two stars wants a folder there, and two stars behind
 * plain letters ("lib**" + "/x") count as if they stood alone, because it compares the letters before it looks at the stars.
 */
const KNOWN_DIFFERENCES = [/\*\*\\\//, /[^/\n!]\*\*+\\?\//];

/** Patterns nobody would think of, the same ones for the same seed. */
function randomRules(random: () => number): string {
  const pieces = ['a', 'b', 'c', 'x', '*', '**', '?', '/', '/', '[', ']', '!', '^', '-', '\\', '.tmp', ' ', '[a-c]', '[!a]', 'keep', '**/', '/**', '\xc3', '#', '[[:alpha:]]', '\n', '\n!'];
  const rules = Array.from({ length: 1 + Math.floor(random() * 8) }, () => pieces[Math.floor(random() * pieces.length)]).join('');
  return KNOWN_DIFFERENCES.some((difference) => difference.test(rules)) ? randomRules(random) : rules;
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return ((state >>> 8) & 0xffff) / 0x10000;
  };
}

const [seed = '7', cases = '250'] = process.argv.slice(2);
const root = makeTree();
try {
  const random = seeded(Number(seed));
  const asked = [
    ...BY_HAND.map((rules) => ask(root, { '': rules })),
    ...NESTED.map(([top, folder, below]) => ask(root, { '': top, [folder]: below })),
    ...Array.from({ length: Number(cases) }, () => ask(root, random() < 0.5 ? { '': randomRules(random) } : { '': randomRules(random), a: randomRules(random), 'a/b': randomRules(random) })),
  ];
  process.stdout.write(`${JSON.stringify({ git: execFileSync('git', ['--version'], { encoding: 'utf8' }).trim(), tree: TREE, cases: asked }).replaceAll('{"rules"', '\n{"rules"')}\n`);
} finally {
  rmSync(root, { recursive: true, force: true });
}
