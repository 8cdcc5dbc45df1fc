import type { Host } from '@longhaul/host';
import type { HistoryFilter, LogLoss, SessionStatus } from '@longhaul/sessions';
import { lossesOf } from '@longhaul/sessions';

import type { CommandModule, OptionValues } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from '../output/printable.ts';
import type { Printer } from '../output/printer.ts';
import { durationText, paintState, stateText } from '../output/session-text.ts';
import type { Column } from '../output/table.ts';
import { moment, wholeNumber } from '../parse-values.ts';
import { stateOption, statesOf } from '../state-option.ts';
import { withHost } from '../with-host.ts';

export const history: CommandModule = {
  usage: '[NAME] [options]',
  about: 'Newest first. Runs stay until retention drops them, those of removed sessions too; see retention in longhaul.yaml. `gaps` under LOG: some of what it printed may be missing; longhaul logs NAME --run ID says where and why.',
  examples: [
    { line: 'longhaul history', text: 'the last runs of all sessions' },
    { line: 'longhaul history train -n 0', text: 'every run of one session' },
    { line: 'longhaul history --exit-code nonzero --since 24h', text: 'what went wrong since yesterday' },
    { line: 'longhaul history train --json', text: 'for programs' },
  ],
  options: [
    { flags: '-n, --limit <N>', text: 'at most so many; 0 for all (50 if not said)' },
    stateOption(['running', 'paused', 'restarting', 'stopped', 'exited', 'unknown']),
    { flags: '--exit-code <N>', text: 'only runs that ended with this code; nonzero: in any way but with 0' },
    { flags: '--since <TIME>', text: 'only runs that went on then or later: 2h, 7d or 2026-11-22' },
  ],
  operands: { min: 0, max: 1 },
  run: async (cli, { operands: [name], options }) => {
    const filter = filterOf(options, name);
    return await withHost(cli, async (host) => {
      const runs = await Promise.all((await host.sessions.history(filter)).map(async (status) => await withLosses(status, host)));
      cli.printer.result({ runs }, () => cli.printer.rows(runs, columns(cli.printer, Date.now())));
      return EXIT.OK;
    });
  },
};

/** A run, and what never came into its log, or may not have; empty as a rule. */
type Past = SessionStatus & { readonly losses: readonly LogLoss[] };

async function withLosses(status: SessionStatus, { runs }: Host): Promise<Past> {
  const run = status.runId === null ? null : await runs.find(status.runId);
  return { ...status, losses: run === null ? [] : lossesOf(run) };
}

function filterOf(options: OptionValues, session: string | undefined): HistoryFilter {
  const limit = wholeNumber(options.text('limit') ?? '50', '--limit');
  const states = statesOf(options);
  const code = options.text('exitCode');
  const since = options.text('since');
  return {
    ...(session === undefined ? {} : { session }),
    ...(limit === 0 ? {} : { limit }),
    ...(states === null ? {} : { states }),
    ...(code === null ? {} : { exitCode: code === 'nonzero' ? code : wholeNumber(code, '--exit-code') }),
    ...(since === null ? {} : { since: moment(since, '--since', Date.now()) }),
  };
}

function columns({ colours }: Printer, now: number): readonly Column<Past>[] {
  return [
    { title: 'RUN', cell: ({ runId }) => runId ?? '-', priority: 1 },
    { title: 'SESSION', cell: (run) => printable(run.name), priority: 0 },
    { title: 'STATE', cell: stateText, priority: 0, paint: paintState(colours) },
    { title: 'CODE', cell: ({ exitCode }) => (exitCode === null ? '-' : String(exitCode)), priority: 1, align: 'right' },
    { title: 'STARTED', cell: ({ startedAt, createdAt }) => startedAt ?? createdAt ?? '-', priority: 3 },
    { title: 'TOOK', cell: (run) => durationText(run, now) || '-', priority: 2, align: 'right' },
    { title: 'STOPPED BY', cell: ({ stoppedBy }) => (stoppedBy === null ? '-' : printable(stoppedBy.who)), priority: 5, fit: 'cut' },
    { title: 'ATTEMPT', cell: ({ attempt }) => String(attempt), priority: 4, align: 'right' },
    { title: 'LOG', cell: ({ losses }) => (losses.length === 0 ? '-' : 'gaps'), priority: 4 },
  ];
}
