import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { ReclaimBench } from './reclaim/reclaim-bench.ts';

it('what somebody put into a result outlives the next generation, and the history of its job says where', async () => {
  const bench = await ReclaimBench.open();
  await bench.push();
  await writeFile(`${bench.root}/nas/out/results/NOTES.txt`, 'a person wrote this');
  await bench.write({ 'a.bin': 'second generation' });
  const { id } = await bench.push();
  const { state } = await bench.job(id);
  const kept = readdirSync(`${bench.root}/nas/out`).find((name) => name.startsWith('results.kept-')) ?? 'nothing was kept';
  expect(await readFile(`${bench.root}/nas/out/${kept}/NOTES.txt`, 'utf8')).toBe('a person wrote this');
  expect(state).toBe('VERIFIED');
  expect((await bench.queue.history(id)).map((event) => event.evidence ?? '').join('\n')).toContain(`"out/${kept}"`);
});
