import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { explainStart } from '../interrupted-start.ts';
import { printable } from '../output/printable.ts';
import { endText, stateText } from '../output/session-text.ts';
import { withHost } from '../with-host.ts';
import { STOP_OPTIONS, stopPolicyOf } from './stop.ts';

export const restart: CommandModule = {
  usage: 'NAME [options]',
  about: 'Ends the job as stop does, where it goes on, and starts it again with the command, folder and environment of its last start, not with yours. To start it with others: longhaul stop NAME, then longhaul start NAME.',
  examples: [
    { line: 'longhaul restart bot', text: 'the same job anew, in a run of its own' },
    { line: 'longhaul restart bot --force', text: 'without asking the old one' },
  ],
  options: STOP_OPTIONS,
  operands: { min: 1, max: 1 },
  run: async (cli, { operands: [name = ''], options }) => {
    const policy = stopPolicyOf(options);
    const backend = options.text('backend') as 'tmux' | 'container' | null;
    return await withHost(cli, async (host) => {
      explainStart(cli, { name, runs: host.runs, nothing: `${printable(name)} was not started again. What became of it: longhaul status ${printable(name)}` });
      const status = await host.sessions.restart(name, host.stopPolicy(name, policy), backend === null ? {} : { backend });
      cli.printer.result(status, () => `${printable(status.name)}  ${stateText(status)}${status.endedAt === null ? '' : `: ${endText(status)}`}\n`);
      return EXIT.OK;
    });
  },
};
