import { readFileSync } from 'node:fs';

import { UsageError } from './usage-error.ts';

/** Options that every command takes, before or after its name, and whether a value follows. */
export const GLOBAL_OPTIONS: readonly { readonly flags: readonly string[]; readonly value: string | null; readonly text: string }[] = [
  { flags: ['--json'], value: null, text: 'write JSON: { schemaVersion, data, warnings }; streams as one object per line' },
  { flags: ['--config'], value: 'FILE', text: 'use this longhaul.yaml' },
  { flags: ['--state-dir'], value: 'DIR', text: 'use this state directory' },
  { flags: ['--tmux-socket'], value: 'NAME|PATH', text: 'use this tmux socket' },
  { flags: ['--no-color'], value: null, text: 'no colours' },
];

/** A command line, taken apart as far as it can be without knowing the command. */
export interface SplitArgv {
  /** The words that may name a command, at most two: `sync`, `push`. */
  readonly words: readonly string[];
  /** Everything before `--` without the first word. */
  readonly rest: readonly string[];
  /** What stands after `--`: a command, run as it is. null where there is no `--`. */
  readonly command: readonly string[] | null;
}

/** Finds the command's name among global options, and sets apart what follows `--`. */
export function splitArgv(argv: readonly string[]): SplitArgv {
  const dashes = argv.indexOf('--');
  const before = dashes === -1 ? argv : argv.slice(0, dashes);
  const command = dashes === -1 ? null : argv.slice(dashes + 1);
  const first = findWord(before, 0);
  if (first === -1) return { words: [], rest: before, command };
  const second = findWord(before, first + 1);
  const words = [before[first], second === -1 ? undefined : before[second]].filter((word) => word !== undefined);
  return { words, rest: before.filter((_, index) => index !== first), command };
}

/** The index of the first argument that is neither an option nor the value of a global one. */
function findWord(argv: readonly string[], from: number): number {
  for (let index = from; index < argv.length; index++) {
    const argument = argv[index] ?? '';
    if (GLOBAL_OPTIONS.some(({ flags, value }) => value !== null && flags.includes(argument))) index += 1;
    else if (!argument.startsWith('-')) return index;
  }
  return -1;
}

/**
 * Node decodes arguments as UTF-8 and puts U+FFFD in place of what is none: a file name would silently become another one.
 *
 * @throws UsageError for an argument that is not UTF-8
 */
export function refuseMangledArguments(argv: readonly string[]): void {
  if (!argv.some((argument) => argument.includes('\u{fffd}'))) return;
  const mangled = rawArguments().findIndex((bytes) => !isUtf8(bytes));
  if (mangled === -1) return;
  throw new UsageError('an argument is not UTF-8, and would reach the job as other bytes', 'put the command into a script, or use a path that is UTF-8 (a symlink will do)');
}

function rawArguments(): readonly Buffer[] {
  try {
    const all = readFileSync('/proc/self/cmdline');
    const parts: Buffer[] = [];
    for (let start = 0; start < all.length; ) {
      const end = all.indexOf(0, start);
      parts.push(all.subarray(start, end === -1 ? all.length : end));
      start = end === -1 ? all.length : end + 1;
    }
    return parts;
  } catch {
    // No /proc: such a system does not tell, and file names there are UTF-8 (macOS).
    return [];
  }
}

function isUtf8(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);
}
