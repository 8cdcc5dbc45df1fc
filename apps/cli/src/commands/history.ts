import type { SessionStatus } from '@longhaul/sessions';

import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from '../output/printable.ts';
import { durationText, paintState, stateText } from '../output/session-text.ts';
import { wholeNumber } from '../parse-values.ts';
import { withHost } from '../with-host.ts';

export const history: CommandModule = {
  usage: '[NAME] [options]',
  about: 'Newest first. Runs stay until retention drops them, those of removed sessions too; see retention in longhaul.yaml.',
  examples: [
    { line: 'longhaul history', text: 'the last runs of all sessions' },
    { line: 'longhaul history train -n 0', text: 'every run of one session' },
    { line: 'longhaul history train --json', text: 'for programs' },
  ],
  options: [{ flags: '-n, --limit <N>', text: 'at most so many; 0 for all (50 if not said)' }],
  operands: { min: 0, max: 1 },
  run: async (cli, { operands: [name], options }) => {
    const limit = wholeNumber(options.text('limit') ?? '50', '--limit');
    return await withHost(cli, async (host) => {
      const runs = await host.sessions.history({ ...(name === undefined ? {} : { session: name }), ...(limit === 0 ? {} : { limit }) });
      const now = Date.now();
      cli.printer.result({ runs }, () =>
        cli.printer.rows<SessionStatus>(runs, [
          { title: 'RUN', cell: ({ runId }) => runId ?? '-', priority: 1 },
          { title: 'SESSION', cell: (run) => printable(run.name), priority: 0 },
          { title: 'STATE', cell: stateText, priority: 0, paint: paintState(cli.printer.colours) },
          { title: 'CODE', cell: ({ exitCode }) => (exitCode === null ? '-' : String(exitCode)), priority: 1, align: 'right' },
          { title: 'STARTED', cell: ({ startedAt, createdAt }) => startedAt ?? createdAt ?? '-', priority: 3 },
          { title: 'TOOK', cell: (run) => durationText(run, now) || '-', priority: 2, align: 'right' },
          { title: 'STOPPED BY', cell: ({ stoppedBy }) => (stoppedBy === null ? '-' : printable(stoppedBy.who)), priority: 4, fit: 'cut' },
        ]),
      );
      return EXIT.OK;
    });
  },
};
