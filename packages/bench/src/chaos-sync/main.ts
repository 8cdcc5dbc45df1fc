// `pnpm chaos:sync [--runs N] [--seed N]`: real transfers over a real sshd whose workers get kill -9 at random moments, or sleep through their lease (every 20th
// seed); in every other run one source lies inside another. Then everything is held against the sources. Ends with 1 where something does not hold. `--seed N --runs 1` does one of them again.
import { parseArgs } from 'node:util';
import { startSshd } from '@longhaul/testbed';
import { PROGRAM } from '../workspace.ts';
import { syncRun } from './sync-run.ts';

const { values } = parseArgs({ options: { runs: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } } });
const [runs, first] = [Number(values.runs), Number(values.seed)];

await using sshd = await startSshd();
const started = performance.now();
let [kills, sleeps, jobs, bad] = [0, 0, 0, 0];
for (let seed = first; seed < first + runs; seed += 1) {
  const result = await syncRun({ seed, sshd, program: [process.execPath, PROGRAM], say: (line) => { console.error(`  ${line}`); } });
  kills += result.kills;
  sleeps += result.slept ? 1 : 0;
  jobs += result.jobs;
  bad += result.violations.length;
  for (const violation of result.violations) console.log(`seed ${String(seed)}: ${violation}`);
  console.error(`seed ${String(seed)}: ${String(result.kills)} kills, ${String(result.jobs)} jobs, ${String(result.violations.length)} violations`);
}
console.log(`${String(runs)} runs from seed ${values.seed}: ${String(kills)} kills, ${String(sleeps)} sleeps, ${String(jobs)} jobs, ${String(Math.round((performance.now() - started) / 1000))} s`);
console.log(bad === 0 ? 'everything holds' : `${String(bad)} violations`);
process.exitCode = bad === 0 ? 0 : 1;
