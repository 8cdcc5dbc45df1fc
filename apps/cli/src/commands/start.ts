import type { SessionStatus } from '@longhaul/sessions';

import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { explainStart } from '../interrupted-start.ts';
import { printable } from '../output/printable.ts';
import { endText, stateText } from '../output/session-text.ts';
import { durationMs } from '../parse-values.ts';
import { reportReadiness } from '../report-readiness.ts';
import { withHost } from '../with-host.ts';
import { START_OPTIONS, startInput } from './start-options.ts';

export const start: CommandModule = {
  usage: 'NAME [options] [-- COMMAND ARG…]',
  about: 'The command is run as it is, without a shell, with your environment, folder and umask. Without one, sessions.NAME of longhaul.yaml says what to run.',
  examples: [
    { line: 'longhaul start train -- python train.py --epochs 90', text: 'a job that outlives this terminal, and tmux itself' },
    { line: 'longhaul start train', text: 'the session "train" of longhaul.yaml' },
    { line: 'longhaul start train -e API_TOKEN --env-file secrets.env -- ./train.sh', text: 'secrets, which appear in no argument list and no log' },
    { line: 'longhaul start train -o results --to nas -- python train.py', text: 'when it ends, results are sent to "nas" and proven there' },
    { line: 'longhaul start bot --image bot:1.4 -v ./data:/app/data --restart on-failure --ready http://localhost:8080/health -p 8080:80', text: 'a container that comes back when it crashes' },
    { line: "longhaul start build -- sh -c 'make && make test'", text: 'a shell, where you want one' },
  ],
  options: [...START_OPTIONS, { flags: '--wait-ready <TIME>', text: 'come back when it is ready, or after this time with exit code 124: 30s, 5m' }],
  takesCommand: 'yes',
  operands: { min: 1, max: 1 },
  run: async (cli, call) =>
    await withHost(cli, async (host) => {
      const wait = call.options.text('waitReady');
      const timeoutMs = wait === null ? null : durationMs(wait, '--wait-ready');
      const input = startInput(call);
      explainStart(cli, { name: input.name, runs: host.runs, nothing: 'nothing was started' });
      const { status, warnings } = await host.start(input);
      for (const warning of warnings) cli.printer.warn(warning);
      if (timeoutMs !== null) return reportReadiness(status.name, await host.sessions.waitUntilReady(status.name, { timeoutMs, signal: cli.interrupted }), cli);
      cli.printer.result(status, () => `${printable(status.name)}  ${stateText(status)}${status.endedAt === null ? '' : `: ${endText(status)}`}\n`);
      if (cli.printer.isTerminal && status.state === 'running') cli.printer.note(comeBackText(status));
      return EXIT.OK;
    }, 'outputs'),
};

/** A container without a terminal has nothing that one could attach to. */
export function comeBackText({ name, terminal }: Pick<SessionStatus, 'name' | 'terminal'>): string {
  return `follow it: longhaul logs ${name} -f    ${terminal === 'none' ? `end it: longhaul stop ${name}` : `come back: longhaul attach ${name}`}`;
}
