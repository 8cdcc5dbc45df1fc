import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { openBackgroundHost } from '../with-host.ts';

/** The detached worker: one per state directory, it drains the queue and ends (design §6). */
export const drainQueue: CommandModule = {
  usage: '',
  about: 'Started in the background where no server runs. Ends at once where one works already.',
  examples: [{ line: 'longhaul drain-queue', text: 'what the hook starts' }],
  options: [{ flags: '--expect <PID>', text: 'wait a little for what this process puts into the queue' }],
  operands: { min: 0, max: 0 },
  run: async (cli, { options }) => {
    await using host = await openBackgroundHost(cli);
    const sync = await host.sync();
    cli.answerInterrupts();
    const expect = Number(options.text('expect') ?? Number.NaN);
    const outcome = await sync.drainAlone({ signal: cli.interrupted, expect: Number.isSafeInteger(expect) ? expect : undefined });
    cli.printer.result({ outcome }, () => '');
    return EXIT.OK;
  },
};
