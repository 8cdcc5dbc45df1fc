import type { SessionLogEvent, SessionLogOptions } from '@longhaul/sessions';

import type { Cli } from '../cli-context.ts';
import type { Call, CommandModule, OptionValues } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import type { LogStyle } from '../output/log-style.ts';
import { moment, wholeNumber } from '../parse-values.ts';
import { UsageError } from '../usage-error.ts';
import { withHost } from '../with-host.ts';

export const logs: CommandModule = {
  usage: 'NAME… | --all [options]',
  about: [
    'The log is complete and outlives tmux, the container, the job and `longhaul remove`. Ctrl-C ends the following, never the job.',
    'What is missing of it (a log has a limit, somebody else cut it) is said, on stderr. -f goes on over restarts: the next attempt follows the last byte of the one before.',
  ].join('\n'),
  examples: [
    { line: 'longhaul logs train -n 100', text: 'the last hundred lines' },
    { line: 'longhaul logs train -f', text: 'follow, over restarts too, until it has ended for good' },
    { line: 'longhaul logs train bot -f', text: 'follow two, each line with its name' },
    { line: 'longhaul logs --all -F', text: 'follow whatever runs and will be started, until Ctrl-C' },
    { line: 'longhaul logs train --since 10m --plain', text: 'the last ten minutes without colours; of progress bars the last state' },
    { line: 'longhaul logs train -t -n 20', text: 'the last twenty lines, and when each was printed' },
    { line: 'longhaul logs train --run 01J9Z3N8Y2V6QG7T5B4M1K0XWA', text: 'the log of an earlier run, see longhaul history' },
  ],
  options: [
    { flags: '-n, --lines <N>', text: 'only the last N lines' },
    { flags: '-f, --follow', text: 'go on until the session has ended and is not about to be restarted' },
    { flags: '-F, --keep-following', text: 'like tail -F: go on over its end too, and wait for the next start' },
    { flags: '--since <TIME>', text: 'only what was printed since then: 10m, 2h or 2026-11-22T09:30' },
    { flags: '--run <ID>', text: 'the log of this run alone' },
    { flags: '--after <CURSOR>', text: 'go on behind this place, over all runs since; a `cursor` of --json' },
    { flags: '--stream <STREAM>', text: 'only this stream of a container without a terminal', choices: ['stdout', 'stderr'] },
    { flags: '-t, --timestamps', text: 'each line with the moment at which it began, in UTC; not where the system keeps none (BSD, macOS, sessions made by hand)' },
    { flags: '--plain', text: 'without terminal control sequences, line by line' },
    { flags: '-a, --all', text: 'all sessions with a run; with -f those that run, and each that starts' },
    { flags: '-b, --backend <KIND>', text: 'where several backends have the name', choices: ['tmux', 'container'] },
  ],
  operands: { min: 0, max: 1000 },
  run: async (cli, call) => {
    const names = namesOf(call);
    const options = logOptions(call, cli);
    return await withHost(cli, async ({ sessions }) => {
      const [only] = names;
      const isOne = names !== 'all' && names.length === 1 && only !== undefined;
      const events = isOne ? sessions.followLogs(only, options) : sessions.followLogsOf(names, options);
      const style: LogStyle = { form: call.options.has('plain') ? 'plain' : 'raw', prefix: isOne ? 'none' : 'name', times: call.options.has('timestamps') ? 'line' : undefined, names: names === 'all' ? [] : names };
      return await writeLog(events, { cli, style });
    });
  },
};

function namesOf({ operands, options }: Call): readonly string[] | 'all' {
  if (options.has('all')) {
    if (operands.length > 0) throw new UsageError('--all is every session: name none beside it', 'see longhaul logs --help');
    return refuseForMany(options, 'all');
  }
  if (operands.length === 0) throw new UsageError('logs needs the name of a session, or --all', 'see the names: longhaul list');
  const names = [...new Set(operands)];
  return names.length === 1 ? names : refuseForMany(options, names);
}

/** A run and a place in its log are of one session. */
function refuseForMany<T>(options: OptionValues, names: T): T {
  for (const option of ['run', 'after'] as const) if (options.text(option) !== null) throw new UsageError(`--${option} is of one session: name that one alone`, 'see longhaul logs --help');
  return names;
}

function logOptions({ options }: Call, { interrupted }: Cli): SessionLogOptions & { readonly backend?: 'tmux' | 'container' } {
  const [lines, since, stream, backend] = ['lines', 'since', 'stream', 'backend'].map((name) => options.text(name));
  return {
    lines: lines == null ? undefined : wholeNumber(lines, '--lines'),
    since: since == null ? undefined : moment(since, '--since', Date.now()),
    runId: options.text('run') ?? undefined,
    after: options.text('after') ?? undefined,
    stream: stream === 'stdout' || stream === 'stderr' ? stream : undefined,
    times: options.has('timestamps') ? 'yes' : undefined,
    follow: options.has('keepFollowing') ? 'forever' : options.has('follow') ? 'until-end' : 'no',
    ...(backend === 'tmux' || backend === 'container' ? { backend } : {}),
    signal: interrupted,
  };
}

/** Writes a log to stdout: as it is, without control sequences, with prefixes, or as NDJSON. */
export async function writeLog(events: AsyncIterable<SessionLogEvent>, { cli, style }: { readonly cli: Cli; readonly style: LogStyle }): Promise<number> {
  // Loaded by who reads: it stands beside commands that do not.
  const { logWriter } = await import('../output/log-writer.ts');
  const writer = logWriter(cli.printer, style);
  let code: number = EXIT.OK;
  for await (const event of events) {
    if (event.kind === 'failed') code = EXIT.PROBLEMS;
    await writer.write(event);
  }
  await writer.end();
  return code;
}
