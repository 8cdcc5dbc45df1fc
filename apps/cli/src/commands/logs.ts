import type { LogChunk, LogOptions } from '@longhaul/sessions';

import type { Cli } from '../cli-context.ts';
import type { CommandModule, OptionValues } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { LogWriter } from '../output/log-writer.ts';
import { moment, wholeNumber } from '../parse-values.ts';
import { withHost } from '../with-host.ts';

export const logs: CommandModule = {
  usage: 'NAME [options]',
  about: 'The log is complete and outlives tmux, the job and `longhaul remove`. Ctrl-C ends the following, never the job.',
  examples: [
    { line: 'longhaul logs train -n 100', text: 'the last hundred lines' },
    { line: 'longhaul logs train -f', text: 'follow until the run ends' },
    { line: 'longhaul logs train --since 10m --plain', text: 'the last ten minutes without colours and cursor movements' },
    { line: 'longhaul logs train --run 01J9Z3N8Y2V6QG7T5B4M1K0XWA', text: 'the log of an earlier run, see longhaul history' },
  ],
  options: [
    { flags: '-n, --lines <N>', text: 'only the last N lines' },
    { flags: '-f, --follow', text: 'go on until the run ends' },
    { flags: '--since <TIME>', text: 'only what was printed since then: 10m, 2h or 2026-11-22T09:30' },
    { flags: '--run <ID>', text: 'the log of this run' },
    { flags: '--plain', text: 'without terminal control sequences' },
    { flags: '-b, --backend <KIND>', text: 'where several backends have the name', choices: ['tmux', 'container'] },
  ],
  operands: { min: 1, max: 1 },
  run: async (cli, { operands: [name = ''], options }) =>
    await withHost(cli, async (host) => {
      const chunks = host.sessions.logs(name, logOptions(options, cli));
      await writeLog(chunks, { cli, plain: options.has('plain') ? 'yes' : 'no' });
      return EXIT.OK;
    }),
};

function logOptions(options: OptionValues, { interrupted }: Cli): LogOptions {
  const lines = options.text('lines');
  const since = options.text('since');
  const runId = options.text('run');
  return {
    ...(lines === null ? {} : { lines: wholeNumber(lines, '--lines') }),
    ...(since === null ? {} : { since: moment(since, '--since', Date.now()) }),
    ...(runId === null ? {} : { runId }),
    ...(options.has('follow') ? { follow: true } : {}),
    signal: interrupted,
  };
}

/** Writes a log to stdout: as it is, without control sequences, or as NDJSON. */
export async function writeLog(chunks: AsyncIterable<LogChunk>, { cli, plain }: { readonly cli: Cli; readonly plain: 'yes' | 'no' }): Promise<void> {
  const writer = new LogWriter(cli.printer, plain === 'yes' ? 'plain' : 'raw');
  for await (const chunk of chunks) await writer.write(chunk);
  await writer.end();
}
