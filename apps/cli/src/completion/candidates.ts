import { GLOBAL_OPTIONS, splitArgv } from '../argv.ts';
import type { CommandModule, CommandOption } from '../command-module.ts';
import { COMMANDS, findCommand, isGroup } from '../command-table.ts';

/** Names that a command line may end with; asked for only where they fit. */
export interface NameSource {
  /** Sessions that have a record. */
  readonly sessions: () => readonly string[];
  /** Sessions and destinations of the configuration. */
  readonly defined: () => Promise<readonly string[]>;
  readonly destinations: () => Promise<readonly string[]>;
}

/**
 * What the last of these words may become. `words` are those after `longhaul`, the last one being typed. Empty where only a
 * file or the job's own command can follow: the shell knows about those.
 */
export async function candidates(words: readonly string[], names: NameSource): Promise<readonly string[]> {
  const current = words.at(-1) ?? '';
  const before = words.slice(0, -1);
  if (before.includes('--')) return [];
  const all = await following(before, { current, names });
  return [...new Set(all)].filter((candidate) => candidate.startsWith(current));
}

interface Typing {
  readonly current: string;
  readonly names: NameSource;
}

async function following(before: readonly string[], { current, names }: Typing): Promise<readonly string[]> {
  const { words } = splitArgv(before);
  const match = findCommand(words);
  const [first] = words;
  if (match === null) return first === undefined ? firstWords(current) : isGroup(first) && words.length === 1 ? secondWords(first) : [];
  const { module } = await match.entry.load();
  const previous = before.at(-1) ?? '';
  const pending = optionOf(module, previous);
  if (pending !== null && takesValue(pending)) return await valuesOf(pending, names);
  if (current.startsWith('-')) return [...(module.options ?? []).flatMap(({ flags }) => flagsOf(flags)), ...GLOBAL_OPTIONS.flatMap(({ flags }) => flags), '--help'];
  if (isValueOfGlobal(previous) || !/^\[?NAME/.test(module.usage)) return [];
  return match.entry.path === 'start' || match.entry.path === 'run' ? await names.defined() : names.sessions();
}

/** Commands, and the groups of those of two words. */
function firstWords(current: string): readonly string[] {
  if (current.startsWith('-')) return [...GLOBAL_OPTIONS.flatMap(({ flags }) => flags), '--help', '--version'];
  return [...COMMANDS.filter(({ group }) => group !== 'hidden').flatMap(({ path, aliases = [] }) => [path, ...aliases].map((name) => name.split(' ')[0] ?? '')), 'help'];
}

function secondWords(first: string): readonly string[] {
  return COMMANDS.flatMap(({ path, aliases = [] }) => [path, ...aliases]).flatMap((name) => {
    const [group, word] = name.split(' ');
    return group === first && word !== undefined ? [word] : [];
  });
}

function optionOf({ options = [] }: CommandModule, word: string): CommandOption | null {
  return options.find(({ flags }) => flagsOf(flags).includes(word)) ?? null;
}

/** `-n, --lines <N>` is -n and --lines. */
function flagsOf(flags: string): readonly string[] {
  return flags.split(/[<[]/)[0]?.match(/-{1,2}[\w-]+/g) ?? [];
}

function takesValue({ flags }: CommandOption): boolean {
  return flags.includes('<');
}

async function valuesOf({ flags, choices }: CommandOption, names: NameSource): Promise<readonly string[]> {
  if (choices !== undefined) return choices;
  return flagsOf(flags).includes('--to') ? await names.destinations() : [];
}

function isValueOfGlobal(word: string): boolean {
  return GLOBAL_OPTIONS.some(({ flags, value }) => value !== null && flags.includes(word));
}
