import { count, TransportErrorKind } from '@longhaul/errors';
import type { SyncHost } from '@longhaul/host';
import type { ReceiptFinding, ReceiptReport } from '@longhaul/sync-transports';

import type { Cli } from '../cli-context.ts';
import type { CommandModule } from '../command-module.ts';
import { EXIT } from '../exit-code.ts';
import { printable } from '../output/printable.ts';
import type { Printer } from '../output/printer.ts';
import { describeError } from '../report-error.ts';
import { UsageError } from '../usage-error.ts';
import { withHost } from '../with-host.ts';

export const syncReceipts: CommandModule = {
  usage: 'check [DEST…] [options]',
  about:
    'Every result has a receipt, .longhaul/longhaul.json, and each receipt names the hash of the one published before it at the same destination. check walks that chain and holds every receipt in place against it: one that was changed, replaced, put back or dropped is named. It reads receipts only; sync verify reads the data. Without DEST: every destination. Exits with 0 when every chain is whole, 6 when one is not, else 5 when a destination could not be asked.',
  examples: [
    { line: 'longhaul sync receipts check', text: 'the chains of all destinations' },
    { line: 'longhaul sync receipts check nas --json', text: 'one of them, for programs' },
  ],
  operands: { min: 1, max: Number.POSITIVE_INFINITY },
  run: async (cli, { operands: [verb, ...names] }) => {
    if (verb !== 'check') throw new UsageError(`"${verb ?? ''}" is not understood`, 'longhaul sync receipts check [DEST…]');
    return await withHost(cli, async (host) => {
      const sync = await host.sync();
      const wanted = names.length > 0 ? names : (await sync.destinations()).filter(({ status, settings }) => status !== null && settings !== null).map(({ id }) => id);
      const checked: Checked[] = [];
      for (const name of wanted) checked.push(await check(name, { sync, cli }));
      cli.printer.result({ destinations: checked }, () => checked.map((one) => text(one, cli.printer)).join(''));
      if (wanted.length === 0) cli.printer.note('nothing was sent anywhere yet');
      return exitCode(checked);
    });
  },
};

/** `report` is null where no chain is kept, or where `problem` says that it could not be read. */
interface Checked {
  readonly destination: string;
  readonly report: ReceiptReport | null;
  readonly problem: string | null;
}

async function check(destination: string, { sync, cli }: { readonly sync: SyncHost; readonly cli: Cli }): Promise<Checked> {
  try {
    return { destination, report: await sync.checkReceipts(destination, cli.interrupted), problem: null };
  } catch (error) {
    const described = describeError(error);
    if (described.code !== 'TRANSPORT' || described.context['errorKind'] === TransportErrorKind.INTERRUPTED) throw error;
    return { destination, report: null, problem: described.message };
  }
}

function text({ destination, report, problem }: Checked, { colours }: Printer): string {
  const name = printable(destination);
  if (problem !== null) return `${name}  ${colours.waiting('unknown')}: ${printable(problem)}\n`;
  if (report === null) return `${name}  keeps no chain of receipts\n`;
  const { faults, notes, links, results } = report;
  const head = faults.length === 0 ? colours.good('whole') : colours.bad(`NOT WHOLE: ${count(faults.length, 'fault')}`);
  return [`${name}  ${head}  (${count(links, 'link')}, ${count(results, 'result')} in place)\n`, ...faults.map((fault) => `  ${colours.bad(fault.kind)}  ${shown(fault)}\n`), ...notes.map((note) => `  ${note.kind}  ${shown(note)}\n`)].join('');
}

function shown({ text: said }: ReceiptFinding): string {
  return printable(said);
}

function exitCode(checked: readonly Checked[]): number {
  if (checked.some(({ report }) => report !== null && report.faults.length > 0)) return EXIT.PROBLEMS;
  return checked.some(({ problem }) => problem !== null) ? EXIT.UNAVAILABLE : EXIT.OK;
}
