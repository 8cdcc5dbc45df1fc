import { runToEnd } from '@longhaul/testbed';
import { compare, median, type Side } from './paired.ts';
import { ratioFigure, type Figure } from './report.ts';
import { PROGRAM, type Workspace } from './workspace.ts';

const RUNS = 21;

/** What every call costs beyond a bare start of Node, and what `start` costs until the record says started. */
export async function measureStartUp(bench: Workspace): Promise<readonly Figure[]> {
  const bare: Side = { name: 'node', run: () => runToEnd(process.execPath, ['-e', '0']) };
  const call = (...args: readonly string[]): Side => ({ name: args.join(' '), run: () => bench.longhaul(args) });
  const figures: Figure[] = [];
  const add = async (title: string, ours: Side, aim: number): Promise<void> => {
    figures.push(ratioFigure(await compare(title, { ours, theirs: bare, pairs: RUNS }), aim));
  };
  await add('longhaul --help against node -e 0', call('--help'), 2);
  await startSessions(bench, { from: 0, to: 10 });
  await add('longhaul list, 10 sessions, against node -e 0', call('list', '--json'), 3);
  await startSessions(bench, { from: 10, to: 500 });
  await add('longhaul list, 500 sessions, against node -e 0', call('list', '--json'), 3);
  let next = 0;
  const start: Side = { name: 'start', run: () => bench.longhaul(['start', `timed-${String((next += 1))}`, '--', 'true']) };
  const timed = await compare('longhaul start against node -e 0', { ours: start, theirs: bare, pairs: RUNS });
  const beyond = median(timed.ours) - median(timed.theirs);
  figures.push({ title: 'longhaul start beyond a bare node start', value: beyond, unit: 'ms', aim: 50, detail: `median of ${String(RUNS)}, ${PROGRAM.endsWith('main.js') ? 'built program' : 'source'}` });
  return figures;
}

async function startSessions(bench: Workspace, { from, to }: { readonly from: number; readonly to: number }): Promise<void> {
  for (let first = from; first < to; first += 10) {
    const batch = Array.from({ length: Math.min(10, to - first) }, (_, index) => first + index);
    await Promise.all(batch.map((n) => bench.longhaul(['start', `job-${String(n)}`, '--', 'sleep', '100000'])));
  }
}
