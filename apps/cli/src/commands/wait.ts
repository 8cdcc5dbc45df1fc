import { constants } from 'node:os';

import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from '../output/printable.ts';
import { endText, jobExitCode } from '../output/session-text.ts';
import { durationMs } from '../parse-values.ts';
import { withHost } from '../with-host.ts';

export const wait: CommandModule = {
  usage: 'NAME [options]',
  about: "Exits with the job's own code (128 + n for signal n), 124 after a timeout, 125 when it fails itself or the code is not known.",
  examples: [
    { line: 'longhaul wait train && longhaul logs train -n 5', text: 'go on when it has succeeded' },
    { line: 'longhaul wait train --timeout 8h', text: 'but not for ever' },
  ],
  options: [
    { flags: '--timeout <TIME>', text: 'give up after this time: 90s, 10m, 8h' },
    { flags: '--for <WHAT>', text: 'what to wait for', choices: ['exit'] },
    { flags: '-b, --backend <KIND>', text: 'where several backends have the name', choices: ['tmux', 'container'] },
  ],
  operands: { min: 1, max: 1 },
  run: async (cli, { operands: [name = ''], options }) => {
    const timeout = options.text('timeout');
    const backend = options.text('backend') as 'tmux' | 'container' | null;
    return await withHost(cli, async (host) => {
      const result = await host.sessions.wait(name, {
        for: 'exit',
        signal: cli.interrupted,
        ...(timeout === null ? {} : { timeoutMs: durationMs(timeout, '--timeout') }),
        ...(backend === null ? {} : { backend }),
      });
      if (result.outcome === 'timedOut') {
        cli.printer.note(`${printable(name)} has not ended within ${timeout ?? 'that time'}`);
        cli.printer.result({ outcome: 'timedOut', session: null }, () => '');
        return EXIT.TIMEOUT;
      }
      cli.printer.note(`${printable(name)}: ${endText(result.status)}`);
      cli.printer.result({ outcome: 'exited', session: result.status }, () => '');
      return jobExitCode(result.status, constants.signals) ?? EXIT.OWN_FAILURE;
    });
  },
};
