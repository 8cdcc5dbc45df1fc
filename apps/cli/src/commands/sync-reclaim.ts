import path from 'node:path';

import { count } from '@longhaul/errors';
import type { SyncHost } from '@longhaul/host';
import type { Reaper, ReclaimPlan, ReclaimResult } from '@longhaul/sync-queue';

import type { Cli } from '../cli-context.ts';
import type { CommandModule } from '../command-module.ts';
import { confirm } from '../confirm.ts';
import { EXIT } from '../exit-code.ts';
import { formatBytes } from '../output/quantities.ts';
import { planData, planText, resultData, resultText } from '../output/reclaim-text.ts';
import { UsageError } from '../usage-error.ts';
import { withHost } from '../with-host.ts';

/** So many jobs are read at a time. */
const PAGE = 500;

export const syncReclaim: CommandModule = {
  usage: '[SOURCE|JOB…] [options]',
  about:
    'Without --delete it only looks: which local files could go, on whose proof, and what stands in the way of the others. A file goes only if every destination that its source was ever sent to has proven it by content, twice and a day ago at least, answers now and proves it once more, and the file itself still is what was sealed. What was made since stays; so does .longhaul/ with the receipts. It must be switched on: reclaim: { enabled: true } in longhaul.yaml.',
  examples: [
    { line: 'longhaul sync reclaim', text: 'what could go, of everything that was sent; nothing is deleted' },
    { line: 'longhaul sync reclaim results --files', text: 'one folder, with the proof of each file' },
    { line: 'longhaul sync reclaim results --delete', text: 'delete it, after a question' },
    { line: 'longhaul sync reclaim results --without old-nas --delete', text: 'although it never came to be proven at old-nas' },
  ],
  options: [
    { flags: '--delete', text: 'delete what may go; asks first' },
    { flags: '-y, --yes', text: 'delete without a question' },
    { flags: '--dry-run', text: 'only look, as without any option' },
    { flags: '--files', text: 'each file with its hash, not only sums' },
    { flags: '--without <DEST>', text: 'do not ask this destination, whatever was meant for it; may be repeated', repeat: 'yes' },
  ],
  operands: { min: 0, max: Number.POSITIVE_INFINITY },
  run: async (cli, { operands, options }) => {
    const deletes = options.has('delete') || options.has('yes');
    if (deletes && options.has('dryRun')) throw new UsageError('--dry-run and --delete exclude each other', 'leave one of them out');
    const without = options.list('without');
    if (without.length > 0 && operands.length === 0) throw new UsageError('--without is for sources that are named', 'name the SOURCE that need not be there');
    return await withHost(cli, async (host) => {
      const sync = await host.sync();
      const reaper = sync.reaper();
      cli.answerInterrupts();
      const asking = { without: await Promise.all(without.map(async (name) => await sync.destinationId(name))), signal: cli.interrupted, askedBy: 'person' } as const;
      const plans: ReclaimPlan[] = [];
      for await (const sourceId of sources({ sync, operands, cwd: cli.cwd })) {
        const plan = await reaper.plan({ ...asking, sourceId });
        if (plan !== null) plans.push(plan);
        if (cli.interrupted.aborted) return EXIT.INTERRUPTED;
      }
      if (!deletes) return showPlans(plans, { cli, files: options.has('files') ? 'each' : 'sums' });
      const ready = plans.filter(({ blockers }) => blockers.length === 0);
      if (ready.length > 0 && !options.has('yes') && !(await confirm(question(ready), cli))) return EXIT.FAILED;
      return await deleteAll(plans, { cli, reaper, asking, named: operands.length > 0 ? 'yes' : 'no' });
    });
  },
};

interface Wanted {
  readonly sync: SyncHost;
  readonly operands: readonly string[];
  readonly cwd: string;
}

