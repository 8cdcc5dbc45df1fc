import { count } from '@longhaul/errors';

import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { loadCliConfig } from '../load-cli-config.ts';
import { printable } from '../output/printable.ts';

export const configCheck: CommandModule = {
  usage: '[options]',
  about: 'Exits with 0 when every file can be used, with 2 when one cannot, with 6 when they ask for something that this version cannot do.',
  examples: [
    { line: 'longhaul config check', text: 'check the longhaul.yaml of this folder and your own' },
    { line: 'longhaul config check --config other.yaml', text: 'check another file' },
  ],
  operands: { min: 0, max: 0 },
  run: async (cli) => {
    const { config, files, limitations } = await loadCliConfig(cli);
    for (const limitation of limitations) cli.printer.warn(limitation);
    const data = { files, sessions: [...config.sessions.keys()], destinations: [...config.destinations.keys()], limitations };
    cli.printer.result(data, () => {
      const read = [files.project, files.user].filter((file) => file !== null).map(printable);
      if (read.length === 0) return 'no longhaul.yaml here or above, and none of your own: defaults are in force\n';
      const more = [config.watch.length === 0 ? '' : `, ${count(config.watch.length, 'watched folder')}`, config.reclaim.enabled ? ', reclaim is on' : ''];
      return `${read.join('\n')}\nok: ${count(data.sessions.length, 'session')}, ${count(data.destinations.length, 'destination')}${more.join('')}\n`;
    });
    return limitations.length === 0 ? EXIT.OK : EXIT.PROBLEMS;
  },
};
