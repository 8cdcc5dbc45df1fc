import { constants } from 'node:os';

import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from '../output/printable.ts';
import { endText, jobExitCode } from '../output/session-text.ts';
import { durationMs } from '../parse-values.ts';
import { reportReadiness } from '../report-readiness.ts';
import { withHost } from '../with-host.ts';

export const wait: CommandModule = {
  usage: 'NAME [options]',
  about:
    "Exits with the job's own code (128 + n for signal n), 124 after a timeout, 125 when it fails itself or the code is not known. A job that is started again by a policy is waited for until its last attempt has ended. With --for ready: 0 as soon as it is ready, and where it ended before, its code, or 125 if that was 0.",
  examples: [
    { line: 'longhaul wait train && longhaul logs train -n 5', text: 'go on when it has succeeded' },
    { line: 'longhaul wait train --timeout 8h', text: 'but not for ever' },
    { line: 'longhaul wait bot --for ready --timeout 2m', text: 'until it answers, as ready: of longhaul.yaml or --ready said' },
  ],
  options: [
    { flags: '--timeout <TIME>', text: 'give up after this time: 90s, 10m, 8h' },
    { flags: '--for <WHAT>', text: 'what to wait for; exit if not said', choices: ['exit', 'ready'] },
    { flags: '-b, --backend <KIND>', text: 'where several backends have the name', choices: ['tmux', 'container'] },
  ],
  operands: { min: 1, max: 1 },
  run: async (cli, { operands: [name = ''], options }) => {
    const timeout = options.text('timeout');
    const backend = options.text('backend') as 'tmux' | 'container' | null;
    const how = { signal: cli.interrupted, ...(timeout === null ? {} : { timeoutMs: durationMs(timeout, '--timeout') }), ...(backend === null ? {} : { backend }) };
    return await withHost(cli, async (host) => {
      if (options.text('for') === 'ready') return reportReadiness(name, await host.sessions.waitUntilReady(name, how), cli);
      const result = await host.sessions.wait(name, { for: 'exit', ...how });
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
