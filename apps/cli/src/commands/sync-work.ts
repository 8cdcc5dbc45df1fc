import { describeWorkerEvent } from '@longhaul/host';
import type { WorkerEvent } from '@longhaul/sync-queue';

import type { Cli } from '../cli-context.ts';
import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { UsageError } from '../usage-error.ts';
import { withHost } from '../with-host.ts';

export const syncWork: CommandModule = {
  usage: '[options]',
  about: 'Any number of workers may share a queue. Ctrl-C ends it; what it was sending goes on later where it was.',
  examples: [
    { line: 'longhaul sync work --drain', text: 'do what there is to do, then end' },
    { line: 'longhaul sync work', text: 'work until Ctrl-C' },
    { line: 'longhaul sync work --watch', text: 'and send new folders, without a server' },
  ],
  options: [
    { flags: '--drain', text: 'end when nothing is left to do' },
    { flags: '--watch', text: 'also watch the folders under watch: in longhaul.yaml' },
  ],
  operands: { min: 0, max: 0 },
  run: async (cli, { options }) => {
    if (options.has('watch') && options.has('drain')) throw new UsageError('--watch never ends by itself, and --drain does', 'leave one of them out');
    return await withHost(cli, async (host) => {
      const sync = await host.sync();
      cli.answerInterrupts();
      if (options.has('watch') && host.config.config.watch.length === 0) cli.printer.note('no folder is watched: there is none under watch: in longhaul.yaml');
      const failed = new AbortController();
      const signal = AbortSignal.any([cli.interrupted, failed.signal]);
      const watching = options.has('watch') ? sync.watchFolders({ signal, log: (text) => { cli.printer.note(text); } }) : Promise.resolve();
      const working = sync.work({ until: options.has('drain') ? 'idle' : 'aborted', signal, onEvent: (event) => { show(event, cli); } });
      await together([watching, working], failed);
      if (cli.printer.format === 'json') cli.printer.event('ended', {});
      return cli.interrupted.aborted ? EXIT.INTERRUPTED : EXIT.OK;
    });
  },
};

/** One that fails ends the other: what does half of its work looks alive. */
async function together(tasks: readonly Promise<void>[], failed: AbortController): Promise<void> {
  try {
    await Promise.all(tasks);
  } finally {
    failed.abort();
    await Promise.allSettled(tasks);
  }
}

function show(event: WorkerEvent, { printer }: Cli): void {
  if (printer.format === 'json') {
    printer.event(event.type, event.type === 'problem' ? { jobId: event.jobId, error: event.error instanceof Error ? event.error.message : String(event.error) } : { ...event });
    return;
  }
  const text = describeWorkerEvent(event);
  if (text !== null) printer.note(text);
}
