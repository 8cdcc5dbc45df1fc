import type { Job, JobState } from '@longhaul/sync-queue';

import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { detailOf, paintJobState, sizeText } from '../output/job-text.ts';
import { printable } from '../output/printable.ts';
import { formatAgo } from '../output/quantities.ts';
import { wholeNumber } from '../parse-values.ts';
import { withHost } from '../with-host.ts';

const STATES: readonly JobState[] = ['QUEUED', 'RUNNING', 'AWAITING_VERIFY', 'VERIFIED', 'CLEANUP_ELIGIBLE', 'CLEANED', 'FAILED', 'CANCELLED'];
const ACTIVE: readonly JobState[] = ['QUEUED', 'RUNNING', 'AWAITING_VERIFY'];

export const syncList: CommandModule = {
  usage: '[options]',
  about: 'Newest first.',
  examples: [
    { line: 'longhaul sync list', text: 'the last jobs' },
    { line: 'longhaul sync list --state FAILED', text: 'what needs you' },
    { line: 'longhaul sync list --session train --json', text: 'the outputs of one session, for programs' },
  ],
  options: [
    { flags: '--state <STATE>', text: 'only these; may be repeated', repeat: 'yes', choices: [...STATES, 'active'] },
    { flags: '--to <DEST>', text: 'only those for this destination' },
    { flags: '--session <NAME>', text: 'only outputs of this session' },
    { flags: '-n, --limit <N>', text: 'at most so many, up to 500 (100 if not said)' },
    { flags: '--cursor <CURSOR>', text: 'the next page: nextCursor of --json' },
  ],
  operands: { min: 0, max: 0 },
  run: async (cli, { options }) => {
    const states = options.list('state').flatMap((state) => (state === 'active' ? ACTIVE : [state as JobState]));
    const limit = wholeNumber(options.text('limit') ?? '100', '--limit');
    const [destination, session, cursor] = ['to', 'session', 'cursor'].map((name) => options.text(name));
    return await withHost(cli, async (host) => {
      const sync = await host.sync();
      const page = await sync.queue.list({
        limit: Math.max(1, Math.min(limit, 500)),
        ...(states.length === 0 ? {} : { states }),
        ...(destination == null ? {} : { destination }),
        ...(session == null ? {} : { session }),
        ...(cursor == null ? {} : { cursor }),
      });
      const worker = sync.workerPresence();
      const now = Date.now();
      cli.printer.result({ ...page, worker }, () =>
        cli.printer.rows<Job>(page.jobs, [
          { title: 'JOB', cell: ({ id }) => id, priority: 0 },
          { title: 'STATE', cell: ({ state }) => state, priority: 0, paint: paintJobState(cli.printer.colours) },
          { title: 'SOURCE', cell: ({ source }) => printable(source), priority: 2, fit: 'cut' },
          { title: 'TO', cell: ({ destination: to, finalName }) => printable(`${to}: ${finalName}`), priority: 1, fit: 'cut' },
          { title: 'SIZE', cell: (job) => sizeText(job) || '-', priority: 4 },
          { title: 'AGE', cell: ({ createdAt }) => formatAgo(createdAt, now), priority: 5 },
          { title: 'DETAIL', cell: (job) => (job.state === 'VERIFIED' ? '' : detailOf(job, now)), priority: 3, fit: 'cut' },
        ]),
      );
      if (worker === 'none' && page.jobs.some(({ state }) => ACTIVE.includes(state)) && page.jobs.every(({ owner }) => owner === null)) cli.printer.note('no worker runs: longhaul sync work, or longhaul serve');
      if (page.nextCursor !== null && cli.printer.isTerminal) cli.printer.note('there are more: --limit 500, or --cursor');
      return EXIT.OK;
    });
  },
};
