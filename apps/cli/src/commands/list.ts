import type { MergedListing, SessionStatus } from '@longhaul/sessions';

import type { CommandModule, OptionValues } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from '../output/printable.ts';
import { formatAgo } from '../output/quantities.ts';
import type { Printer } from '../output/printer.ts';
import { commandText, durationText, paintState, stateText } from '../output/session-text.ts';
import type { Column } from '../output/table.ts';
import { stateOption, statesOf } from '../state-option.ts';
import { UsageError } from '../usage-error.ts';
import { withHost } from '../with-host.ts';

export const list: CommandModule = {
  usage: '[options]',
  about:
    'Foreign sessions, made by hand in tmux or an engine, are marked with *. Sessions of longhaul.yaml that nobody has started are `defined`. Exits with 6 when a backend could not be asked: what stands in records is listed all the same.',
  examples: [
    { line: 'longhaul list', text: 'all sessions, ended ones too' },
    { line: 'longhaul list --running', text: 'only what runs' },
    { line: 'longhaul list --state exited --state stopped', text: 'only what has ended' },
    { line: 'longhaul list --foreign', text: 'only what was made by hand' },
    { line: 'longhaul list --json', text: 'for programs' },
  ],
  options: [
    { flags: '-a, --all', text: 'everything, as without options' },
    { flags: '--running', text: 'only sessions that run or are about to, or whose state is unknown' },
    stateOption(),
    { flags: '--managed', text: 'only sessions started by longhaul; an engine that runs none of them is not asked' },
    { flags: '--foreign', text: 'only sessions made by hand' },
  ],
  operands: { min: 0, max: 0 },
  run: async (cli, { options }) => {
    const isWanted = filterOf(options);
    return await withHost(cli, async (host) => {
      const listing = await host.sessions.list(options.has('managed') ? { whose: 'ours' } : {});
      const shown = listing.sessions.filter(isWanted);
      for (const { message, hint } of listing.unavailable) cli.printer.warn(hint === null ? message : `${message}. ${hint}`);
      const data = { sessions: shown, unavailable: listing.unavailable.map((error) => error.toJSON()) };
      cli.printer.result(data, () => text(shown, listing, cli.printer));
      // The records were listed: that is an answer, if not the whole one (design §8).
      return listing.unavailable.length === 0 ? EXIT.OK : EXIT.PROBLEMS;
    });
  },
};

function filterOf(options: OptionValues): (status: SessionStatus) => boolean {
  const states = statesOf(options);
  const [running, foreign, all, ours] = [options.has('running'), options.has('foreign'), options.has('all'), options.has('managed')];
  if (foreign && ours) throw new UsageError('--managed and --foreign leave nothing', 'use one of them');
  if (all && (running || foreign || ours || states !== null)) throw new UsageError('--all leaves nothing out: it goes with no other filter');
  if (running && states !== null) throw new UsageError('--running and --state both say which states are wanted', 'use one of them');
  return ({ state, managed }) => !(running && ENDED.has(state)) && (states === null || states.has(state)) && !(foreign && managed) && (managed || !ours);
}

const ENDED: ReadonlySet<SessionStatus['state']> = new Set(['exited', 'stopped', 'defined']);

function text(shown: readonly SessionStatus[], { sessions, unavailable }: MergedListing, printer: Printer): string {
  if (printer.isTerminal && shown.some(({ managed }) => !managed) && shown.some(({ managed }) => managed)) printer.note('* made by hand; leave them out: longhaul list --managed');
  if (shown.length > 0) return printer.rows(shown, columns(printer, { now: Date.now(), kinds: new Set(sessions.map(({ backend }) => backend)).size }));
  if (printer.isTerminal && unavailable.length === 0) printer.note(sessions.length > 0 ? 'no such sessions. See all: longhaul list' : 'no sessions. Start one: longhaul start NAME -- COMMAND ARG…');
  return '';
}

/** On a terminal the backend is worth its place only where there are two; for programs a column is where it was. */
function columns({ colours, isTerminal }: Printer, { now, kinds }: { readonly now: number; readonly kinds: number }): readonly Column<SessionStatus>[] {
  const backend: Column<SessionStatus> = { title: 'BACKEND', cell: (status) => status.backend, priority: 3 };
  return [
    { title: 'NAME', cell: ({ name, managed }) => `${printable(name)}${managed ? '' : '*'}`, priority: 0 },
    { title: 'STATE', cell: stateText, priority: 0, paint: paintState(colours) },
    { title: 'TERMINAL', cell: ({ terminal }) => (terminal === 'none' ? '-' : terminal), priority: 4 },
    { title: 'TIME', cell: (status) => durationText(status, now) || '-', priority: 1, align: 'right' },
    { title: 'SINCE', cell: ({ endedAt, startedAt, createdAt }) => formatAgo(endedAt ?? startedAt ?? createdAt, now) || '-', priority: 2 },
    { title: 'PID', cell: ({ pid }) => (pid === null ? '-' : String(pid)), priority: 5, align: 'right' },
    { title: 'COMMAND', cell: ({ command, image }) => commandText(command) || (image === null ? '-' : printable(image)), priority: 3, fit: 'cut' },
    ...(!isTerminal || kinds > 1 ? [backend] : []),
  ];
}
