import type { Config, LoadedConfig, Origin } from '@longhaul/config';
import { formatDuration } from '@longhaul/config';
import type { JsonValue } from '@longhaul/errors';
import { snapshot } from '@longhaul/errors';

import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { loadCliConfig } from '../load-cli-config.ts';
import { printable } from '../output/printable.ts';
import type { Column } from '../output/table.ts';

interface Row {
  readonly path: string;
  readonly value: JsonValue;
  readonly origin: Origin;
}

export const configShow: CommandModule = {
  usage: '[options]',
  about: 'Values of env: are not shown.',
  examples: [
    { line: 'longhaul config show', text: 'every setting in force' },
    { line: 'longhaul config show --origin', text: 'and where each came from' },
  ],
  options: [{ flags: '--origin', text: 'say where each value came from' }],
  operands: { min: 0, max: 0 },
  run: async (cli, { options }) => {
    const loaded = await loadCliConfig(cli);
    const rows = rowsOf(loaded);
    const columns: Column<Row>[] = [
      { title: 'SETTING', cell: ({ path }) => printable(path), priority: 0 },
      { title: 'VALUE', cell: ({ value }) => printable(typeof value === 'string' ? value : JSON.stringify(value)), priority: 1, fit: 'cut' },
    ];
    if (options.has('origin')) columns.push({ title: 'FROM', cell: ({ origin }) => printable(originText(origin)), priority: 2, fit: 'cut' });
    const data = { files: loaded.files, settings: rows };
    cli.printer.result(data, () => cli.printer.rows(rows, columns));
    return EXIT.OK;
  },
};

function rowsOf({ config, origins }: LoadedConfig): readonly Row[] {
  return [...origins].map(([path, origin]) => ({ path, origin, value: valueAt(config, path) }));
}

/** Durations and sizes under the names that the file has for them. */
function valueAt(config: Config, path: string): JsonValue {
  const [section = '', name = ''] = path.split('.');
  if (section === 'sessions') return snapshot(config.sessions.get(name));
  if (section === 'watch') return snapshot(config.watch[Number(name)]);
  if (section === 'destinations') return snapshot(config.destinations.get(name));
  const holder = config[section as 'tmux'] as unknown as Readonly<Record<string, string | number | boolean | null>>;
  const ms = holder[`${name}Ms`];
  return ms === undefined ? (holder[name] ?? null) : typeof ms === 'number' ? formatDuration(ms) : null;
}

function originText({ kind, name, line, column }: Origin): string {
  const place = [name, line, column].filter((part) => part !== null).join(':');
  return place === '' ? kind : `${kind} ${place}`;
}
