import type { OutputState } from '@longhaul/host';
import type { SessionStatus } from '@longhaul/sessions';

import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from '../output/printable.ts';
import type { Printer } from '../output/printer.ts';
import { formatAgo } from '../output/quantities.ts';
import { commandText, durationText, endText, paintState, stateText } from '../output/session-text.ts';
import { jobText } from '../output/job-text.ts';
import { withHost } from '../with-host.ts';

export const status: CommandModule = {
  usage: 'NAME [options]',
  about: 'Exits with 0 whatever the state is; with 6 when an output of the last run is not safe and needs you.',
  examples: [
    { line: 'longhaul status train', text: 'what it does, how it ended, where its outputs are' },
    { line: 'longhaul status train --json', text: 'for programs' },
  ],
  options: [{ flags: '-b, --backend <KIND>', text: 'where several backends have the name', choices: ['tmux', 'container'] }],
  operands: { min: 1, max: 1 },
  run: async (cli, { operands: [name = ''], options }) =>
    await withHost(cli, async (host) => {
      const backend = options.text('backend') as 'tmux' | 'container' | null;
      const session = await host.sessions.status(name, backend === null ? {} : { backend });
      const outputs = await host.outputsOf(session);
      cli.printer.result({ session, outputs }, () => text(session, outputs, cli.printer));
      return outputs.some(needsHelp) ? EXIT.PROBLEMS : EXIT.OK;
    }),
};

function needsHelp({ problem, job }: OutputState): boolean {
  return problem !== null || job?.state === 'FAILED';
}

function text(session: SessionStatus, outputs: readonly OutputState[], printer: Printer): string {
  const now = Date.now();
  const { bold } = printer.colours;
  const lines: [string, string][] = [
    ['state', [paintState(printer.colours)(stateText(session), session), terminalText(session)].filter((part) => part !== '').join(', ')],
    ['why', session.state === 'unknown' ? printable(session.unknownReason ?? 'it cannot be asked') : endText(session)],
    ['started', session.startedAt === null ? '' : `${session.startedAt} (${formatAgo(session.startedAt, now)})`],
    ['ended', session.endedAt === null ? '' : `${session.endedAt} (${formatAgo(session.endedAt, now)})`],
    ['took', durationText(session, now)],
    ['command', commandText(session.command)],
    ['folder', session.workingDir === null ? '' : printable(session.workingDir)],
    ['pid', session.pid === null ? '' : String(session.pid)],
    ['run', session.runId ?? ''],
    ...outputs.map((output): [string, string] => ['output', outputText(output, printer)]),
  ];
  const shown = lines.filter(([, value]) => value !== '').map(([label, value]) => `  ${label.padEnd(8)} ${value}\n`);
  return `${bold(printable(session.name))}${session.managed ? '' : ' (foreign: made by hand, no record)'}\n${shown.join('')}`;
}

function terminalText({ terminal, attachedClients }: SessionStatus): string {
  switch (terminal) {
    case 'attached':
      return `${String(attachedClients)} looking on`;
    case 'lost':
      return 'its terminal is lost: it goes on, readable by its log only';
    case 'detached':
    case 'none':
    case 'unknown':
      return '';
  }
}

function outputText({ path, destination, job, problem }: OutputState, printer: Printer): string {
  const where = `${printable(path)} -> ${printable(destination)}`;
  if (problem !== null) return `${where}  ${printer.colours.bad('not sent')}: ${printable(problem)}`;
  return `${where}  ${job === null ? 'sent when the run has ended' : jobText(job, printer.colours)}`;
}
