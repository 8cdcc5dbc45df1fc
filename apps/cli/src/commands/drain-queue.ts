import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { openBackgroundHost } from '../with-host.ts';

/** The detached worker: one per state directory, it drains the queue and ends (design §6). */
export const drainQueue: CommandModule = {
  usage: '',
  about: 'Started in the background where no server runs. Ends at once where one works already.',
  examples: [{ line: 'longhaul drain-queue', text: 'what the hook starts' }],
  operands: { min: 0, max: 0 },
  run: async (cli) => {
    await using host = await openBackgroundHost(cli);
    const sync = await host.sync();
    cli.answerInterrupts();
    const outcome = await sync.drainAlone({ signal: cli.interrupted });
    cli.printer.result({ outcome }, () => '');
    return EXIT.OK;
  },
};
