import type { SessionStatus } from '@longhaul/sessions';

import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from '../output/printable.ts';
import { formatAgo } from '../output/quantities.ts';
import type { Printer } from '../output/printer.ts';
import { commandText, durationText, paintState, stateText } from '../output/session-text.ts';
import type { Column } from '../output/table.ts';
import { withHost } from '../with-host.ts';

export const list: CommandModule = {
  usage: '[options]',
  about: 'Foreign sessions, made by hand in tmux, are marked with *. Exits with 5 when tmux could not be asked: what stands in records is listed all the same.',
  examples: [
    { line: 'longhaul list', text: 'all sessions, ended ones too' },
    { line: 'longhaul list --running', text: 'only what runs' },
    { line: 'longhaul list --json', text: 'for programs' },
  ],
  options: [{ flags: '--running', text: 'only sessions that run, or whose state is unknown' }],
  operands: { min: 0, max: 0 },
  run: async (cli, { options }) =>
    await withHost(cli, async (host) => {
      const { sessions, unavailable } = await host.sessions.list();
      const shown = options.has('running') ? sessions.filter(({ state }) => !ENDED.has(state)) : sessions;
      for (const { message, hint } of unavailable) cli.printer.warn(hint === null ? message : `${message}. ${hint}`);
      const data = { sessions: shown, unavailable: unavailable.map((error) => error.toJSON()) };
      cli.printer.result(data, () => text(shown, cli.printer));
      return unavailable.length === 0 ? EXIT.OK : EXIT.UNAVAILABLE;
    }),
};

const ENDED: ReadonlySet<SessionStatus['state']> = new Set(['exited', 'stopped', 'defined']);

function text(sessions: readonly SessionStatus[], printer: Printer): string {
  if (sessions.length > 0) return printer.rows(sessions, columns(printer, Date.now()));
  if (printer.isTerminal) printer.note('no sessions. Start one: longhaul start NAME -- COMMAND ARG…');
  return '';
}

function columns({ colours }: Printer, now: number): readonly Column<SessionStatus>[] {
  return [
    { title: 'NAME', cell: ({ name, managed }) => `${printable(name)}${managed ? '' : '*'}`, priority: 0 },
    { title: 'STATE', cell: stateText, priority: 0, paint: paintState(colours) },
    { title: 'TERMINAL', cell: ({ terminal }) => (terminal === 'none' ? '-' : terminal), priority: 4 },
    { title: 'TIME', cell: (status) => durationText(status, now) || '-', priority: 1, align: 'right' },
    { title: 'SINCE', cell: ({ endedAt, startedAt, createdAt }) => formatAgo(endedAt ?? startedAt ?? createdAt, now) || '-', priority: 2 },
    { title: 'PID', cell: ({ pid }) => (pid === null ? '-' : String(pid)), priority: 5, align: 'right' },
    { title: 'COMMAND', cell: ({ command }) => commandText(command) || '-', priority: 3, fit: 'cut' },
  ];
}
