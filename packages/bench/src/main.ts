// `pnpm bench [push|rivals|reads|sessions|queue …]`: side-by-side measurements against real programs. Figures are ratios taken in one run.
import { canMeasureMemory, measureMemory } from './memory.ts';
import { measurePushes } from './push.ts';
import { measureQueue } from './queue.ts';
import { printFigure, type Figure } from './report.ts';
import { measureRivals } from './rivals.ts';
import { measureSourceReads } from './source-reads.ts';
import { measureStartUp } from './start-up.ts';
import { openWorkspace, type Workspace } from './workspace.ts';

/** Figures are printed as they come, where one takes minutes. */
type Measurement = (bench: Workspace) => AsyncIterable<Figure> | Promise<readonly Figure[]>;

const MEASUREMENTS: Readonly<Record<string, Measurement>> = {
  push: (bench) => measurePushes(bench, { pairs: 3 }),
  rivals: measureRivals,
  reads: measureSourceReads,
  sessions: measureSessions,
  queue: measureQueue,
};

const wanted = process.argv.slice(2).filter((name) => name !== '--');
const unknown = wanted.filter((name) => !(name in MEASUREMENTS));
if (unknown.length > 0) {
  console.error(`no measurement is called ${unknown.join(', ')}; there are: ${Object.keys(MEASUREMENTS).join(', ')}`);
  process.exit(2);
}
for (const [name, measure] of Object.entries(MEASUREMENTS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  await using bench = await openWorkspace({ destinationBytes: 3 * 1024 ** 3 });
  for await (const figure of await measure(bench)) printFigure(figure);
}

/** Start-up, list and memory share one set of 500 running sessions. */
async function measureSessions(bench: Workspace): Promise<readonly Figure[]> {
  const startUp = await measureStartUp(bench);
  return [...startUp, ...(canMeasureMemory() ? await measureMemory(bench) : [])];
}
