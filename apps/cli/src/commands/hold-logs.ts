import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { openBackgroundHost } from '../with-host.ts';

/** What a launcher calls when the log of its run is larger than its limit (design §4.6). */
export const holdLogs: CommandModule = {
  usage: '',
  about: 'Called by the launcher of a run whose log has a limit. Harmless at any time, any number of times.',
  examples: [{ line: 'longhaul hold-logs', text: 'what the launcher does' }],
  operands: { min: 0, max: 0 },
  run: async (cli) => {
    await using host = await openBackgroundHost(cli);
    const notes = await host.capLogs();
    cli.printer.result({ notes }, () => notes.map((note) => `${note}\n`).join(''));
    return EXIT.OK;
  },
};