/** Each once: those that are named, or all with a verified job. */
async function* sources({ sync, operands, cwd }: Wanted): AsyncGenerator<string> {
  const seen = new Set<string>();
  const isNew = (id: string): boolean => !seen.has(id) && seen.add(id) === seen;
  for (const operand of operands) {
    const job = (await sync.findJobOfSource(path.resolve(cwd, operand))) ?? (await sync.findJob(operand));
    if (isNew(job.sourceId)) yield job.sourceId;
  }
  for (let after: number | null = operands.length === 0 ? 0 : null; after !== null; ) {
    const page: Awaited<ReturnType<SyncHost['store']['reclaimSources']>> = await sync.store.reclaimSources({ after, limit: PAGE });
    for (const id of page.sourceIds) if (isNew(id)) yield id;
    after = page.next;
  }
}

function showPlans(plans: readonly ReclaimPlan[], { cli, files }: { readonly cli: Cli; readonly files: 'each' | 'sums' }): number {
  const data = { deleted: false, sources: plans.map((plan) => planData(plan)), ...sums(plans) };
  cli.printer.result(data, () => (plans.length === 0 ? 'nothing was sent and proven yet\n' : `${plans.map((plan) => planText(plan, { colours: cli.printer.colours, files })).join('\n')}\n${sumText(plans)}\n`));
  return EXIT.OK;
}

function sums(plans: readonly ReclaimPlan[]): { readonly files: number; readonly bytes: number } {
  const ready = plans.filter(({ blockers }) => blockers.length === 0);
  return { files: ready.reduce((sum, { files }) => sum + files.length, 0), bytes: ready.reduce((sum, { bytes }) => sum + bytes, 0) };
}

function sumText(plans: readonly ReclaimPlan[]): string {
  const { files, bytes } = sums(plans);
  return files === 0 ? 'nothing can be freed now' : `${count(files, 'file')}, ${formatBytes(bytes)} could be freed. Nothing was deleted: add --delete`;
}

function question(ready: readonly ReclaimPlan[]): string {
  const { files, bytes } = sums(ready);
  const names = ready.length <= 3 ? ready.map(({ source }) => `"${source}"`).join(', ') : count(ready.length, 'source');
  return `Delete ${count(files, 'local file')} (${formatBytes(bytes)}) of ${names}? Each destination is asked once more before.`;
}

interface Deleting {
  readonly cli: Cli;
  readonly reaper: Reaper;
  readonly asking: { readonly without: readonly string[]; readonly signal: AbortSignal; readonly askedBy: 'person' };
  readonly named: 'yes' | 'no';
}

async function deleteAll(plans: readonly ReclaimPlan[], { cli, reaper, asking, named }: Deleting): Promise<number> {
  const done: { readonly plan: ReclaimPlan; readonly result: ReclaimResult }[] = [];
  for (const plan of plans) {
    if (cli.interrupted.aborted) break;
    const result: ReclaimResult | null = plan.blockers.length > 0 ? { kind: 'blocked', blockers: plan.blockers } : await reaper.reclaim({ ...asking, sourceId: plan.sourceId });
    if (result !== null) done.push({ plan, result });
  }
  // Of everything, what may not go yet is no news; of what was named, it is.
  const told = done.filter(({ plan, result }) => named === 'yes' || result.kind !== 'blocked' || plan.blockers.length === 0);
  cli.printer.result({ deleted: true, sources: done.map(({ plan, result }) => ({ ...planData(plan), result: resultData(result, plan.source) })) }, () =>
    told.length === 0 ? 'nothing can be freed now: longhaul sync reclaim says why\n' : told.map(({ plan, result }) => resultText(result, { source: plan.source, extra: plan.extra.length, colours: cli.printer.colours })).join(''),
  );
  if (cli.interrupted.aborted) return EXIT.INTERRUPTED;
  return told.every(({ result }) => result.kind === 'done') ? EXIT.OK : told.every(({ result }) => result.kind === 'blocked') && told.length === 1 ? EXIT.FAILED : EXIT.PROBLEMS;
}
