import { count } from '@longhaul/errors';
import type { DoctorRow, DoctorState } from '@longhaul/host';
import { runDoctor } from '@longhaul/host';

import type { Cli } from '../cli-context.ts';
import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import type { Colours } from '../output/colours.ts';
import { printableMessage } from '../output/printable.ts';
import type { Printer } from '../output/printer.ts';
import { ownProgram } from '../own-program.ts';

export const doctor: CommandModule = {
  usage: '[options]',
  about: 'Looks at programs, containers, logout, locale, paths, limits and the state directory, and changes nothing. Exits with 6 when there is a problem; warnings and what could not be found out are no problems.',
  examples: [
    { line: 'longhaul doctor', text: 'what would keep jobs from working, or from surviving, and what helps' },
    { line: 'longhaul doctor --quiet', text: 'only what is not as it should be' },
    { line: 'longhaul doctor --json', text: 'for programs: rows of { check, state, found, fix }' },
  ],
  options: [{ flags: '-q, --quiet', text: 'only warnings, problems and what is unknown' }],
  operands: { min: 0, max: 0 },
  run: async (cli, { options }) => {
    const { configFile, cwd, env, printer, stateDir, tmuxSocket } = cli;
    const rows = await runDoctor({ cwd, env, configFile, stateDir, flags: { 'tmux.socket': tmuxSocket }, program: ownProgram() });
    const shown = options.has('quiet') ? rows.filter(({ state }) => state !== 'ok') : rows;
    const counts = countsOf(rows);
    printer.result({ rows: shown, ...counts }, () => text(shown, printer));
    summarize(counts, cli);
    return counts.problems > 0 ? EXIT.PROBLEMS : EXIT.OK;
  },
};

interface Counts {
  readonly problems: number;
  readonly warnings: number;
  readonly unknown: number;
}

function countsOf(rows: readonly DoctorRow[]): Counts {
  const of = (state: DoctorState): number => rows.filter((row) => row.state === state).length;
  return { problems: of('problem'), warnings: of('warning'), unknown: of('unknown') };
}

function summarize({ problems, warnings, unknown }: Counts, { printer }: Cli): void {
  if (!printer.isTerminal || printer.format === 'json') return;
  const parts = [count(problems, 'problem'), count(warnings, 'warning'), ...(unknown === 0 ? [] : [`${String(unknown)} not known`])];
  printer.note(problems + warnings + unknown === 0 ? 'everything is as it should be' : parts.join(', '));
}

/** On a terminal the fix stands below its row, where it can be copied; elsewhere a row is one line. */
function text(rows: readonly DoctorRow[], printer: Printer): string {
  if (!printer.isTerminal) return rows.map(({ state, check, found, fix }) => `${[state, check, oneLine(found), fix === null ? '-' : oneLine(fix)].join('\t')}\n`).join('');
  const width = Math.max(...rows.map(({ check }) => check.length));
  return rows.map((row) => rowText(row, width, printer.colours)).join('');
}

function rowText({ state, check, found, fix }: DoctorRow, width: number, colours: Colours): string {
  const line = `${PAINTS[state](colours)(state.padEnd(8))} ${check.padEnd(width)}  ${oneLine(found)}\n`;
  return fix === null ? line : `${line}${' '.repeat(11 + width)}${colours.bold('fix:')} ${oneLine(fix)}\n`;
}

const PAINTS: Readonly<Record<DoctorState, (colours: Colours) => (text: string) => string>> = {
  ok: ({ good }) => good,
  warning: ({ waiting }) => waiting,
  problem: ({ bad }) => bad,
  unknown: ({ waiting }) => waiting,
};

function oneLine(message: string): string {
  return printableMessage(message).replaceAll('\n', ' ');
}
