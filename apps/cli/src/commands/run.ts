import { constants } from 'node:os';

import type { Host } from '@longhaul/host';
import type { SessionLogEvent, SessionStatus } from '@longhaul/sessions';
import { formatCursor } from '@longhaul/sessions';

import type { Cli } from '../cli-context.ts';
import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { explainStart } from '../interrupted-start.ts';
import { printable } from '../output/printable.ts';
import { endText, jobExitCode } from '../output/session-text.ts';
import { withHost } from '../with-host.ts';
import { writeLog } from './logs.ts';
import { START_OPTIONS, startInput } from './start-options.ts';

export const run: CommandModule = {
  usage: 'NAME [options] [-- COMMAND ARG…]',
  about:
    "Like start, then follows the log and exits with the job's own code (128 + n for signal n). Ctrl-C leaves the job running and says how to come back: exit code 0. Its own failure is 125.",
  examples: [
    { line: 'longhaul run train -- python train.py', text: 'look on while it works; Ctrl-C only stops looking' },
    { line: "longhaul run check -- sh -c 'exit 3'; echo $?", text: 'prints 3' },
  ],
  options: [...START_OPTIONS, { flags: '--plain', text: 'without terminal control sequences' }],
  takesCommand: 'yes',
  operands: { min: 1, max: 1 },
  run: async (cli, call) =>
    await withHost(cli, async (host) => {
      const input = startInput(call);
      explainStart(cli, { name: input.name, runs: host.runs, nothing: 'nothing was started' });
      const { status, warnings } = await host.start(input);
      for (const warning of warnings) cli.printer.warn(warning);
      if (cli.printer.format === 'json') cli.printer.event('started', { session: status });
      cli.answerInterrupts();
      return await follow(status, { host, cli, plain: call.options.has('plain') ? 'yes' : 'no' });
    }),
};

interface Following {
  readonly host: Host;
  readonly cli: Cli;
  readonly plain: 'yes' | 'no';
}

async function follow({ name, runId }: SessionStatus, { host, cli, plain }: Following): Promise<number> {
  try {
    // Of what was started here and nothing else: the name may be another run's before this one's end is read.
    const events = host.sessions.followLogs(name, { follow: 'attempts', signal: cli.interrupted, ...(runId === null ? {} : { after: formatCursor({ runId, offset: 0 }) }) });
    await writeLog(withoutEnd(events), { cli, style: { form: plain === 'yes' ? 'plain' : 'raw', prefix: 'none', names: [name] } });
    const result = await host.sessions.wait(name, { for: 'exit', signal: cli.interrupted, ...(runId === null ? {} : { runId }) });
    if (result.outcome === 'exited') return reportEnd(result.status, cli);
  } catch (error) {
    if (!cli.interrupted.aborted) throw error;
  }
  if (cli.printer.format === 'json') cli.printer.event('detached', { session: name });
  cli.printer.note(`\n${printable(name)} goes on. Follow it again: longhaul logs ${name} -f    end it: longhaul stop ${name}`);
  return EXIT.OK;
}

/** The end of the session is said by what it ended with. */
async function* withoutEnd(events: AsyncIterable<SessionLogEvent>): AsyncGenerator<SessionLogEvent> {
  for await (const event of events) if (event.kind !== 'ended') yield event;
}

function reportEnd(status: SessionStatus, { printer }: Cli): number {
  if (printer.format === 'json') printer.event('ended', { session: status });
  const code = jobExitCode(status, constants.signals);
  if (code !== 0) printer.note(`${printable(status.name)}: ${endText(status)}`);
  return code ?? EXIT.OWN_FAILURE;
}
