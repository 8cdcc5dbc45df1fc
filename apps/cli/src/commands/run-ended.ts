import { parseRunId } from '@longhaul/sessions';

import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { openBackgroundHost } from '../with-host.ts';

/** What the launcher calls after exit.json: outputs into the queue, and a worker that drains it (design §6). */
export const runEnded: CommandModule = {
  usage: 'RUN_ID',
  about: 'Called by the launcher of a run with outputs. Harmless at any time, any number of times.',
  examples: [{ line: 'longhaul run-ended 01J9Z3N8Y2V6QG7T5B4M1K0XWA', text: 'what the launcher does' }],
  operands: { min: 1, max: 1 },
  run: async (cli, { operands: [id = ''] }) => {
    await using host = await openBackgroundHost(cli);
    const outcomes = await host.runEnded(parseRunId(id));
    cli.printer.result({ outcomes }, () => outcomes.map(({ path, destination, jobId, problem }) => `${path} -> ${destination}: ${jobId ?? problem ?? ''}\n`).join(''));
    return EXIT.OK;
  },
};
