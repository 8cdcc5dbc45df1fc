import { GLOBAL_OPTIONS } from './argv.ts';
import type { CommandEntry } from './command-table.ts';
import { COMMANDS } from './command-table.ts';

const GROUPS = ['Sessions', 'Sync', 'More'] as const;

/** The help of the whole program. Made from the table alone: no command and no parser is loaded (design §8: ≤ 2 × a bare node). */
export function overview(): string {
  return `Long jobs in durable sessions, their results proven at the destination.

Usage: longhaul COMMAND [options]

${EXAMPLES}
${GROUPS.map((group) => section(group, COMMANDS.filter((entry) => entry.group === group))).join('\n')}
Options of every command:
${GLOBAL_OPTIONS.map(({ flags, value, text }) => row([...flags, ...(value === null ? [] : [value])].join(' '), text)).join('')}
longhaul COMMAND --help explains a command with examples.
Exit codes: 0 ok · 1 failed · 2 usage · 3 not found · 4 exists, ambiguous or conflict · 5 backend or program not
available · 6 finished with problems · 130 interrupted. run, wait and exec pass on the job's or program's own code
(128 + n for signal n); their own failure is 125, a timeout 124.
`;
}

/** The help of `sync` or `config`. */
export function groupOverview(word: string): string {
  const entries = COMMANDS.filter(({ path }) => path.startsWith(`${word} `));
  return `Usage: longhaul ${word} COMMAND [options]\n\n${section('Commands', entries)}\nlonghaul ${word} COMMAND --help explains one with examples.\n`;
}

const EXAMPLES = `Examples:
  $ longhaul start train -- python train.py     start a job that outlives this terminal
  $ longhaul logs train -f                      follow it
  $ longhaul list                               what runs, what ended and how
  $ longhaul sync push results --to nas --wait  send a folder, proven by hash at the other end
`;

function section(title: string, entries: readonly CommandEntry[]): string {
  return `${title}:\n${entries.map(({ path, aliases, summary }) => row([path, ...(aliases ?? [])].join(', '), summary)).join('')}`;
}

function row(left: string, right: string): string {
  return `  ${left.padEnd(24)}  ${right}\n`;
}
