import { describeWorkerEvent } from '@longhaul/host';
import type { WorkerEvent } from '@longhaul/sync-queue';

import type { Cli } from '../cli-context.ts';
import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { withHost } from '../with-host.ts';

export const syncWork: CommandModule = {
  usage: '[options]',
  about: 'Any number of workers may share a queue. Ctrl-C ends it; what it was sending goes on later where it was.',
  examples: [
    { line: 'longhaul sync work --drain', text: 'do what there is to do, then end' },
    { line: 'longhaul sync work', text: 'work until Ctrl-C' },
  ],
  options: [{ flags: '--drain', text: 'end when nothing is left to do' }],
  operands: { min: 0, max: 0 },
  run: async (cli, { options }) =>
    await withHost(cli, async (host) => {
      const sync = await host.sync();
      cli.answerInterrupts();
      await sync.work({ until: options.has('drain') ? 'idle' : 'aborted', signal: cli.interrupted, onEvent: (event) => { show(event, cli); } });
      if (cli.printer.format === 'json') cli.printer.event('ended', {});
      return cli.interrupted.aborted ? EXIT.INTERRUPTED : EXIT.OK;
    }),
};

function show(event: WorkerEvent, { printer }: Cli): void {
  if (printer.format === 'json') {
    printer.event(event.type, event.type === 'problem' ? { jobId: event.jobId, error: event.error instanceof Error ? event.error.message : String(event.error) } : { ...event });
    return;
  }
  const text = describeWorkerEvent(event);
  if (text !== null) printer.note(text);
}
