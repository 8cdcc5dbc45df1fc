import { SessionNotFoundError } from '@longhaul/errors';
import type { Host } from '@longhaul/host';

import type { CommandModule } from '../command-module.ts';
import { confirm } from '../confirm.ts';
import { eachName, reportOutcomes } from '../each-name.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from '../output/printable.ts';
import { count } from '../output/quantities.ts';
import { stateText } from '../output/session-text.ts';
import { withHost } from '../with-host.ts';

export const remove: CommandModule = {
  usage: 'NAME… [options]',
  about: 'A running session is refused: stop it first. Logs, exit codes and outputs stay: longhaul history and longhaul logs NAME --run ID still know them.',
  examples: [
    { line: 'longhaul remove train --dry-run', text: 'what would be forgotten' },
    { line: 'longhaul remove train --yes', text: 'without a question' },
  ],
  options: [
    { flags: '-y, --yes', text: 'do not ask' },
    { flags: '--dry-run', text: 'only say what would be done' },
    { flags: '-b, --backend <KIND>', text: 'where several backends have the name', choices: ['tmux', 'container'] },
  ],
  operands: { min: 1, max: Number.POSITIVE_INFINITY },
  run: async (cli, { operands, options }) => {
    const backend = options.text('backend') as 'tmux' | 'container' | null;
    const where = backend === null ? {} : { backend };
    return await withHost(cli, async (host) => {
      if (options.has('dryRun')) {
        const plans = await eachName(operands, async (name) => await planOf(name, host, where));
        return reportOutcomes(plans, cli, { data: ({ session, runs }) => ({ session, runs, removed: false }), text: (plan) => `${plan.text}\n` });
      }
      // A name that is wrong needs no answer.
      const asked = options.has('yes') ? [] : await eachName(operands, async (name) => await planOf(name, host, where));
      if (asked.length > 0 && asked.every(({ ok }) => !ok)) return reportOutcomes(asked, cli, { data: ({ session }) => ({ session, removed: false }), text: ({ text }) => `${text}\n` });
      if (!options.has('yes') && !(await confirm(`Forget ${operands.map((name) => `"${name}"`).join(', ')}? Logs and exit codes stay in the history.`, cli))) return EXIT.FAILED;
      const outcomes = await eachName(operands, async (name) => {
        await host.sessions.remove(name, where);
        return name;
      });
      return reportOutcomes(outcomes, cli, { data: (name) => ({ session: name, removed: true }), text: (name) => `${printable(name)} removed\n` });
    });
  },
};

interface Plan {
  readonly session: string;
  readonly runs: number;
  readonly text: string;
}

async function planOf(name: string, host: Host, where: { readonly backend?: 'tmux' | 'container' }): Promise<Plan> {
  const status = await host.sessions.status(name, where);
  if (status.state === 'defined') throw new SessionNotFoundError(name, status.backend, { hint: `It stands in longhaul.yaml and was never started: longhaul start ${name}` });
  const { length: runs } = await host.sessions.history({ session: name });
  const what = status.state === 'running' ? 'is running and would be refused' : `(${stateText(status)}) would be forgotten`;
  return { session: name, runs, text: `${printable(name)} ${what}; the history keeps ${count(runs, 'run')}` };
}
