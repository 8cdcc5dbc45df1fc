import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { packageVersion } from '../package-version.ts';

export const version: CommandModule = {
  usage: '[options]',
  examples: [
    { line: 'longhaul version', text: 'the version, and that of Node' },
    { line: 'longhaul version --json', text: 'for programs' },
  ],
  operands: { min: 0, max: 0 },
  run: ({ printer }) => {
    const data = { longhaul: packageVersion(), node: process.versions.node, platform: `${process.platform}-${process.arch}` };
    printer.result(data, () => `longhaul ${data.longhaul} (node ${data.node}, ${data.platform})\n`);
    return Promise.resolve(EXIT.OK);
  },
};
