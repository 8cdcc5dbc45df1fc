import type { CommandModule } from '../command-module.ts';
import { eachName, reportOutcomes } from '../each-name.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from '../output/printable.ts';
import { UsageError } from '../usage-error.ts';
import { withHost } from '../with-host.ts';

export const syncRetry: CommandModule = {
  usage: 'JOB… | --all [options]',
  about: 'A failed or cancelled job gets a fresh budget of attempts; a job that waits is tried at once.',
  examples: [
    { line: 'longhaul sync retry 01J9Z3', text: 'one job, by the beginning of its id' },
    { line: 'longhaul sync retry --all --to nas', text: 'every failed job of one destination, when the NAS is back' },
  ],
  options: [
    { flags: '--all', text: 'every failed job' },
    { flags: '--to <DEST>', text: 'with --all: only those for this destination' },
    { flags: '--session <NAME>', text: 'with --all: only outputs of this session' },
    { flags: '--no-worker', text: 'do not start a worker' },
  ],
  operands: { min: 0, max: Number.POSITIVE_INFINITY },
  run: async (cli, { operands, options }) => {
    if (options.has('all') === operands.length > 0) throw new UsageError('name jobs, or give --all', 'see the failed ones: longhaul sync list --state FAILED');
    const [destination, session] = [options.text('to'), options.text('session')];
    return await withHost(cli, async (host) => {
      const sync = await host.sync();
      if (options.has('all')) {
        const { retried, refused } = await sync.queue.retryAll({ ...(destination === null ? {} : { destination }), ...(session === null ? {} : { session }) });
        for (const { job, error } of refused) cli.printer.warn(`${job.id}: ${error.message}`);
        if (options.has('worker') && retried.length > 0) await sync.ensureWorker();
        cli.printer.result({ done: retried, failed: refused.map(({ job, error }) => ({ name: job.id, error: error.toJSON() })) }, () => retried.map(({ id }) => `${id}  queued again\n`).join(''));
        return refused.length === 0 ? EXIT.OK : EXIT.PROBLEMS;
      }
      const outcomes = await eachName(operands, async (id) => await sync.queue.retry((await sync.findJob(id)).id));
      if (options.has('worker')) await sync.ensureWorker();
      return reportOutcomes(outcomes, cli, { data: (job) => job, text: (job) => `${job.id}  queued again  ${printable(job.source)} -> ${printable(job.destination)}\n` });
    });
  },
};
