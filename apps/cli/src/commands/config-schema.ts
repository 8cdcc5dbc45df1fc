import { jsonSchema } from '@longhaul/config';

import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';

export const configSchema: CommandModule = {
  usage: '[options]',
  about: 'For completion in an editor, write it to a file and begin longhaul.yaml with:\n# yaml-language-server: $schema=longhaul.schema.json',
  examples: [{ line: 'longhaul config schema > longhaul.schema.json', text: 'write the schema to a file' }],
  operands: { min: 0, max: 0 },
  run: async ({ printer }) => {
    const schema = await jsonSchema();
    printer.result(schema, () => `${JSON.stringify(schema, null, 2)}\n`);
    return EXIT.OK;
  },
};
