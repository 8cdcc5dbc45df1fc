import type { StopPolicy, StopReport } from '@longhaul/sessions';

import type { CommandModule, CommandOption, OptionValues } from '../command-module.ts';
import { eachName, reportOutcomes } from '../each-name.ts';
import { endText } from '../output/session-text.ts';
import { printable } from '../output/printable.ts';
import { durationMs } from '../parse-values.ts';
import { UsageError } from '../usage-error.ts';
import { withHost } from '../with-host.ts';

/** What `stop` and `restart` share. */
export const STOP_OPTIONS: readonly CommandOption[] = [
  { flags: '--signal <NAME>', text: 'the first signal' },
  { flags: '--timeout <TIME>', text: 'time between the signal and the kill: 30s, 5m' },
  { flags: '--force', text: 'kill at once' },
  { flags: '-b, --backend <KIND>', text: 'where several backends have the name', choices: ['tmux', 'container'] },
];

export const stop: CommandModule = {
  usage: 'NAME… [options]',
  about: 'The job gets a signal (INT if not said otherwise) and time to finish; what is left then, and what it has started, is killed. Log, exit code and who asked stay recorded.',
  examples: [
    { line: 'longhaul stop train', text: 'ask it to end, wait ten seconds, then kill' },
    { line: 'longhaul stop train --signal TERM --timeout 2m', text: 'another signal, more time' },
    { line: 'longhaul stop train --force', text: 'kill at once' },
  ],
  options: STOP_OPTIONS,
  operands: { min: 1, max: Number.POSITIVE_INFINITY },
  run: async (cli, { operands, options }) => {
    const policy = stopPolicyOf(options);
    const backend = options.text('backend') as 'tmux' | 'container' | null;
    return await withHost(cli, async (host) => {
      const outcomes = await eachName(operands, async (name) => await sayingWhy(host.sessions.stop(name, host.stopPolicy(name, policy), backend === null ? {} : { backend }), { name, policy, say: (text) => { if (cli.printer.isTerminal) cli.printer.note(text); } }));
      return reportOutcomes(outcomes, cli, { data: (report) => report, text: stopText });
    });
  },
};

/** A job that finishes at once is the rule; who waits for another is told what for. Milliseconds. */
const SILENCE_MS = 1_500;

/** Passes on what comes of a stop; says why it takes so long, where it does. */
export async function sayingWhy<T>(stopping: Promise<T>, { name, policy, say }: { readonly name: string; readonly policy: StopPolicy; readonly say: (text: string) => void }): Promise<T> {
  if (policy.how === 'force') return await stopping;
  const timer = setTimeout(() => {
    say(`${printable(name)} has got its signal and is given time to finish (--timeout, 10s if not said otherwise). Not to wait: longhaul stop ${printable(name)} --force`);
  }, SILENCE_MS);
  try {
    return await stopping;
  } finally {
    clearTimeout(timer);
  }
}

/** @throws UsageError */
export function stopPolicyOf(options: OptionValues): StopPolicy {
  const signal = options.text('signal');
  const timeout = options.text('timeout');
  if (options.has('force') && (signal !== null || timeout !== null)) throw new UsageError('--force kills at once: --signal and --timeout have no meaning with it');
  if (signal !== null && !/^(?:SIG)?[A-Z][A-Z0-9]{1,9}$/.test(signal)) throw new UsageError('--signal must be the name of a signal, such as INT or TERM');
  return {
    how: options.has('force') ? 'force' : 'graceful',
    ...(signal === null ? {} : { signal }),
    ...(timeout === null ? {} : { timeoutMs: durationMs(timeout, '--timeout') }),
  };
}

function stopText({ step, status, killed }: StopReport): string {
  if (step === 'already-ended') return `${printable(status.name)} had ended already: ${endText(status)}\n`;
  const swept = step === 'signal' && killed.length > 0 ? '; what it had left behind had to be killed' : '';
  return `${printable(status.name)} stopped: ${endText(status)}${swept}\n`;
}
