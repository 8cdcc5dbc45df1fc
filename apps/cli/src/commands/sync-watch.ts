import { count } from '@longhaul/errors';
import type { WatchedFolder, WatchedState, WatchedTop } from '@longhaul/host';

import type { Cli } from '../cli-context.ts';
import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from '../output/printable.ts';
import { formatAgo, formatBytes } from '../output/quantities.ts';
import { withHost } from '../with-host.ts';

const STATES: readonly WatchedState[] = ['settling', 'restless', 'waiting', 'queued', 'sent', 'failed', 'held', 'problem', 'gone', 'ignored'];

export const syncWatch: CommandModule = {
  usage: '[options]',
  about:
    'What stands under watch: in longhaul.yaml. Each new subfolder of such a folder is sent when it has been left alone for the settling time, and has its sentinel if one is asked for. longhaul serve does it, or longhaul sync work --watch. What was sent and has nothing new is only counted without --all.',
  examples: [
    { line: 'longhaul sync watch', text: 'what is not sent yet, and why' },
    { line: 'longhaul sync watch --all', text: 'every folder' },
    { line: 'longhaul sync watch --state restless --state problem', text: 'what needs a look' },
  ],
  options: [
    { flags: '--all', text: 'also what was sent, and what is left out' },
    { flags: '--state <STATE>', text: 'only those in this state; may be repeated', repeat: 'yes', choices: STATES },
  ],
  operands: { min: 0, max: 0 },
  run: async (cli, { options }) =>
    await withHost(cli, async (host) => {
      const { watcher, watched } = await (await host.sync()).watched();
      const asked = options.list('state');
      const wanted = ({ state }: WatchedFolder): boolean => (asked.length > 0 ? asked.includes(state) : options.has('all') || !DONE.has(state));
      const shown = watched.map((top) => ({ ...top, counts: countsOf(top), folders: top.folders.filter(wanted) }));
      cli.printer.result({ watcher, watched: shown }, () => shown.map((top) => topText(top, cli)).join(''));
      if (watched.length === 0) cli.printer.note('no folder is watched. Add one to longhaul.yaml: watch: [{ path: /data/scans, to: nas }]');
      else if (watcher === 'none') cli.printer.note('nobody watches now: longhaul serve, or longhaul sync work --watch');
      return watched.every(({ problem }) => problem === null) ? EXIT.OK : EXIT.PROBLEMS;
    }),
};

const DONE: ReadonlySet<WatchedState> = new Set(['sent', 'ignored']);

type Counts = Readonly<Partial<Record<WatchedState, number>>>;

function countsOf({ folders }: WatchedTop): Counts {
  const counts: Partial<Record<WatchedState, number>> = {};
  for (const { state } of folders) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

function topText({ path, settings, lookedAt, problem, files, folders, counts }: WatchedTop & { readonly counts: Counts }, { printer }: Cli): string {
  const now = Date.now();
  const standing = STATES.flatMap((state) => (counts[state] === undefined ? [] : [`${String(counts[state])} ${state}`])).join(', ');
  const head = `${printer.colours.bold(printable(path))} -> ${printable(settings.to.join(', '))}  ${lookedAt === null ? 'not looked at yet' : standing === '' ? 'no folders' : standing}\n`;
  const trouble = problem === null ? '' : `  ${printer.colours.bad(printable(problem))}\n`;
  const beside = files === 0 ? '' : `  ${String(files)} ${files === 1 ? 'file lies' : 'files lie'} beside the folders and ${files === 1 ? 'is' : 'are'} not sent\n`;
  const rows = printer.rows<WatchedFolder>(folders, [
    { title: 'FOLDER', cell: ({ name }) => printable(name), priority: 0, fit: 'cut' },
    { title: 'STATE', cell: ({ state }) => state, priority: 0, paint: (text, { state }) => (BAD.has(state) ? printer.colours.bad(text) : text) },
    { title: 'SIZE', cell: ({ files, bytes }) => (files === 0 ? '-' : `${count(files, 'file')}, ${formatBytes(bytes)}`), priority: 3 },
    { title: 'SINCE', cell: ({ since }) => (since === null ? '-' : formatAgo(since, now)), priority: 2 },
    { title: 'REASON', cell: ({ reason, hint }) => printable(hint === null ? reason : `${reason} (${hint})`), priority: 1, fit: 'cut' },
  ]);
  return `${head}${trouble}${beside}${folders.length === 0 ? '' : rows}`;
}

const BAD: ReadonlySet<WatchedState> = new Set(['restless', 'failed', 'held', 'problem', 'gone']);
