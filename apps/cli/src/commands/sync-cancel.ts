import type { CommandModule } from '../command-module.ts';
import { confirm } from '../confirm.ts';
import { eachName, reportOutcomes } from '../each-name.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from '../output/printable.ts';
import { withHost } from '../with-host.ts';

export const syncCancel: CommandModule = {
  usage: 'JOB… [options]',
  about: 'Nothing local is touched; what was staged at the destination is removed. A job that is publishing at this moment may still arrive.',
  examples: [
    { line: 'longhaul sync cancel 01J9Z3 --dry-run', text: 'what would be given up' },
    { line: 'longhaul sync cancel 01J9Z3 --yes', text: 'without a question' },
  ],
  options: [
    { flags: '-y, --yes', text: 'do not ask' },
    { flags: '--dry-run', text: 'only say what would be done' },
  ],
  operands: { min: 1, max: Number.POSITIVE_INFINITY },
  run: async (cli, { operands, options }) =>
    await withHost(cli, async (host) => {
      const sync = await host.sync();
      if (options.has('dryRun')) {
        const plans = await eachName(operands, async (id) => await sync.findJob(id));
        return reportOutcomes(plans, cli, { data: (job) => ({ job, cancelled: false }), text: (job) => `${job.id}  ${job.state}  ${printable(job.source)} -> ${printable(job.destination)} would be cancelled\n` });
      }
      if (!options.has('yes') && !(await confirm(`Give up ${operands.join(', ')}?`, cli))) return EXIT.FAILED;
      const outcomes = await eachName(operands, async (id) => await sync.queue.cancel((await sync.findJob(id)).id));
      return reportOutcomes(outcomes, cli, {
        data: (result) => result,
        text: ({ kind, job }) => `${job.id}  ${kind === 'cancelled' ? 'cancelled' : 'is being cancelled: its worker lets go in a moment'}\n`,
      });
    }),
};
