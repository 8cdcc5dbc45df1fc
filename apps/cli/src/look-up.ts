import { splitArgv } from './argv.ts';
import type { CommandEntry } from './command-table.ts';
import { COMMANDS, findCommand, isGroup } from './command-table.ts';
import { UsageError } from './usage-error.ts';

/** What a command line names: a command with its arguments, or a page of help. */
export type LookedUp =
  | { readonly kind: 'command'; readonly entry: CommandEntry; readonly argv: readonly string[]; readonly command: readonly string[] | null }
  /** `word`: the group of commands, or null for the overview. */
  | { readonly kind: 'help'; readonly word: string | null };

/** @throws UsageError for a command that does not exist */
export async function lookUp(argv: readonly string[]): Promise<LookedUp> {
  const { words, rest, command } = splitArgv(argv);
  const [first, second] = words;
  if (first === undefined) return withoutWords(argv);
  if (first === 'help') return await helpFor(rest.filter((word) => !word.startsWith('-')));
  const named = commandOf(words, rest, command);
  if (named !== null) return named;
  if (isGroup(first) && second === undefined) return { kind: 'help', word: first };
  throw await unknownCommand(isGroup(first) ? `${first} ${second ?? ''}` : first);
}

function withoutWords(argv: readonly string[]): LookedUp {
  const version = argv.includes('--version') || argv.includes('-V') ? commandOf(['version'], argv.filter((word) => word !== '--version' && word !== '-V'), null) : null;
  if (version !== null) return version;
  if (argv.length === 0 || argv.includes('--help') || argv.includes('-h')) return { kind: 'help', word: null };
  throw new UsageError('no command is given', 'see longhaul --help');
}

async function helpFor(words: readonly string[]): Promise<LookedUp> {
  const [first] = words;
  if (first === undefined) return { kind: 'help', word: null };
  const match = findCommand(words);
  if (match !== null) return { kind: 'command', entry: match.entry, argv: ['--help'], command: null };
  if (isGroup(first)) return { kind: 'help', word: first };
  throw await unknownCommand(words.join(' '));
}

function commandOf(words: readonly string[], rest: readonly string[], command: readonly string[] | null): LookedUp | null {
  const match = findCommand(words);
  if (match === null) return null;
  const second = match.words === 2 ? rest.indexOf(words[1] ?? '') : -1;
  return { kind: 'command', entry: match.entry, argv: second === -1 ? rest : rest.filter((_, index) => index !== second), command };
}

async function unknownCommand(path: string): Promise<UsageError> {
  const { didYouMean } = await import('./other-commands.ts');
  const names = COMMANDS.filter(({ group }) => group !== 'hidden').flatMap((entry) => [entry.path, ...(entry.aliases ?? [])]);
  const meant = didYouMean(path, names) ?? didYouMean(path.split(' ')[0] ?? '', [...new Set(names.map((name) => name.split(' ')[0] ?? ''))]);
  return new UsageError(`there is no command "${path}"`, meant === null ? 'see longhaul --help' : `did you mean longhaul ${meant}?`);
}
